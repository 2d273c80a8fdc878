// What the calendar says of one day: the session as a whole, and the plan of each symbol.
import type { CalendarOptions } from '../core/market/calendar.ts';
import { dayOf } from '../core/market/calendar.ts';
import { symbolPlan } from '../core/market/symbol-plan.ts';
import type { IstDate } from '../core/time.ts';
import type { CompactOptions } from './compact.ts';

/** The operator's own days; nothing where there are none. */
export type OwnDays = Omit<CalendarOptions, 'eligibility'>;

/** Compaction by the harvester, by hand and of an import, and a check, all judge by this. */
export function sessionsOn(
  date: IstDate,
  ownDays: OwnDays,
): Required<Pick<CompactOptions, 'session' | 'sessionOf'>> {
  const day = dayOf(date, ownDays);
  return {
    session: day.kind === 'open' ? day.plan : null,
    sessionOf: (symbol, auction) => symbolPlan(date, symbol, { auction }, ownDays),
  };
}
