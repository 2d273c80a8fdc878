// Defines the keeper's business events, one function each: level, message, facts and metric. Tokens appear as fingerprints only.
import type { ErrorCode } from '../errors.ts';
import type { LogRecord, Halted, Level, RefusedBy } from '../ports.ts';
import { type Instant, formatIst } from '../time.ts';
import type { AdoptedToken } from './adopt.ts';
import type { AskReason, Trigger } from './decide.ts';
import type { OutsideRead } from './outside-read.ts';

type KeeperEvent = LogRecord & { readonly part: 'keeper' };

type Metric = NonNullable<LogRecord['metric']>;

function keeperEvent(
  level: Level,
  event: string,
  message: string,
  facts: NonNullable<KeeperEvent['facts']>,
  metric?: Metric,
): KeeperEvent {
  return {
    part: 'keeper',
    level,
    event,
    message,
    facts,
    ...(metric === undefined ? {} : { metric }),
  };
}

interface ShownToken {
  readonly fingerprint: string;
  readonly validUntil: Instant | null;
}

const TOKEN_LIVE: Metric = { name: 'TokenLive', value: 1 };

export function runStarted(trigger: Trigger['kind'] | 'adopt' | 'login' | 'watch'): KeeperEvent {
  return keeperEvent('info', 'run-started', `A run was started: ${trigger}.`, { trigger });
}

export function dayRested(message: string): KeeperEvent {
  return keeperEvent('info', 'day-rested', message, {});
}

export function tokenAlreadyGood(token: ShownToken): KeeperEvent {
  return keeperEvent(
    'info',
    'token-already-good',
    'The stored access token is live, so no new one was fetched.',
    tokenFacts(token),
    TOKEN_LIVE,
  );
}

export function storedTokenDead(fingerprint: string): KeeperEvent {
  return keeperEvent('info', 'stored-token-dead', 'Fyers refuses the stored access token.', {
    fingerprint,
  });
}

/** `detail` is the broker's own code and message, scrubbed of the request's values. */
export function refreshRefused(by: RefusedBy, detail: string): KeeperEvent {
  return keeperEvent('warn', 'refresh-refused', `Fyers refused to refresh: ${detail}`, { by });
}

/** `detail`: the scrubbed text that Fyers sent instead of an answer; empty if it sent nothing. */
export function refreshUnanswered(calls: number, detail: string): KeeperEvent {
  return keeperEvent(
    'warn',
    'refresh-unanswered',
    `Fyers did not answer a refresh request, which may still have counted.${detail === '' ? '' : ` ${detail}`}`,
    { calls },
  );
}

/** @param detail the reason, or the text received instead of an answer; empty if unknown */
export function brokerUnreachable(
  failures: number,
  nextTryAt: Instant | null,
  detail = '',
): KeeperEvent {
  const then = nextTryAt === null ? 'giving up' : 'trying again';
  const why = detail === '' ? '' : ` ${detail}`;
  return keeperEvent('warn', 'broker-unreachable', `Fyers could not be reached; ${then}.${why}`, {
    failures,
    nextTryAt: nextTryAt === null ? null : formatIst(nextTryAt),
  });
}

/** The run makes no more calls. @param detail the text received instead of an answer, scrubbed */
export function brokerHalted(kind: Halted['kind'], detail: string): KeeperEvent {
  const what =
    kind === 'rate-limited'
      ? "Fyers' rate limit is reached"
      : 'Something else answered instead of Fyers';
  return keeperEvent('warn', 'broker-halted', `${what}; no more calls in this run. ${detail}`, {
    kind,
  });
}

export function mintBusy(): KeeperEvent {
  return keeperEvent(
    'info',
    'mint-busy',
    'Another run is fetching a token; this run waits for it.',
    {},
  );
}

export function tokenPublished(token: ShownToken): KeeperEvent {
  return keeperEvent(
    'info',
    'token-published',
    'A proven access token was published.',
    tokenFacts(token),
    TOKEN_LIVE,
  );
}

