// What the calendar says of one day: the session as a whole, and the plan of each symbol.
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

/** The operator's own days; nothing where there are none. */
export type OwnDays = Omit<CalendarOptions, 'eligibility'>;

/** Compaction by the harvester, by hand and of an import, and a check, all judge by this. */
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

/** The last one that traded. */
function dayBefore(date: IstDate, ownDays: OwnDays): IstDate {
  const before = addDays(date, -1);
  return dayOf(before, ownDays).kind === 'open' ? before : dayBefore(before, ownDays);
}

/**
 * Whether nothing of that day can come any more.
 * @param planned when the recording of a day that the calendar has as closed was to end; null: with its date
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

/** For rows that were not compacted yet: by what the day's symbol events say, the last one of a symbol. */
export function phasesIn(events: readonly DayEvent[], ownDays: OwnDays): PhaseOfSymbol {
  return phasesBySymbol(symbolsIn(events), ownDays);
}
