// Looks after the keeper: before the market opens somebody must know that there is no token. Mints nothing.
import type { AccessToken, AppId } from '../core/config.ts';
import { parseAccessToken } from '../core/config.ts';
import { FyersError } from '../core/errors.ts';
import { calendarNotice } from '../core/market/calendar-notice.ts';
import { dayOf, hasWholeList } from '../core/market/calendar.ts';
import { closedDayMessage, keeperFailure } from '../core/messages.ts';
import { WATCH_SLOTS, type WatchSlot, isLoginDue } from '../core/schedule.ts';
import { istDateAt, weekday } from '../core/time.ts';
import { standingOf, tokenIn } from '../core/token/check.ts';
import { appFingerprint } from '../core/token/digest.ts';
import { dayRested, runStarted, tokenAlreadyGood, tokenLooked } from '../core/token/events.ts';
import { isRefusedApp } from '../core/token/login-state.ts';
import { latchedFor } from '../core/token/state.ts';
import { askForLogin } from './ask.ts';
import type { KeeperPorts, KeeperSettings } from './ports.ts';
import { shownToken, upkeep } from './publish.ts';
import { readApp, readMemory } from './read.ts';
import { retrying } from './retrying.ts';

type WatchPorts = Omit<KeeperPorts, 'secrets' | 'claims'>;

/** What the look found, for the function's answer. */
export type Looked =
  | { readonly kind: 'rested'; readonly message: string }
  /** `token`: proven live, or why there is none; only before the login is due. */
  | { readonly kind: 'looked'; readonly token: Standing };

type Standing = 'live' | 'none' | 'expired' | 'foreign' | 'malformed' | 'dead' | 'unreachable';

/**
 * On trading days only, whatever `days` says: nobody waits for a token on another day.
 *
 * @throws FyersError `operator.channel` where nobody would read a message; from 08:45 on `operator.login` after a
 *   message of its own, `operator.app-secret` where a login would be refused, `broker.unreachable` where Fyers can't say
 */
export async function watch(
  ports: WatchPorts,
  settings: KeeperSettings,
  slot: WatchSlot,
  signal: AbortSignal,
): Promise<Looked> {
  ports.events.emit(runStarted('watch'));
  const today = dayOf(istDateAt(ports.clock.now()), settings.calendar);
  if (today.kind === 'closed') {
    const message = closedDayMessage(today.why);
    ports.events.emit(dayRested(message));
    return { kind: 'rested', message };
  }
  await warnOfCalendar(ports, settings, slot);
  const due = isLoginDue(slot);
  try {
    const token = await looked(ports, settings, due, signal);
    if (due || (await ports.notifier.hasListener())) return { kind: 'looked', token };
    throw new FyersError(
      'operator.channel',
      'Nobody would get the messages of this stack, so a login link would reach nobody.',
      'Confirm the subscription: `npx --no-install fyers confirm URL` with the address in the mail from AWS. `npx --no-install fyers test-alert` looks at every channel.',
    );
  } catch (caught) {
    // The alarm that this rings has one channel, and the operator may have another.
    if (due && caught instanceof FyersError && caught.code !== 'operator.login') {
      await tell(ports, slot, caught);
    }
    throw caught;
  }
}

/** @throws FyersError from when on the login is due */
async function looked(
  ports: WatchPorts,
  settings: KeeperSettings,
  due: boolean,
  signal: AbortSignal,
): Promise<Standing> {
  const app = await readApp(ports, settings);
  const memory = await readMemory(ports, settings);
  const token = await standing(ports, app.id, memory.account, signal);
  ports.events.emit(tokenLooked(token));
  if (token === 'live' || !due) return token;
  if (token === 'unreachable') throw keeperFailure('broker.unreachable');
  const inputs = { app: appFingerprint(app), refresh: null };
  // A login would send the same hash.
  if (latchedFor(memory.state, inputs) === 'app-secret' || isRefusedApp(memory.login, inputs.app)) {
    throw keeperFailure('operator.app-secret');
  }
  await askForLogin(ports, settings, app, { reason: WHY[token], urgency: 'late' });
  throw new FyersError(
    'operator.login',
    `There is no live Fyers token, and the session is near: ${WHY[token]}.`,
    'Press the link in the message just sent, or run `npx --no-install fyers login --aws`.',
  );
}

/** Once a week, on Monday's first look: there is a month for it. */
async function warnOfCalendar(
  ports: WatchPorts,
  settings: KeeperSettings,
  slot: WatchSlot,
): Promise<void> {
  const today = istDateAt(ports.clock.now());
  if (slot !== WATCH_SLOTS[0] || weekday(today) !== MONDAY) return;
  const notice = calendarNotice(today, settings.calendar);
  if (notice === null) return;
  await upkeep(ports, 'Telling of the calendar', () =>
    ports.notifier.send({
      subject: hasWholeList(today, settings.calendar)
        ? 'The list of market holidays runs out soon'
        : 'The list of market holidays is not complete',
      text: `The ${notice.problem}.\n\n${notice.nextStep}`,
    }),
  );
}

const MONDAY = 1;

async function tell(ports: WatchPorts, slot: WatchSlot, failure: FyersError): Promise<void> {
  await upkeep(ports, 'Telling the operator', () =>
    ports.notifier.send({
      subject: `URGENT ${slot} IST: the Fyers token may not be good for today`,
      text: `${failure.message}\n\nCode ${failure.code}. Nothing is recorded without a live token.`,
    }),
  );
}

const WHY: Readonly<Record<Exclude<Standing, 'live' | 'unreachable'>, string>> = {
  none: 'no access token is stored',
  expired: 'the stored access token has expired',
  foreign: 'the stored access token belongs to another Fyers account',
  malformed: 'what is stored is no access token for today',
  dead: 'Fyers refuses the stored access token',
};

async function standing(
  ports: WatchPorts,
  app: AppId,
  account: string | null,
  signal: AbortSignal,
): Promise<Standing> {
  const now = ports.clock.now();
  const stored = tokenIn(await ports.store.read('FYERS_ACCESS_TOKEN'));
  const first = standingOf(stored, null, { account, now });
  if (first.kind !== 'plausible') return first.kind;
  const parsed = parseAccessToken(stored ?? '');
  if (!parsed.ok) return 'malformed';
  return proven(ports, app, parsed.value, { account, signal });
}

async function proven(
  ports: WatchPorts,
  app: AppId,
  token: AccessToken,
  { account, signal }: { readonly account: string | null; readonly signal: AbortSignal },
): Promise<Standing> {
  const now = ports.clock.now();
  const proof = await retrying(ports, now, signal, () => ports.broker.prove(app, token, signal));
  if (proof.kind !== 'live') return proof.kind;
  const standing = standingOf(token, proof, { account, now });
  if (standing.kind !== 'plausible') return standing.kind;
  ports.events.emit(tokenAlreadyGood(shownToken(token)));
  return 'live';
}
