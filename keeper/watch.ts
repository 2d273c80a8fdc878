// Checks on trading days whether a live token is stored, and asks the operator for a login if not. Mints nothing.
import { type AppId, parseAccessToken } from '../core/config/values.ts';
import { FyersError } from '../core/errors.ts';
import { calendarNotice, dayOf, hasWholeList } from '../core/market/calendar.ts';
import {
  closedDayMessage,
  DAY_OVER_MESSAGE,
  keeperFailure,
  sessionToday,
} from '../core/token/messages.ts';
import { isLoginDue, WATCH_SLOTS, type WatchSlot } from '../core/schedule.ts';
import { istDateAt, weekday } from '../core/time.ts';
import { UNPROVEN } from '../core/token/decide.ts';
import {
  dayRested,
  outsideReadSeen,
  runStarted,
  tokenAlreadyGood,
  tokenLooked,
} from '../core/token/log.ts';
import { renewedInputsOf } from '../core/token/facts.ts';
import { classifyToken, tokenIn } from '../core/token/jwt.ts';
import {
  isRefusedApp,
  withRenewedApp,
  latchedFor,
  withRenewedInputs,
} from '../core/token/state.ts';
import { type OutsideRead, outsideReadMessage } from '../core/token/outside-read.ts';
import { askForLogin } from './login.ts';
import type { KeeperPorts, KeeperSettings } from './ports.ts';
import { reportDepth, retrying, shownToken, bestEffort } from './publish.ts';
import { readApp, readLinkKey, readMemory } from './read.ts';

type WatchPorts = Omit<KeeperPorts, 'secrets' | 'claims'>;

/** The check's result, for the function's answer. */
export type WatchReport =
  | { readonly kind: 'rested'; readonly message: string }
  /** `token`: live, or why it is not; only before the login is due. */
  | { readonly kind: 'looked'; readonly token: Standing };

type Standing = 'live' | 'none' | 'expired' | 'foreign' | 'malformed' | 'dead' | Unproven;

/** It is unknown whether the token is live. */
type Unproven = keyof typeof UNPROVEN;

/** `detail`: the scrubbed answer of Fyers; empty if there was no call or no answer. */
interface TokenCheck {
  readonly token: Standing;
  readonly detail: string;
  readonly depthRefused?: string;
}

/**
 * Checks on trading days only, even if `days` is `all`: no other day needs a token.
 *
 * @throws FyersError `operator.channel` if no channel has a recipient; from 08:45 on `operator.login` after it sent a
 *   message, `operator.app-secret` if a login would be refused, `broker.unreachable` if Fyers cannot be reached
 */
export async function watch(
  ports: WatchPorts,
  settings: KeeperSettings,
  slot: WatchSlot,
  signal: AbortSignal,
): Promise<WatchReport> {
  ports.events.log(runStarted('watch'));
  const now = ports.clock.now();
  const today = dayOf(istDateAt(now), settings.calendar);
  const over = today.kind === 'open' && now >= today.plan.closesAt;
  if (today.kind === 'closed' || over) {
    const message = today.kind === 'closed' ? closedDayMessage(today.why) : DAY_OVER_MESSAGE;
    ports.events.log(dayRested(message));
    return { kind: 'rested', message };
  }
  await warnOfCalendar(ports, settings, slot);
  const due = isLoginDue(slot);
  try {
    const token = await checkToken(ports, settings, due, signal);
    if (due || (await ports.notifier.hasListener())) return { kind: 'looked', token };
    throw new FyersError(
      'operator.channel',
      'No channel of this stack has a recipient, so a login link would not arrive.',
      'Confirm the subscription: `./fyers confirm URL` with the address in the mail from AWS. `./fyers test-alert` checks every channel.',
    );
  } catch (caught) {
    // The error raises an alarm, which uses only one channel. Notify all channels.
    if (due && caught instanceof FyersError && caught.code !== 'operator.login') {
      await notifyFailure(ports, settings, caught);
    }
    throw caught;
  }
}

