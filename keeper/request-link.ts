// Sends the day's link again when a person presses a button. Two buttons exist, and each has a budget of its own. The
// public page's button can be pressed by strangers, so it reveals nothing: its outcome and the time that it takes do not
// depend on whether a token is live. It has no quota for the day that a stranger could use up, only a pause between two
// messages. The button on the page of a link is pressed by someone who has a link, so it may say what happened. The
// messages of the schedules count in neither budget. A stranger who keeps pressing gains nothing but a message to the
// owner, at most every half an hour and only while the login is still to do; the owner then has the link.
import { FyersError } from '../core/errors.ts';
import { type Instant, type IstDate, MINUTE, SECOND, plus } from '../core/time.ts';
import { runFailed, runStarted } from '../core/token/events.ts';
import { dayOfLink, loginDay } from '../core/token/login-link.ts';
import { type Asker, mayAskAt, withAsked } from '../core/token/login-state.ts';
import type { App } from '../core/ports.ts';
import { askForLogin } from './ask.ts';
import { takeLock } from './claim.ts';
import { type LoginOutcome, type LoginPorts, liveStored } from './login.ts';
import type { KeeperSettings } from './ports.ts';
import { upkeep } from './publish.ts';
import { readApp, readLinkKey, readMemory, writeLoginState } from './read.ts';

/** The public button's answer comes at a multiple of this time, so that its work does not show. */
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
  const outcome = await underLock({ ports, settings, app, day: day.date, asker, signal });
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

/** The buttons can be pressed at any speed: one press at a time goes on. */
async function underLock(press: Press): Promise<LoginOutcome> {
  const { ports, settings, asker, day } = press;
  const lock = settings.names.askLock(day, asker);
  if (!(await takeLock(ports, lock))) {
    return { kind: 'too-soon', at: plus(ports.clock.now(), MINUTE) };
  }
  try {
    return await answerPress(press);
  } finally {
    await upkeep(ports, 'Removing the lock', () => ports.claims.remove(lock));
  }
}

async function answerPress(press: Press): Promise<LoginOutcome> {
  const { ports, settings, asker, day } = press;
  const { account, login } = await readMemory(ports, settings);
  const now = ports.clock.now();
  const at = mayAskAt(login, asker, day);
  if (now < at) return { kind: 'too-soon', at };
  if (!(await canReachSomeone(ports))) return { kind: 'no-listener' };
  ports.events.emit(runStarted('login'));
  // Noted first: neither Fyers nor a channel that fails slowly may be asked again and again.
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
    ports.events.emit(runFailed(caught.code, caught.message));
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
