// Asks the operator for the day's login, serves its link up to the redirect to Fyers, and sends the link again when a
// person presses a button. Two buttons exist, and each has its own budget. Strangers can press the public page's
// button, so it reveals nothing: its outcome and its duration do not depend on whether a token is live. It has no daily
// quota that a stranger could use up, only a pause between two messages. The button on a link's page is pressed by a
// person who has a link, so it may report the result. Scheduled messages count in neither budget. A stranger who keeps
// pressing only causes messages to the owner, at most one every half hour and only while the login is due.
import { LOGIN_URL_KEYWORD } from '../core/config/names.ts';
import { parseAccessToken } from '../core/config/values.ts';
import { type ErrorCode, type ErrorFamily, FyersError } from '../core/errors.ts';
import type { App, Proof } from '../core/ports.ts';
import { withoutEndSlashes } from '../core/text.ts';
import { type Instant, type IstDate, MINUTE, plus, SECOND, istDateAt } from '../core/time.ts';
import { decodeToken, classifyToken, tokenIn } from '../core/token/jwt.ts';
import { runFailed, runStarted, loginAsked } from '../core/token/log.ts';
import {
  claimedDay,
  dayOfLink,
  fyersLoginUrl,
  loginDay,
  type LoginDay,
  newState,
  linkPath,
} from '../core/token/login/link.ts';
import { type LoginRequest, type LoginWay, loginMessage } from '../core/token/messages.ts';
import { type Asker, mayAskAt, withAsked } from '../core/token/state.ts';
import { takeLock } from './claim.ts';
import type { LoginMemory } from './login-memory.ts';
import type { KeeperPorts, KeeperSettings, AddressedLogin } from './ports.ts';
import { LOGIN_RETRY, retrying, bestEffort } from './publish.ts';
import { readApp, readLinkKey, readLogin, readMemory, writeLoginState } from './read.ts';

/** Without the PIN: the login does not need it, and its role may not read it. */
export type LoginPorts = Omit<KeeperPorts, 'secrets'> & {
  readonly memory: LoginMemory;
};

/** Why a login published no token. */
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

/** Why it is unknown whether a new token is live. */
export type UnprovenReason = Exclude<Proof['kind'], 'live' | 'dead'>;

export type LoginOutcome =
  /** Not a request for this function: no page, no log line. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'home' }
  | {
      readonly kind: 'link';
      readonly date: IstDate;
      readonly until: Instant;
      readonly url: string;
      /** Whether the stored token works, for the holder of the link; absent if only the headers were requested. */
      readonly token?: 'not-live' | 'unknown';
    }
  /** A damaged link; the link without the damage is at `path`. */
  | { readonly kind: 'damaged-link'; readonly path: string }
  /** Has the form of a link, but is incomplete or not signed with the keys of this stack. */
  | { readonly kind: 'incomplete-link' }
  /** The link of another day. Its holder may have today's link sent. */
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
      /** Fyers' answer, if it refused market depth. */
      readonly depthRefused?: string;
    }
  | { readonly kind: 'no-login'; readonly day: Exclude<LoginDay, { kind: 'open' }> }
  /** `detail`: Fyers' answer, scrubbed. Only the holder of a signed state sees it. */
  | { readonly kind: 'refused'; readonly why: LoginProblem; readonly detail?: string }
  /** The login succeeded, and its token is kept for half an hour: the same request proves it again. */
  | { readonly kind: 'unproven'; readonly why: UnprovenReason; readonly detail?: string }
  /** Public, so it contains only the code; the log has the details. */
  | { readonly kind: 'failed'; readonly family: ErrorFamily; readonly code: ErrorCode };

