// Surprise sessions: on a day that the calendar has as closed the broker is asked now and then, while the next one is awaited.
import { plansIn, recordedSession } from '../core/depth/day-events.ts';
import { surprise } from '../core/depth/events.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import { surpriseAskedAt, surprisePlan } from '../core/market/surprise.ts';
import type { Clock, Events } from '../core/ports.ts';
import {
  type Instant,
  type IstDate,
  SECOND,
  addDays,
  istDateAt,
  istInstant,
} from '../core/time.ts';
import type { Due } from './due.ts';
import type { MarketStatus } from './market-check.ts';
import type { Days } from './ports.ts';
import type { HeldToken } from './token.ts';

/** Nothing waits for it but the next look at the clock. */
const TIMEOUT_MS = 5 * SECOND;

export interface SurprisesOptions {
  readonly clock: Clock;
  readonly events: Events;
  readonly signal: AbortSignal;
  readonly days: Pick<Days, 'dates' | 'folder'>;
  readonly token: Pick<HeldToken, 'token' | 'read'>;
  readonly marketStatus?: MarketStatus;
  /** Whether a date that is closed could trade all the same; absent: none, and nobody asks. */
  readonly mayOpenAfterAll?: (date: IstDate) => boolean;
}

export interface Surprises {
  /** Due at the start, which may be a restart within such a session, and at the hours of `surpriseAskedAt`. */
  readonly step: Due;
  /** The session that is to be recorded now; null: none. It is given once. */
  take(): SessionPlan | null;
  /** Of a date with such a session, whose end the calendar does not know. */
  isOver(date: IstDate): boolean;
}

export function surprisesOf(options: SurprisesOptions): Surprises {
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
  events.emit(surprise(date, plan.closesAt));
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