/** @throws FyersError if the login is due and there is no live token */
async function checkToken(
  ports: WatchPorts,
  settings: KeeperSettings,
  due: boolean,
  signal: AbortSignal,
): Promise<Standing> {
  const app = await readApp(ports, settings);
  const memory = await readMemory(ports, settings);
  const look = await readStanding(ports, settings, {
    app: app.id,
    account: memory.account,
    signal,
  });
  const { token, detail } = look;
  ports.events.log(tokenLooked(token, detail));
  if (!due) return token;
  if (token === 'live') {
    if (look.depthRefused === undefined) return token;
    throw keeperFailure('broker.refused', look.depthRefused);
  }
  if (isUnproven(token)) throw keeperFailure(UNPROVEN[token], detail);
  const linkKey = await readLinkKey(ports, settings);
  const now = ports.clock.now();
  const renewed = renewedInputsOf({ app, linkKey, refreshToken: null, pin: null, now });
  const state = withRenewedInputs(memory.state, renewed);
  const login = withRenewedApp(memory.login, renewed);
  // A login would send the same hash, which Fyers has refused.
  if (
    latchedFor(state, renewed.inputs) === 'app-secret' ||
    isRefusedApp(login, renewed.inputs.app)
  ) {
    throw keeperFailure('operator.app-secret');
  }
  const reason = detail === '' ? REASONS[token] : `${REASONS[token]} (${detail})`;
  await askForLogin(ports, settings, app, { reason, urgency: 'late' });
  const { words } = sessionToday(istDateAt(now), settings.calendar, now);
  throw new FyersError(
    'operator.login',
    `There is no live Fyers token: ${reason}. ${words}`,
    'Press the link in the message just sent, or run `./fyers login --aws`.',
  );
}

/** Runs once a week, in Monday's first slot: the operator has a month to react. */
async function warnOfCalendar(
  ports: WatchPorts,
  settings: KeeperSettings,
  slot: WatchSlot,
): Promise<void> {
  const today = istDateAt(ports.clock.now());
  if (slot !== WATCH_SLOTS[0] || weekday(today) !== MONDAY) return;
  const notice = calendarNotice(today, settings.calendar);
  if (notice === null) return;
  await bestEffort(ports, 'Sending the calendar warning', () =>
    ports.notifier.send({
      subject: hasWholeList(today, settings.calendar)
        ? 'The list of market holidays ends soon'
        : 'The list of market holidays is not complete',
      text: `The ${notice.problem}.\n\n${notice.nextStep}`,
    }),
  );
}

const MONDAY = 1;

async function notifyFailure(
  ports: WatchPorts,
  { calendar }: KeeperSettings,
  failure: FyersError,
): Promise<void> {
  const now = ports.clock.now();
  const { alert, words } = sessionToday(istDateAt(now), calendar, now);
  await bestEffort(ports, 'Notifying the operator', () =>
    ports.notifier.send({
      subject: `${alert}: the Fyers token may not be good for today`,
      text: `${failure.message}\n\nCode ${failure.code}. ${words} Nothing is recorded without a live token.`,
    }),
  );
}

const REASONS: Readonly<Record<Exclude<Standing, 'live' | Unproven>, string>> = {
  none: 'no access token is stored',
  expired: 'the stored access token has expired',
  foreign: 'the stored access token belongs to another Fyers account',
  malformed: 'the stored value is not an access token for today',
  dead: 'Fyers refuses the stored access token',
};

function isUnproven(token: Standing): token is Unproven {
  return Object.hasOwn(UNPROVEN, token);
}

interface AccountAccess {
  readonly app: AppId;
  readonly account: string | null;
  readonly signal: AbortSignal;
}

async function readStanding(
  ports: WatchPorts,
  settings: KeeperSettings,
  { app, account, signal }: AccountAccess,
): Promise<TokenCheck> {
  const now = ports.clock.now();
  const stored = tokenIn(await ports.store.read('FYERS_ACCESS_TOKEN'));
  const first = classifyToken(stored, null, { account, now });
  if (first.kind !== 'plausible') return { token: first.kind, detail: '' };
  const parsed = parseAccessToken(stored ?? '');
  if (!parsed.ok) return { token: 'malformed', detail: '' };
  const proof = await retrying(ports, now, signal, () =>
    ports.broker.prove(app, parsed.value, signal, settings.proof),
  );
  if (proof.kind !== 'live') return { token: proof.kind, detail: proof.detail ?? '' };
  const { kind } = classifyToken(parsed.value, proof, { account, now });
  if (kind !== 'plausible') return { token: kind, detail: '' };
  ports.events.log(tokenAlreadyGood(shownToken(parsed.value)));
  reportDepth(ports, proof);
  const { depthRefused } = proof;
  return { token: 'live', detail: '', ...(depthRefused === undefined ? {} : { depthRefused }) };
}

export interface OutsideReadReport {
  readonly kind: 'told';
  readonly who: string;
}

/** @throws FyersError if no channel takes the message: the function's alarm must then report it */
export async function reportOutsideRead(
  ports: Pick<KeeperPorts, 'notifier' | 'events'>,
  read: OutsideRead,
): Promise<OutsideReadReport> {
  ports.events.log(outsideReadSeen(read));
  await ports.notifier.send(outsideReadMessage(read));
  return { kind: 'told', who: read.who };
}