/**
 * Returns the page of the day's link. Opening it changes nothing.
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
  const standing = proves ? await readStanding(ports, settings, app, signal) : null;
  if (standing?.kind === 'live') return { ...standing.outcome, already: true };
  const state = newState(signer, date, now, ports.nonce());
  const redirectUri = registeredUrl(login);
  const url = fyersLoginUrl({ ...login, appId: app.id, redirectUri, state });
  const link = { kind: 'link', date, until: day.until, url } as const;
  return standing === null ? link : { ...link, token: standing.kind };
}

async function readStanding(
  ports: LoginPorts,
  settings: KeeperSettings,
  app: App,
  signal: AbortSignal,
): Promise<Standing> {
  const { account } = await readMemory(ports, settings);
  const stored = await ports.store.read('FYERS_ACCESS_TOKEN');
  return proveStanding(ports, settings, { app, account, stored, signal });
}

interface StoredToken {
  readonly app: App;
  readonly account: string | null;
  readonly stored: string | null;
  readonly signal: AbortSignal;
}

/** unknown: Fyers could not be asked, or refuses to answer. */
type Standing =
  | { readonly kind: 'live'; readonly outcome: ReturnType<typeof doneOutcome> }
  | { readonly kind: 'not-live' }
  | { readonly kind: 'unknown' };

/** Returns null if the stored token is not live or Fyers cannot be asked. */
export async function liveStored(
  ports: LoginPorts,
  settings: Pick<KeeperSettings, 'proof'>,
  held: StoredToken,
): Promise<ReturnType<typeof doneOutcome> | null> {
  const standing = await proveStanding(ports, settings, held);
  return standing.kind === 'live' ? standing.outcome : null;
}

/** Proves the stored token, with at most one live read a minute. */
async function proveStanding(
  ports: LoginPorts,
  settings: Pick<KeeperSettings, 'proof'>,
  { app, account, stored, signal }: StoredToken,
): Promise<Standing> {
  const now = ports.clock.now();
  const token = parseAccessToken(tokenIn(stored) ?? '');
  if (!token.ok) return { kind: 'not-live' };
  if (classifyToken(token.value, null, { account, now }).kind !== 'plausible')
    return { kind: 'not-live' };
  const proof = await ports.memory.proofOf({ app: app.id, token: token.value }, now, () =>
    retrying(
      ports,
      now,
      signal,
      () => ports.broker.prove(app.id, token.value, signal, settings.proof),
      LOGIN_RETRY,
    ),
  );
  if (proof.kind === 'dead') return { kind: 'not-live' };
  if (proof.kind !== 'live') return { kind: 'unknown' };
  const claims = decodeToken(token.value);
  const isOurs = classifyToken(token.value, proof, { account, now }).kind === 'plausible';
  return claims === null || !isOurs
    ? { kind: 'not-live' }
    : { kind: 'live', outcome: doneOutcome(proof, claims.expiresAt) };
}

export function doneOutcome(
  { depthRefused }: Extract<Proof, { kind: 'live' }>,
  validUntil: Instant,
): { readonly kind: 'done'; readonly validUntil: Instant; readonly depthRefused?: string } {
  return { kind: 'done', validUntil, ...(depthRefused === undefined ? {} : { depthRefused }) };
}

/** The public button answers at a multiple of this time, so that its duration reveals nothing. */
const PUBLIC_ANSWER_STEP_MS = 3 * SECOND;

/** @param linkPath the link whose page has the button; null for the public page */
export async function requestLink(
  ports: LoginPorts,
  settings: KeeperSettings,
  linkPath: string | null,
  signal: AbortSignal,
): Promise<LoginOutcome> {
  const startedAt = ports.clock.now();
  const day = loginDay(startedAt, settings.days, settings.calendar);
  if (day.kind !== 'open') return { kind: 'no-login', day };
  const asker: Asker = linkPath === null ? 'anyone' : 'link';
  const [app, linkKey] = await Promise.all([
    readApp(ports, settings),
    readLinkKey(ports, settings),
  ]);
  const signer = { id: app.id, secret: linkKey };
  if (linkPath !== null && dayOfLink(signer, linkPath) === null) {
    return { kind: 'incomplete-link' };
  }
  const outcome = await answerUnderLock({ ports, settings, app, day: day.date, asker, signal });
  if (asker === 'link' || (outcome.kind !== 'done' && outcome.kind !== 'sent')) return outcome;
  await ports.clock.sleepUntil(nextStep(startedAt, ports.clock.now()), signal);
  return { kind: 'asked' };
}

interface Press {
  readonly ports: LoginPorts;
  readonly settings: KeeperSettings;
  readonly app: App;
  readonly day: IstDate;
  readonly asker: Asker;
  readonly signal: AbortSignal;
}

