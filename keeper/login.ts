// Serves the day's link: the human's part of a login, up to Fyers' own page.
import type { ErrorCode, ErrorFamily } from '../core/errors.ts';
import type { Instant, IstDate } from '../core/time.ts';
import { standingOf, tokenIn } from '../core/token/check.ts';
import { decodeToken } from '../core/token/jwt.ts';
import {
  type LoginDay,
  claimedDay,
  dayOfLink,
  fyersLoginUrl,
  loginDay,
  newState,
} from '../core/token/login-link.ts';
import { parseAccessToken } from '../core/config.ts';
import { LOGIN_RETRY } from '../core/retry.ts';
import { isOneTap, registeredUrl } from './ask.ts';
import type { LoginMemory } from './login-memory.ts';
import type { KeeperPorts, KeeperSettings } from './ports.ts';
import { readApp, readLinkKey, readLogin, readMemory } from './read.ts';
import { retrying } from './retrying.ts';
import type { App, Proof } from '../core/ports.ts';

/** Never the PIN: the login has no use for it, and its role may not read it. */
export type LoginPorts = Omit<KeeperPorts, 'secrets'> & {
  readonly memory: LoginMemory;
};

/** Why a login that came back published nothing. */
export type LoginProblem =
  | 'forged'
  | 'expired'
  | 'used'
  | 'cancelled'
  | 'wrong-app'
  | 'wrong-account'
  | 'app-secret'
  | 'code'
  | 'silent'
  | 'unreachable'
  | 'rate-limited'
  | 'not-fyers'
  | 'bad-token'
  | 'busy'
  | 'too-many'
  | 'unrecognised'
  | 'not-registered';

/** Why it is not known whether a new token is live. */
export type UnprovenReason = Exclude<Proof['kind'], 'live' | 'dead'>;

/** What the person sees. */
export type LoginOutcome =
  /** Nothing of ours: no page, no log line. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'home' }
  | { readonly kind: 'link'; readonly date: IstDate; readonly until: Instant; readonly url: string }
  /** A damaged link; the link without the damage is at `path`. */
  | { readonly kind: 'damaged-link'; readonly path: string }
  /** Looks like a link, and is incomplete or not signed with the keys of this stack. */
  | { readonly kind: 'incomplete-link' }
  /** `path`: the link of another day, which may ask for today's. */
  | { readonly kind: 'other-day-link'; readonly path: string }
  /** The public button was pressed. The outcome is the same whether or not a message had to be sent. */
  | { readonly kind: 'asked' }
  /** A channel has taken the message. Only the holder of a link sees this. */
  | { readonly kind: 'sent' }
  /** No channel has a confirmed recipient, so nothing was sent. */
  | { readonly kind: 'no-listener' }
  | { readonly kind: 'not-sent'; readonly code: ErrorCode }
  /** The button was pressed a short time ago, and works again from `at` on. */
  | { readonly kind: 'too-soon'; readonly at: Instant }
  | {
      readonly kind: 'done';
      readonly validUntil: Instant;
      readonly already: boolean;
      /** What Fyers answered in place of market depth, if it refused that. */
      readonly depthRefused?: string;
    }
  | { readonly kind: 'no-login'; readonly day: Exclude<LoginDay, { kind: 'open' }> }
  /** `detail`: what Fyers answered, cleaned. Only the holder of a signed state sees it. */
  | { readonly kind: 'refused'; readonly why: LoginProblem; readonly detail?: string }
  /** The login succeeded, and its token is kept for half an hour: the same request proves it again. */
  | { readonly kind: 'unproven'; readonly why: UnprovenReason; readonly detail?: string }
  /** Anybody may see it, so it says no more than the code; the rest is in the log. */
  | { readonly kind: 'failed'; readonly family: ErrorFamily; readonly code: ErrorCode };

/**
 * The page behind the day's link. Opening it changes nothing, however often and by whom.
 *
 * @param link its path below the login function's address, without the leading slash; `proves`: false for the page's
 *   headers alone, which cost neither a read of the token nor a call
 */
export async function openLink(
  ports: LoginPorts,
  settings: KeeperSettings,
  { path, proves }: { readonly path: string; readonly proves: boolean },
  signal: AbortSignal,
): Promise<LoginOutcome> {
  const now = ports.clock.now();
  const day = loginDay(now, settings.days, settings.calendar);
  if (day.kind !== 'open') return { kind: 'no-login', day };
  const claimed = claimedDay(path);
  if (claimed === null) return { kind: 'incomplete-link' };
  if (claimed !== day.date) return { kind: 'other-day-link', path };
  const [app, linkKey] = await Promise.all([
    readApp(ports, settings),
    readLinkKey(ports, settings),
  ]);
  const signer = { id: app.id, secret: linkKey };
  const date = dayOfLink(signer, path);
  if (date === null) return { kind: 'incomplete-link' };
  const login = await readLogin(ports, settings);
  if (!isOneTap(login)) return { kind: 'refused', why: 'not-registered' };
  if (proves) {
    const { account } = await readMemory(ports, settings);
    const stored = await ports.store.read('FYERS_ACCESS_TOKEN');
    const live = await liveStored(ports, settings, { app, account, stored, signal });
    if (live !== null) return { ...live, already: true };
  }
  const state = newState(signer, date, now, ports.nonce());
  const redirectUri = registeredUrl(login);
  const url = fyersLoginUrl({ ...login, appId: app.id, redirectUri, state });
  return { kind: 'link', date, until: day.until, url };
}

interface Stored {
  readonly app: App;
  readonly account: string | null;
  readonly stored: string | null;
  readonly signal: AbortSignal;
}

/** The stored token, by one live read a minute; null if it does not live or Fyers cannot be asked. */
export async function liveStored(
  ports: LoginPorts,
  settings: Pick<KeeperSettings, 'proof'>,
  { app, account, stored, signal }: Stored,
): Promise<ReturnType<typeof doneBy> | null> {
  const now = ports.clock.now();
  const token = parseAccessToken(tokenIn(stored) ?? '');
  if (!token.ok) return null;
  if (standingOf(token.value, null, { account, now }).kind !== 'plausible') return null;
  const proof = await ports.memory.proofOf({ app: app.id, token: token.value }, now, () =>
    retrying(
      ports,
      now,
      signal,
      () => ports.broker.prove(app.id, token.value, signal, settings.proof),
      LOGIN_RETRY,
    ),
  );
  const standing = standingOf(token.value, proof, { account, now });
  if (proof.kind !== 'live' || standing.kind !== 'plausible') return null;
  const claims = decodeToken(token.value);
  return claims === null ? null : doneBy(proof, claims.expiresAt);
}

export function doneBy(
  { depthRefused }: Extract<Proof, { kind: 'live' }>,
  validUntil: Instant,
): { readonly kind: 'done'; readonly validUntil: Instant; readonly depthRefused?: string } {
  return { kind: 'done', validUntil, ...(depthRefused === undefined ? {} : { depthRefused }) };
}
