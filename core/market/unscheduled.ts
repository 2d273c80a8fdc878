// Plans when to check for a session on a day that is closed in the calendar, and the recording of such a session.
import { type Instant, type IstDate, MINUTE, plus } from '../time.ts';
import { CALENDAR, overrideOn } from './calendar-data.ts';
import { type CalendarOptions, dayOf } from './calendar.ts';
import { type SessionPlan, withoutPhases } from './phases.ts';

/** The broker should report a session this long after it has opened. */
const DELAY_AFTER_OPEN_MS = 5 * MINUTE;

/** False for a day that the operator entered as closed, so that the operator can exclude mock sessions on weekends. */
export function mayHaveUnscheduledSession(date: IstDate, options: CalendarOptions): boolean {
  const isOverridden = overrideOn(date, options.overrides) !== undefined;
  return !isOverridden && dayOf(date, options).kind === 'closed';
}

/**
 * Returns instants shortly after each time of day at which trading began on any known day: the usual morning, midday
 * for exercises, afternoon and evening for Diwali. A session may last only an hour at an unknown time, and half a dozen
 * calls are negligible compared with the account's hundred thousand a day. Weekends are included: budgets and exercises
 * have fallen on both days.
 */
export function unscheduledCheckTimes(date: IstDate): readonly Instant[] {
  const times = plansOn(date).flatMap(({ phases }) =>
    phases.flatMap(({ name, from }) =>
      name === 'CONTINUOUS' ? [plus(from, DELAY_AFTER_OPEN_MS)] : [],
    ),
  );
  return [...new Set(times)].sort((a, b) => a - b);
}

/**
 * The plan of a session that is detected now: from the next minute to the latest close of the known days that trade at this
 * time. It does not end when the broker reports the market as closed: the broker does so before the closing auction has
 * matched, and its status during an auction is unknown. Returns null at a time at which no day has ever traded.
 */
export function unscheduledPlan(date: IstDate, now: Instant): SessionPlan | null {
  const opensAt = plus(now, MINUTE - (now % MINUTE));
  const closes = plansOn(date).flatMap((plan) =>
    plan.opensAt <= now && opensAt < plan.closesAt ? [plan.closesAt] : [],
  );
  const closesAt = closes.sort((a, b) => b - a)[0];
  if (closesAt === undefined) return null;
  const source = "the broker's market status was OPEN on a day that the calendar has as closed";
  return withoutPhases({
    session: 'surprise',
    date,
    opensAt,
    closesAt,
    certainty: 'provisional',
    source,
  });
}

/** The hours of an ordinary day and of every special day, applied to this date. */
function plansOn(date: IstDate): readonly SessionPlan[] {
  return [{ date }, ...CALENDAR.sessions.map((session) => ({ ...session, date }))].flatMap(
    (session) => {
      const day = dayOf(date, { overrides: [session] });
      return day.kind === 'open' ? [day.plan] : [];
    },
  );
}