/** Handles one press at a time: the buttons can be pressed at any rate. */
async function answerUnderLock(press: Press): Promise<LoginOutcome> {
  const { ports, settings, asker, day } = press;
  const lock = settings.names.askLock(day, asker);
  if (!(await takeLock(ports, lock))) {
    return { kind: 'too-soon', at: plus(ports.clock.now(), MINUTE) };
  }
  try {
    return await answerPress(press);
  } finally {
    await bestEffort(ports, 'Removing the lock', () => ports.claims.remove(lock));
  }
}

async function answerPress(press: Press): Promise<LoginOutcome> {
  const { ports, settings, asker, day } = press;
  const { account, login } = await readMemory(ports, settings);
  const now = ports.clock.now();
  const at = mayAskAt(login, asker, day);
  if (now < at) return { kind: 'too-soon', at };
  if (!(await canReachSomeone(ports))) return { kind: 'no-listener' };
  ports.events.log(runStarted('login'));
  // Save first, so that repeated presses do not call Fyers or a slow, failing channel each time.
  await writeLoginState(ports, withAsked(login, asker, day, now));
  return sendUnlessLive(press, account);
}

async function sendUnlessLive(press: Press, account: string | null): Promise<LoginOutcome> {
  const { ports, settings, app, signal } = press;
  const stored = await ports.store.read('FYERS_ACCESS_TOKEN');
  const live = await liveStored(ports, settings, { app, account, stored, signal });
  if (live !== null) return { ...live, already: true };
  const reason = 'the link was asked for on the login page';
  try {
    await askForLogin(ports, settings, app, { reason, urgency: 'first' });
    return { kind: 'sent' };
  } catch (caught) {
    if (!(caught instanceof FyersError)) throw caught;
    ports.events.log(runFailed(caught.code, caught.message));
    return { kind: 'not-sent', code: caught.code };
  }
}

/** False if it is certain that no channel has a recipient. A channel that cannot be asked may still take a message. */
async function canReachSomeone({ notifier }: LoginPorts): Promise<boolean> {
  try {
    return await notifier.hasListener();
  } catch {
    return true;
  }
}

function nextStep(startedAt: Instant, now: Instant): Instant {
  const steps = Math.max(1, Math.ceil((now - startedAt) / PUBLIC_ANSWER_STEP_MS));
  return plus(startedAt, steps * PUBLIC_ANSWER_STEP_MS);
}

type AskPorts = Pick<KeeperPorts, 'clock' | 'notifier' | 'events' | 'store'>;

/**
 * Sends the day's login request to the operator on every channel.
 *
 * @param reason part of a sentence, such as "no refresh token is stored"
 * @throws FyersError `platform.message` if no channel takes the message
 */
export async function askForLogin(
  ports: AskPorts,
  settings: KeeperSettings,
  app: App,
  { reason, urgency }: Pick<LoginRequest, 'reason' | 'urgency'>,
): Promise<void> {
  const now = ports.clock.now();
  const day = istDateAt(now);
  const { calendar } = settings;
  const way = await chooseWay(ports, settings, app, now);
  await ports.notifier.send(loginMessage({ day, calendar, now, reason, way, urgency }));
  ports.events.log(loginAsked(way.kind, urgency));
}

/** True if Fyers redirects to the login function, so that the login takes one tap. */
function isOneTap({ loginUrl, redirectUri }: AddressedLogin): boolean {
  const bare = withoutEndSlashes;
  return redirectUri === LOGIN_URL_KEYWORD || bare(redirectUri) === bare(loginUrl);
}

/** The registered redirect URL, unchanged: Fyers compares it character by character. */
function registeredUrl({ loginUrl, redirectUri }: AddressedLogin): string {
  return redirectUri === LOGIN_URL_KEYWORD ? loginUrl : redirectUri;
}

async function chooseWay(
  ports: AskPorts,
  settings: KeeperSettings,
  app: App,
  now: Instant,
): Promise<LoginWay> {
  const login = await readLogin(ports, settings);
  if (!isOneTap(login)) return { kind: 'command' };
  const signer = { id: app.id, secret: await readLinkKey(ports, settings) };
  return { kind: 'link', url: `${login.loginUrl}${linkPath(signer, istDateAt(now))}` };
}
