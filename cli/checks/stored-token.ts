// Judges the stored token as `fyers tokens --use-ssm` does.
import type { Names } from '../../core/config/names.ts';
import { brokerDay, formatIst, type Instant } from '../../core/time.ts';
import { displayFingerprint } from '../../core/token/digest.ts';
import { keeperFailure, reasonText } from '../../core/token/messages.ts';
import { NEW_STATE, parseTokenState, type TokenState } from '../../core/token/state.ts';
import { parameterReader } from '../shared/aws.ts';
import {
  answerIn,
  depthRefusedIn,
  fromParameters,
  judge,
  loginHelpsFrom,
  mayBeProven,
  prove,
  TOKEN_TONES,
  type TokenSource,
  type TokenStatus,
  type Verdict,
} from '../shared/tokens.ts';
import type { Finding, Looking } from './check.ts';

export interface Judged {
  readonly held: TokenSource;
  readonly verdict: Verdict;
}

interface Where {
  readonly suffix?: string;
  readonly offline: boolean;
}

/** Errors: those of every AWS call by the operator, and `operator.config`. */
export async function judgeStored(
  { session, now }: Looking,
  { offline, ...where }: Where,
): Promise<Judged> {
  const held = await fromParameters(session, { dir: '.', ...where });
  const proof = !offline && mayBeProven(held, now) ? await prove(session, held) : null;
  return { held, verdict: judge(held, { now, proof, offline }) };
}

/** @param asksAt the keeper's next run as text, or null */
export function checkToken({ held, verdict }: Judged, asksAt: string | null): Finding {
  const { access, session, good } = verdict;
  const token = held.accessToken;
  const fingerprint = token === null ? null : displayFingerprint(token);
  const [answer, depth] = [answerIn(access), depthRefusedIn(access)];
  const silent = access.state === 'unproven' && access.proof !== null;
  return {
    part: 'token',
    state: access.state,
    tone: good ? 'good' : access.state === 'missing' ? 'bad' : TOKEN_TONES[access.state],
    detail: [
      ...(fingerprint === null ? [] : [fingerprint]),
      ...(access.claims === null ? [] : [`valid until ${formatIst(access.claims.expiresAt)}`]),
      STATUS_TEXTS[access.state] ?? (silent ? 'not proven' : 'by its own word'),
      ...(answer === null ? [] : [answer]),
      ...(depth === null ? [] : [`market depth is refused: ${depth}`]),
      `${good ? 'good' : 'not good'} for the session of ${session.date}`,
    ].join(', '),
    todo: good || silent ? [] : [nextStepFor(verdict, asksAt)],
    ...(silent ? { unread: 'broker' as const } : {}),
    facts: {
      good,
      fingerprint,
      expiresAt: access.claims === null ? null : formatIst(access.claims.expiresAt),
      proof: access.proof?.kind ?? null,
      session: session.date,
    },
  };
}

const STATUS_TEXTS: Readonly<Partial<Record<TokenStatus, string>>> = {
  live: 'proven by one live read',
  refused: 'Fyers refuses it',
  missing: 'no token is stored',
  malformed: 'it is not an access token for today',
  foreign: 'it belongs to another Fyers account',
  expired: 'it is over',
};

function nextStepFor(verdict: Verdict, asksAt: string | null): string {
  if (depthRefusedIn(verdict.access) !== null) {
    return 'Give the app the permission "Market Data" at https://myapi.fyers.in/dashboard, then log in again: `./fyers login --aws --again`.';
  }
  const from = loginHelpsFrom(verdict);
  const link =
    asksAt === null
      ? 'Log in'
      : `The keeper runs again on ${asksAt}; press the link that it sends, or log in before that`;
  const when = from === null ? '' : ` (from ${formatIst(from)} on)`;
  return `No token is good for the session of ${verdict.session.date}. ${link}${when}: \`./fyers login --aws\`.`;
}

// Reports the state of FyersTokenRefresh: whether it may refresh, and whether a login is pending.

/** Errors: those of every AWS call by the operator. */
export async function readState({ session, names }: Looking): Promise<string | null> {
  const read = await parameterReader(session, names);
  return read('FYERS_TOKEN_STATE');
}

/** @param live whether the stored token is live; false if the broker was not asked */
export function checkMemory(
  text: string | null,
  { names, now, live }: { readonly names: Names; readonly now: Instant; readonly live: boolean },
): readonly Finding[] {
  const state = text === null ? NEW_STATE : parseTokenState(text);
  return state === null
    ? [unreadableFinding(names)]
    : [checkRefresh(state), checkLink(state, now, live)];
}

function checkRefresh({ policyOff, latch }: TokenState): Finding {
  const facts = { policyOff, latch: latch?.reason ?? null };
  const said = { part: 'refresh', tone: 'quiet' as const, todo: [], facts };
  if (latch?.reason === 'app-secret') {
    const { message } = keeperFailure('operator.app-secret');
    return { ...said, state: 'latched', tone: 'bad', detail: message, todo: [message] };
  }
  if (policyOff) {
    const detail = `${reasonText('policy')}; a login a day is the way`;
    return { ...said, state: 'switched off', detail };
  }
  if (latch !== null) {
    const detail = `${reasonText(latch.reason)}; not sent again until the refresh token or the PIN changes`;
    return { ...said, state: 'latched', tone: 'bad', detail };
  }
  return {
    ...said,
    state: 'not latched',
    detail: 'used where a refresh token and a PIN are stored',
  };
}

function checkLink({ asked }: TokenState, now: Instant, live: boolean): Finding {
  const today = asked?.day === brokerDay(now) ? asked : null;
  const outstanding = today !== null && !live;
  const detail =
    today === null
      ? 'nothing was asked in this broker day'
      : `asked at the ${today.slot} run${live ? ', and a token is live' : ''}`;
  return {
    part: 'login link',
    state: outstanding ? 'outstanding' : 'none open',
    tone: outstanding ? 'bad' : 'quiet',
    detail,
    todo: outstanding
      ? ['Press the link in the message of today, or run `./fyers login --aws`.']
      : [],
    facts: { outstanding, asked: today },
  };
}

function unreadableFinding(names: Names): Finding {
  const name = names.parameter('FYERS_TOKEN_STATE');
  return {
    part: 'refresh',
    state: 'unknown',
    tone: 'bad',
    detail: `the parameter ${name} holds no token state`,
    todo: [
      `Run \`aws ssm delete-parameter --name ${name}\` if the refresh token and the PIN are right.`,
    ],
    facts: {},
  };
}
