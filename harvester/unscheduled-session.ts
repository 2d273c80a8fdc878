// Detects unscheduled sessions: on a day that is closed in the calendar, asks the broker a few
// times whether the market is open, while waiting for the next session. Also compares the calendar
// with the broker's market status once per session. A difference is logged, and recording
// continues.
import { plansIn, recordedSession } from '../core/recording/day-events.ts';
import { marketDiffers, unscheduledSession } from '../core/recording/log.ts';
import type { CalendarOverrides } from '../core/market/calendar.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import {
  mayHaveUnscheduledSession,
  unscheduledCheckTimes,
  unscheduledPlan,
} from '../core/market/unscheduled.ts';
import type { Clock, Logger } from '../core/ports.ts';
import {
  addDays,
  type Instant,
  type IstDate,
  istDateAt,
  istInstant,
  MINUTE,
  plus,
  SECOND,
} from '../core/time.ts';
import type { RecordingDay } from './day.ts';
import { every, type IntervalTask } from './interval.ts';
import type { Bounds, Days } from './ports.ts';
import type { HeldToken } from './token.ts';

/** May be long, because only the next step of the wait is delayed. */
const TIMEOUT_MS = 5 * SECOND;

interface WatchOptions {
  readonly clock: Clock;
  readonly events: Logger;
  readonly signal: AbortSignal;
  readonly days: Pick<Days, 'dates' | 'folder'>;
  readonly token: Pick<HeldToken, 'token' | 'read'>;
  readonly marketStatus?: MarketStatus;
  readonly calendar: CalendarOverrides;
}

export interface UnscheduledSessions {
  /**
   * Due at the start, which may be a restart within such a session, and at the hours of
   * `unscheduledCheckTimes`.
   */
  readonly step: IntervalTask;
  /** The session to record now, returned once, or null. */
  take(): SessionPlan | null;
  /** True if the date's unscheduled session, which is not in the calendar, has ended. */
  isOver(date: IstDate): boolean;
}

export function watchUnscheduledSessions(options: WatchOptions): UnscheduledSessions {
  const { clock } = options;
  let next = clock.now();
  let last: SessionPlan | null = null;
  let begins: SessionPlan | null = null;
  return {
    step: {
      at: () => next,
      async runIfDue(now) {
        if (now < next) return;
        next = nextAsk(now);
        last = (await sessionNow(options, now)) ?? last;
        begins = last !== null && now < last.closesAt ? last : null;
      },
    },
    take() {
      const taken = begins;
      begins = null;
      return taken;
    },
    isOver: (date) => last?.date === date && clock.now() >= last.closesAt,
  };
}

function nextAsk(now: Instant): Instant {
  const date = istDateAt(now);
  const later = unscheduledCheckTimes(date).find((at) => at > now);
  return later ?? istInstant(addDays(date, 1), '00:00');
}

/**
 * Returns the session in the date's event log, even if it is over, or one that the broker reports as
 * open.
 */
async function sessionNow(
  { events, signal, days, token, marketStatus, calendar }: WatchOptions,
  now: Instant,
): Promise<SessionPlan | null> {
  const date = istDateAt(now);
  if (marketStatus === undefined || !mayHaveUnscheduledSession(date, calendar)) return null;
  const known = await recordedOn(days, date);
  if (known !== null) return known;
  const plan = unscheduledPlan(date, now);
  if (plan === null) return null;
  // On such a day usually no token is needed, so a missing one is not logged.
  await token.read('quietly');
  if (token.token() === null) return null;
  const status = await marketStatus({ timeoutMs: TIMEOUT_MS, signal });
  if (status !== 'OPEN') return null;
  events.log(unscheduledSession(date, plan.closesAt));
  return plan;
}

/** Returns the plan of an earlier process, so that a restart keeps its grid and its close. */
async function recordedOn(days: WatchOptions['days'], date: IstDate): Promise<SessionPlan | null> {
  if (!(await days.dates()).includes(date)) return null;
  const plans = plansIn(await days.folder(date).events());
  const plan = plans.findLast((each) => each.session === 'surprise');
  return plan === undefined ? null : recordedSession(date, plan);
}

/** The status that the broker reports; null if it reports none. Never throws. */
export type MarketStatus = (bounds: Bounds) => Promise<string | null>;

/** Well into continuous trading, when every source agrees on an ordinary day. */
const DELAY_AFTER_OPEN_MS = 5 * MINUTE;
/**
 * Retry interval without an answer: no token yet, no connection, or a permission that the app does
 * not have.
 */
const RETRY_INTERVAL_MS = 5 * MINUTE;
/** Must fit between two slots. */
const CHECK_TIMEOUT_MS = 2 * SECOND;

/**
 * Documented statuses other than continuous trading; `CLOSED` is in the sample, `CLOSE` in the
 * table.
 */
const WITHOUT_TRADING: ReadonlySet<string> = new Set([
  'CLOSE',
  'CLOSED',
  'PREOPEN',
  'PREOPEN_CLOSED',
  'POSTCLOSE_START',
  'POSTCLOSE_CLOSED',
]);

interface MarketCheckOptions {
  readonly clock: Clock;
  readonly events: Logger;
  readonly signal: AbortSignal;
  readonly marketStatus?: MarketStatus;
}

export function marketCheck(
  { clock, events, signal, marketStatus }: MarketCheckOptions,
  session: SessionPlan,
  day: Pick<RecordingDay, 'note'>,
): IntervalTask {
  const trading = session.phases.find(({ name }) => name === 'CONTINUOUS');
  let answer: string | null = null;
  return every(
    plus(trading?.from ?? session.closesAt, DELAY_AFTER_OPEN_MS),
    RETRY_INTERVAL_MS,
    async () => {
      if (answer !== null || trading === undefined || marketStatus === undefined) return;
      if (clock.now() >= trading.to) return;
      const status = await marketStatus({ timeoutMs: CHECK_TIMEOUT_MS, signal });
      answer = status;
      if (status === null || status === 'OPEN') return;
      events.log(marketDiffers(status, WITHOUT_TRADING.has(status)));
      await day.note('market-status', `The broker reports ${status}; the calendar has CONTINUOUS`);
    },
  );
}
