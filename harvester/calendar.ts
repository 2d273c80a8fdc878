// Reads the calendar for one date: the session and the plan of each symbol.
import { type DayEvent, symbolsIn } from '../core/recording/day-events.ts';
import type { CalendarOptions } from '../core/market/calendar.ts';
import { dayOf } from '../core/market/calendar.ts';
import {
  type PhaseOfSymbol,
  type SymbolIdentity,
  phasesBySymbol,
  symbolPlan,
} from '../core/market/symbol-plan.ts';
import { type Instant, type IstDate, addDays, istDateAt } from '../core/time.ts';
import type { CompactOptions } from './compact.ts';

/** The operator's calendar overrides; may be empty. */
export type OwnDays = Omit<CalendarOptions, 'eligibility'>;

/**
 * Shared by compaction (automatic, manual and import) and by the check, so that all apply the same
 * calendar.
 */
export function sessionsOn(
  date: IstDate,
  ownDays: OwnDays,
): Required<Pick<CompactOptions, 'session' | 'sessionOf' | 'closedByAuction'>> {
  const day = dayOf(date, ownDays);
  return {
    session: day.kind === 'open' ? day.plan : null,
    sessionOf: (symbol, identity) => symbolPlan(date, symbol, identity, ownDays),
    closedByAuction: (symbol, identity) =>
      identity?.auction === true && hadAuction(dayBefore(date, ownDays), symbol, identity, ownDays),
  };
}

function hadAuction(
  date: IstDate,
  symbol: string,
  identity: SymbolIdentity,
  ownDays: OwnDays,
): boolean {
  const plan = symbolPlan(date, symbol, identity, ownDays);
  return plan?.phases.some(({ name }) => name === 'CAS_MATCH') ?? false;
}

/** The previous trading day. */
function dayBefore(date: IstDate, ownDays: OwnDays): IstDate {
  const before = addDays(date, -1);
  return dayOf(before, ownDays).kind === 'open' ? before : dayBefore(before, ownDays);
}

/**
 * Whether a day can receive no more rows.
 *
 * @param planned planned end of a recording on a day that the calendar has as closed; null: the end
 * of the date
 */
export function isOver(
  date: IstDate,
  now: Instant,
  ownDays: OwnDays,
  planned: Instant | null = null,
): boolean {
  const closesAt = sessionsOn(date, ownDays).session?.closesAt ?? planned;
  return date < istDateAt(now) || (closesAt !== null && now >= closesAt);
}

/** Phases for rows that are not compacted yet, from the last symbol event of each symbol. */
export function phasesIn(events: readonly DayEvent[], ownDays: OwnDays): PhaseOfSymbol {
  return phasesBySymbol(symbolsIn(events), ownDays);
}
