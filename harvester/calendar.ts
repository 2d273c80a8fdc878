// Reads the calendar for one date: the session and the plan of each symbol.
import { type DayEvent, symbolsIn } from '../core/recording/day-events.ts';
import { type CalendarOverrides, dayOf } from '../core/market/calendar.ts';
import {
  type PhaseOfSymbol,
  type SymbolIdentity,
  phasesBySymbol,
  symbolPlan,
} from '../core/market/symbol-plan.ts';
import { type Instant, type IstDate, addDays, istDateAt } from '../core/time.ts';
import type { CompactOptions } from './compact.ts';

/** The calendar that a running harvester follows: `overrides` are those of the last `refresh`. */
export interface TradingCalendar extends CalendarOverrides {
  /**
   * Reads the overrides again; true if they changed. Absent if they cannot change. Never throws.
   */
  refresh?(): Promise<boolean>;
}

/**
 * Shared by compaction (automatic, manual and import) and by the check, so that all apply the same
 * calendar.
 */
export function sessionsOn(
  date: IstDate,
  calendar: CalendarOverrides,
): Required<Pick<CompactOptions, 'session' | 'sessionOf' | 'closedByAuction'>> {
  const day = dayOf(date, calendar);
  return {
    session: day.kind === 'open' ? day.plan : null,
    sessionOf: (symbol, identity) => symbolPlan(date, symbol, identity, calendar),
    closedByAuction: (symbol, identity) =>
      identity?.auction === true &&
      hadAuction(dayBefore(date, calendar), symbol, identity, calendar),
  };
}

function hadAuction(
  date: IstDate,
  symbol: string,
  identity: SymbolIdentity,
  calendar: CalendarOverrides,
): boolean {
  const plan = symbolPlan(date, symbol, identity, calendar);
  return plan?.phases.some(({ name }) => name === 'CAS_MATCH') ?? false;
}

/** The previous trading day. */
function dayBefore(date: IstDate, calendar: CalendarOverrides): IstDate {
  const before = addDays(date, -1);
  return dayOf(before, calendar).kind === 'open' ? before : dayBefore(before, calendar);
}

/**
 * Returns whether a day can receive no more rows.
 *
 * @param planned the planned end of a recording on a day that is closed in the calendar; null for the
 * end of the date
 */
export function isOver(
  date: IstDate,
  now: Instant,
  calendar: CalendarOverrides,
  planned: Instant | null = null,
): boolean {
  const closesAt = sessionsOn(date, calendar).session?.closesAt ?? planned;
  return date < istDateAt(now) || (closesAt !== null && now >= closesAt);
}

/** Phases for rows that are not compacted yet, from the last symbol event of each symbol. */
export function phasesIn(events: readonly DayEvent[], calendar: CalendarOverrides): PhaseOfSymbol {
  return phasesBySymbol(symbolsIn(events), calendar);
}
