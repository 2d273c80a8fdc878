// The human's part of a login, up to Fyers' own page: what the day's link shows, and who may have it sent.
import type { ErrorCode, ErrorFamily } from '../core/errors.ts';
import { type Instant, type IstDate, MINUTE, plus } from '../core/time.ts';
import { standingOf, tokenIn } from '../core/token/check.ts';
import { runStarted } from '../core/token/events.ts';
import { decodeToken } from '../core/token/jwt.ts';
import {
  type LoginDay,
  dayOfLink,
  fyersLoginUrl,
  isLinkShaped,
  loginDay,
  newState,
} from '../core/token/login-link.ts';
import { mayAskAt, withAsked } from '../core/token/login-state.ts';
import { parseAccessToken } from '../core/config.ts';
import { LOGIN_RETRY } from '../core/retry.ts';
import { takeLock } from './claim.ts';
import { upkeep } from './publish.ts';
import { askForLogin, isOneTap, registeredUrl } from './ask.ts';
import type { KeeperPorts, KeeperSettings } from './ports.ts';
import { readApp, readLinkKey, readLogin, readMemory, writeLoginState } from './read.ts';
import { retrying } from './retrying.ts';
import type { App } from '../core/ports.ts';

/** Never the PIN: the login has no use for it, and its role may not read it. */
export type LoginPorts = Omit<KeeperPorts, 'secrets'>;

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
  | 'bad-token'
  | 'busy'
  | 'unrecognised'
  | 'not-registered'
  /** Shaped like a link of ours, and signed with another key or for another app. */
  | 'other-link';

/** What the person sees. */
export type LoginOutcome =
  /** Nothing of ours: no page, no log line. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'home' }
  | { readonly kind: 'link'; readonly date: IstDate; readonly until: Instant; readonly url: string }
  | { readonly kind: 'sent' }
  /** `at` is null where not again today. */
  | { readonly kind: 'too-soon'; readonly at: Instant | null }
  | { readonly kind: 'done'; readonly validUntil: Instant; readonly already: boolean }
  | { readonly kind: 'no-login'; readonly day: Exclude<LoginDay, { kind: 'open' }> }
  | { readonly kind: 'refused'; readonly why: LoginProblem }
  /** Anybody may see it, so it says no more than the code; the rest is in the log. */
  | { readonly kind: 'failed'; readonly family: ErrorFamily; readonly code: ErrorCode };

/**
 * The page behind the day's link. Opening it changes nothing, however often and by whom.
 *
 * @param path below the login function's address, without the leading slash
 */
export async function openLink(
  ports: LoginPorts,
  settings: KeeperSettings,
  path: string,
  signal: AbortSignal,
): Promise<LoginOutcome> {
  if (!isLinkShaped(path)) return { kind: 'unknown' };
  const [app, linkKey] = await Promise.all([
    readApp(ports, settings),
    readLinkKey(ports, settings),
  ]);
  const signer = { id: app.id, secret: linkKey };
  const date = dayOfLink(signer, path);
  // Most likely not a stranger's: signed before the keys were made again, or for the app before this one.
  if (date === null) return { kind: 'refused', why: 'other-link' };
  const now = ports.clock.now();
  const day = loginDay(now, settings.days, settings.calendar);
  if (day.kind !== 'open') return { kind: 'no-login', day };
  if (date !== day.date) return { kind: 'refused', why: 'expired' };
  const login = await readLogin(ports, settings);
  if (!isOneTap(login)) return { kind: 'refused', why: 'not-registered' };
  const { account } = await readMemory(ports, settings);
  const stored = await ports.store.read('FYERS_ACCESS_TOKEN');
  const validUntil = await liveUntil(ports, app, account, stored, signal);
  if (validUntil !== null) return { kind: 'done', validUntil, already: true };
  const state = newState(signer, date, now, ports.nonce());
  const redirectUri = registeredUrl(login);
  const url = fyersLoginUrl({ ...login, appId: app.id, redirectUri, state });
  return { kind: 'link', date, until: day.until, url };
}

/** The bookmarkable page's button: the link goes to the registered channels and nowhere else, a few times a day. */
export async function requestLink(
  ports: LoginPorts,
  settings: KeeperSettings,
  signal: AbortSignal,
): Promise<LoginOutcome> {
  const day = loginDay(ports.clock.now(), settings.days, settings.calendar);
  if (day.kind !== 'open') return { kind: 'no-login', day };
  // Whoever knows the address can press the button, at any speed: what follows is done by one at a time.
  const lock = settings.names.askLock(day.date);
  if (!(await takeLock(ports, lock))) return { kind: 'too-soon', at: soon(ports) };
  try {
    return await linkSent(ports, settings, day.date, signal);
  } finally {
    await upkeep(ports, 'Removing the lock', () => ports.claims.remove(lock));
  }
}

async function linkSent(
  ports: LoginPorts,
  settings: KeeperSettings,
  date: IstDate,
  signal: AbortSignal,
): Promise<LoginOutcome> {
  const app = await readApp(ports, settings);
  const { account, login } = await readMemory(ports, settings);
  const now = ports.clock.now();
  const at = mayAskAt(login, date);
  if (at === null || now < at) return { kind: 'too-soon', at };
  ports.events.emit(runStarted('login'));
  // Noted first: neither Fyers nor a channel that fails slowly may be asked again and again.
  await writeLoginState(ports, withAsked(login, date, now));
  const stored = await ports.store.read('FYERS_ACCESS_TOKEN');
  const validUntil = await liveUntil(ports, app, account, stored, signal);
  if (validUntil !== null) return { kind: 'done', validUntil, already: true };
  const reason = 'the link was asked for on the login page';
  await askForLogin(ports, settings, app, { reason, urgency: 'first' });
  return { kind: 'sent' };
}

/** Somebody is being served at this moment. */
function soon({ clock }: LoginPorts): Instant {
  return plus(clock.now(), MINUTE);
}

/** Until when the stored token lives, by one live read; null where it doesn't, or where nobody can say. */
export async function liveUntil(
  ports: LoginPorts,
  app: App,
  account: string | null,
  stored: string | null,
  signal: AbortSignal,
): Promise<Instant | null> {
  const now = ports.clock.now();
  const token = parseAccessToken(tokenIn(stored) ?? '');
  if (!token.ok) return null;
  if (standingOf(token.value, null, { account, now }).kind !== 'plausible') return null;
  const proof = await retrying(
    ports,
    now,
    signal,
    () => ports.broker.prove(app.id, token.value, signal),
    LOGIN_RETRY,
  );
  const standing = standingOf(token.value, proof, { account, now });
  const live = standing.kind === 'plausible' && standing.proof === 'live';
  return live ? (decodeToken(token.value)?.expiresAt ?? null) : null;
}