/** The token still works for other programs. @param detail Fyers' answer, scrubbed */
export function depthRefused(detail: string): KeeperEvent {
  return keeperEvent(
    'error',
    'depth-refused',
    `The token is live, but Fyers refuses market depth to its app, so nothing can be recorded: ${detail} Give the app the permission "Market Data" at https://myapi.fyers.in/dashboard, and log in again.`,
    {},
    { name: 'DepthRefused', value: 1 },
  );
}

export function refreshTokenStored(token: ShownToken): KeeperEvent {
  return keeperEvent(
    'info',
    'refresh-token-stored',
    'A newer refresh token was stored.',
    tokenFacts(token),
  );
}

export function tokenConsidered(
  name: 'access' | 'refresh',
  { fingerprint, did }: AdoptedToken,
): KeeperEvent {
  const unusable = ['expired', 'foreign', 'malformed', 'dead'].includes(did);
  return keeperEvent(
    unusable ? 'warn' : 'info',
    'token-considered',
    `The operator's ${name} token: ${did}.`,
    { did, fingerprint },
  );
}

export function loginNeeded(reason: AskReason, message: string): KeeperEvent {
  return keeperEvent(
    'warn',
    'login-needed',
    message,
    { reason },
    { name: 'LoginNeeded', value: 1 },
  );
}

export function loginAsked(way: 'link' | 'command', urgency: string): KeeperEvent {
  return keeperEvent(
    'info',
    'login-asked',
    "The operator was asked for today's login.",
    { way, urgency },
    { name: 'LoginAsked', value: 1 },
  );
}

/**
 * @param standing `live`, or why there is no live token; before the login is due that is not a failure
 * @param detail Fyers' answer, scrubbed; empty without an answer
 */
export function tokenLooked(standing: string, detail: string): KeeperEvent {
  const answer = detail === '' ? '' : ` ${detail}`;
  return keeperEvent(
    'info',
    'token-looked',
    `The watch checked the stored token: ${standing}.${answer}`,
    {
      standing,
    },
  );
}

/** A principal outside this stack read, or tried to read, a secret. */
export function outsideReadSeen({ who, call, what, refused }: OutsideRead): KeeperEvent {
  return keeperEvent(
    'warn',
    'outside-read',
    `${who}, which is not a role of this stack, called ${call}.`,
    {
      who,
      call,
      what: what.join(', '),
      refused,
    },
  );
}

/** Fyers redirected back from a login, but no token was published. `detail` is the broker's own message, scrubbed. */
export function loginRefused(problem: string, detail: string): KeeperEvent {
  return keeperEvent(
    'warn',
    'login-refused',
    `Fyers redirected back from a login, but no token was published: ${problem}.${detail === '' ? '' : ` ${detail}`}`,
    { problem },
    { name: 'LoginRefused', value: 1 },
  );
}

export function refreshWorksAgain(): KeeperEvent {
  return keeperEvent(
    'info',
    'refresh-works-again',
    'Fyers accepts refreshes again: the token was refreshed without a login.',
    {},
  );
}

/** One channel did not accept a message; another one did. */
export function channelFailed(problem: string): KeeperEvent {
  return keeperEvent('warn', 'channel-failed', problem, {});
}

/** Logged instead of thrown: work after a publish must not fail the run. */
export function upkeepFailed(what: string, problem: string): KeeperEvent {
  return keeperEvent('warn', 'upkeep-failed', `${what} failed: ${problem}`, {});
}

export function runFailed(code: ErrorCode, problem: string): KeeperEvent {
  return keeperEvent('error', 'run-failed', problem, { code }, { name: 'RunFailed', value: 1 });
}

function tokenFacts({ fingerprint, validUntil }: ShownToken): NonNullable<KeeperEvent['facts']> {
  return { fingerprint, validUntil: validUntil === null ? null : formatIst(validUntil) };
}
