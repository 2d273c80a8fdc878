// Surprise sessions: on a day that the calendar has as closed the broker is asked now and then, while the next one is awaited.
import { plansIn, recordedSession } from '../core/recording/day-events.ts';
import { marketDiffers, surprise } from '../core/recording/log.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import { surpriseAskedAt, surprisePlan } from '../core/market/unscheduled.ts';
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

/** Nothing waits for it but the next look at the clock. */
const TIMEOUT_MS = 5 * SECOND;

export interface SurprisesOptions {
  readonly clock: Clock;
  readonly events: Logger;
  readonly signal: AbortSignal;
  readonly days: Pick<Days, 'dates' | 'folder'>;
  readonly token: Pick<HeldToken, 'token' | 'read'>;
  readonly marketStatus?: MarketStatus;
  /** Whether a date that is closed could trade all the same; absent: none, and nobody asks. */
  readonly mayOpenAfterAll?: (date: IstDate) => boolean;
}

export interface UnscheduledSessions {
  /** Due at the start, which may be a restart within such a session, and at the hours of `surpriseAskedAt`. */
  readonly step: IntervalTask;
  /** The session that is to be recorded now; null: none. It is given once. */
  take(): SessionPlan | null;
  /** Of a date with such a session, whose end the calendar does not know. */
  isOver(date: IstDate): boolean;
}

export function surprisesOf(options: SurprisesOptions): UnscheduledSessions {
  const { clock } = options;
  let next = clock.now();
  let last: SessionPlan | null = null;
  let begins: SessionPlan | null = null;
  return {
    step: {
      at: () => next,
      async pass(now) {
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
  const later = surpriseAskedAt(date).find((at) => at > now);
  return later ?? istInstant(addDays(date, 1), '00:00');
}

/** The session of the date's event log, also one that is over, or one that the broker says is on. */
async function sessionNow(
  { events, signal, days, token, marketStatus, mayOpenAfterAll }: SurprisesOptions,
  now: Instant,
): Promise<SessionPlan | null> {
  const date = istDateAt(now);
  if (marketStatus === undefined || mayOpenAfterAll?.(date) !== true) return null;
  const known = await recordedOn(days, date);
  if (known !== null) return known;
  const plan = surprisePlan(date, now);
  if (plan === null) return null;
  // Mostly there is none on such a day, and that is as it should be.
  await token.read('quietly');
  if (token.token() === null) return null;
  const status = await marketStatus({ timeoutMs: TIMEOUT_MS, signal });
  if (status !== 'OPEN') return null;
  events.log(surprise(date, plan.closesAt));
  return plan;
}

/** As an earlier process planned it: a restart goes on in its grid and to its close. */
async function recordedOn(
  days: SurprisesOptions['days'],
  date: IstDate,
): Promise<SessionPlan | null> {
  if (!(await days.dates()).includes(date)) return null;
  const plans = plansIn(await days.folder(date).events());
  const plan = plans.findLast((each) => each.session === 'surprise');
  return plan === undefined ? null : recordedSession(date, plan);
}

// Compares the calendar with the broker's market status, until the broker has answered once in a session. A difference is
// reported, and recording goes on.

/** The status that the broker gives; null where it does not tell. Never throws. */
export type MarketStatus = (bounds: Bounds) => Promise<string | null>;

/** Into continuous trading, when every source says the same on an ordinary day. */
const DELAY_AFTER_OPEN = 5 * MINUTE;
/** Without an answer (no token yet, a line that is down, a permission that the app lacks) it is asked again that often. */
const RETRY_INTERVAL = 5 * MINUTE;
/** It is asked between two slots. */
const CHECK_TIMEOUT_MS = 2 * SECOND;

/** Documented, and none of them is continuous trading; `CLOSED` is the sample's word, `CLOSE` the table's. */
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
    plus(trading?.from ?? session.closesAt, DELAY_AFTER_OPEN),
    RETRY_INTERVAL,
    async () => {
      if (answer !== null || trading === undefined || marketStatus === undefined) return;
      if (clock.now() >= trading.to) return;
      const status = await marketStatus({ timeoutMs: CHECK_TIMEOUT_MS, signal });
      answer = status;
      if (status === null || status === 'OPEN') return;
      events.log(marketDiffers(status, WITHOUT_TRADING.has(status)));
      await day.note(
        'market-status',
        `The broker says ${status} where the calendar says CONTINUOUS`,
      );
    },
  );
}
