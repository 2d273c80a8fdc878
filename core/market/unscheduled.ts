// A session on a day that the calendar has as closed: when it pays to ask for one, and how it is recorded.
import { type Instant, type IstDate, MINUTE, plus } from '../time.ts';
import { CALENDAR, ownDayOn } from './calendar-data.ts';
import { type CalendarOptions, dayOf } from './calendar.ts';
import { type SessionPlan, withoutPhases } from './phases.ts';

/** Into trading, when the broker should know. */
const DELAY_AFTER_OPEN = 5 * MINUTE;

/** Closed as far as anybody knows. A closure that the operator wrote is known: mock sessions of a weekend are kept off so. */
export function mayHaveUnscheduledSession(date: IstDate, options: CalendarOptions): boolean {
  const isTheOperators = ownDayOn(date, options.overrides) !== undefined;
  return !isTheOperators && dayOf(date, options).kind === 'closed';
}

/**
 * Shortly after each time of day at which trading has begun on any day that we know of: the usual morning, middays of
 * exercises, afternoon and evening of Diwali. So many, because a session may last an hour and nobody knows which; half a
 * dozen are nothing beside the hundred thousand calls that the account has a day. Weekends are no exception: budgets and
 * exercises have fallen on both of their days.
 */
export function surpriseAskedAt(date: IstDate): readonly Instant[] {
  const times = plansOn(date).flatMap(({ phases }) =>
    phases.flatMap(({ name, from }) =>
      name === 'CONTINUOUS' ? [plus(from, DELAY_AFTER_OPEN)] : [],
    ),
  );
  return [...new Set(times)].sort((a, b) => a - b);
}

/**
 * The plan of a session that is noticed now: from the next minute to the latest close of the days that would trade at this
 * time. Not to the broker's word: by it the market is closed before the closing auction has matched, and nobody knows what
 * it says in one. Null at a time at which no day has ever traded.
 */
export function surprisePlan(date: IstDate, now: Instant): SessionPlan | null {
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

/** The hours of an ordinary day, and of every special one, as if they were this date's. */
function plansOn(date: IstDate): readonly SessionPlan[] {
  return [{ date }, ...CALENDAR.sessions.map((session) => ({ ...session, date }))].flatMap(
    (session) => {
      const day = dayOf(date, { overrides: [session] });
      return day.kind === 'open' ? [day.plan] : [];
    },
  );
}
