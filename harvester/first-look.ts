// Checks the token before the first wait when a person starts a recording, so that an unusable
// token is found before the session opens. The instance skips this check, because its keeper
// delivers a token every morning.
import {
  type AccessToken,
  type AppId,
  parseAccessToken,
  parseAppId,
} from '../core/config/values.ts';
import { clockWrong, tokenUseless } from '../core/recording/log.ts';
import { SET_CLOCK, clockFaultWords, faultByServer, faultByToken } from '../core/clock-faults.ts';
import { FyersError } from '../core/errors.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import type { Broker, Clock, Logger, TokenStore } from '../core/ports.ts';
import { firstLoginAt } from '../core/schedule.ts';
import { type Instant, formatIst } from '../core/time.ts';
import { decodeToken, isForeign, tokenIn } from '../core/token/jwt.ts';
import type { HarvestSettings } from './settings.ts';

export interface FirstLook {
  readonly store: TokenStore;
  readonly clock: Pick<Clock, 'now'>;
  readonly events: Logger;
  /** The session that the harvester waits for or records. */
  readonly session: SessionPlan;
  /** The configured account; null for any account. */
  readonly account: string | null;
  /** Location for messages: "in /home/me/fyers". */
  readonly place: string;
  /** The command that stores a token there: `./fyers login`. */
  readonly loginCommand: string;
}

/**
 * Facts that a starting harvester passes to the check; the caller of the harvester supplies the
 * check.
 */
export type LookFirst = (
  begun: Pick<FirstLook, 'store' | 'clock' | 'events' | 'session'> & {
    readonly settings: HarvestSettings;
    /** Whether the account may be called. */
    readonly guard: { ready(): Promise<void>; reason(): string | null };
    readonly log: { hide(secret: string): void };
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly proven: Promise<void> }>;

/** A token that only the broker can verify. */
export interface Unproven {
  readonly appId: AppId;
  readonly token: AccessToken;
}

/**
 * Logs one warning if the token is not usable: missing, expired, of another account, or expiring
 * before the session ends.
 *
 * @returns null if there is nothing to verify with the broker
 * @throws FyersError `operator.*` for a
 * token or an app id that waiting cannot fix; errors of the store
 */
export async function lookAtToken(look: FirstLook): Promise<Unproven | null> {
  const { clock, events, session, account, place } = look;
  const [appId, text] = [await appIdIn(look), tokenIn(await tokenText(look))];
  const now = clock.now();
  const warnUseless = (why: Useless, problem: string): null => {
    events.log(tokenUseless(why, `${problem} ${whenToLogIn(look)}`));
    return null;
  };
  if (text === null) return warnUseless('missing', `There is no access token ${place}.`);
  const parsed = parseAccessToken(text);
  const claims = decodeToken(text);
  if (!parsed.ok || claims === null) {
    throw unusableTokenError(look, `The access token ${place} is not a valid token.`);
  }
  if (claims.kind !== null && claims.kind !== 'access_token') {
    const what = claims.kind === 'auth_code' ? 'an auth code' : 'a refresh token';
    throw unusableTokenError(look, `The access token ${place} is ${what}.`);
  }
  const fault = faultByToken(text, now);
  if (fault !== null) events.log(clockWrong(`${clockFaultWords(fault)} ${SET_CLOCK}`));
  const until = formatIst(claims.expiresAt);
  if (claims.expiresAt <= now) {
    return warnUseless('expired', `The access token ${place} has expired (${until}).`);
  }
  if (isForeign(claims.fyId, account)) {
    return warnUseless(
      'foreign',
      `The access token ${place} belongs to the Fyers account ${claims.fyId ?? ''}, not to ${account ?? ''}.`,
    );
  }
  if (claims.expiresAt < session.closesAt) {
    warnUseless(
      'ends-early',
      `The access token ${place} ends ${until}, before the session of ${session.date} closes.`,
    );
  }
  return { appId, token: parsed.value };
}

type Useless = Parameters<typeof tokenUseless>[0];

/**
 * Asks the broker once. Never throws: if the broker cannot be asked now, the first slots of the
 * session show whether the token works.
 */
export async function proveFirst(
  look: FirstLook,
  { appId, token }: Unproven,
  broker: Pick<Broker, 'prove'>,
  signal: AbortSignal,
): Promise<void> {
  const { events, account, place } = look;
  const proof = await broker.prove(appId, token, signal).catch(() => null);
  if (proof?.kind === 'dead') {
    const problem = `Fyers refuses the access token ${place} for the app ${appId}.`;
    events.log(tokenUseless('refused', `${problem} ${whenToLogIn(look)}`));
  } else if (proof?.kind === 'live' && isForeign(proof.fyId, account)) {
    const problem = `The access token ${place} belongs to the Fyers account ${proof.fyId ?? ''}, not to ${account ?? ''}.`;
    events.log(tokenUseless('foreign', `${problem} ${whenToLogIn(look)}`));
  }
}

/** Callback for the broker's adapter; warns at most once. */
export function serverTimeWarning({
  clock,
  events,
}: Pick<FirstLook, 'clock' | 'events'>): (serverTime: Instant) => void {
  let hasWarned = false;
  return (serverTime) => {
    const fault = faultByServer(serverTime, clock.now(), "the time of Fyers' answer");
    if (fault !== null && !hasWarned)
      events.log(clockWrong(`${clockFaultWords(fault)} ${SET_CLOCK}`));
    hasWarned ||= fault !== null;
  };
}

async function appIdIn({ store, place }: FirstLook): Promise<AppId> {
  const text = tokenIn(await store.read('FYERS_CLIENT_ID'));
  const parsed = parseAppId(text ?? '');
  if (parsed.ok) return parsed.value;
  throw new FyersError(
    text === null ? 'operator.credentials' : 'operator.config',
    text === null
      ? `There is no FYERS_CLIENT_ID ${place}.`
      : `FYERS_CLIENT_ID ${place} ${parsed.problem}.`,
    'Copy the app id from https://myapi.fyers.in/dashboard, and repeat the command.',
  );
}

/**
 * Throws for a malformed token file, although the running harvester would only retry, because the
 * person who starts it needs the error now.
 */
async function tokenText(look: FirstLook): Promise<string | null> {
  try {
    return await look.store.read('FYERS_ACCESS_TOKEN');
  } catch (caught) {
    if (!(caught instanceof FyersError) || caught.code !== 'operator.token-file') throw caught;
    throw unusableTokenError(look, caught.problem);
  }
}

function unusableTokenError({ loginCommand }: FirstLook, problem: string): FyersError {
  return new FyersError(
    'operator.token-file',
    problem,
    `Log in with \`${loginCommand}\`, which stores a new one there; \`./fyers tokens\` lists the stored tokens.`,
  );
}

function whenToLogIn({ clock, session, loginCommand }: FirstLook): string {
  const [now, { date, opensAt }] = [clock.now(), session];
  const from = firstLoginAt(date);
  const again = 'The harvester then reads the new token.';
  if (now >= opensAt)
    return `The session of ${date} is running: log in now with \`${loginCommand}\`.`;
  return now >= from
    ? `Log in now with \`${loginCommand}\`: the session opens ${formatIst(opensAt)}. ${again}`
    : `Log in with \`${loginCommand}\` from ${formatIst(from)} on, before the session opens ${formatIst(opensAt)}. ${again}`;
}
