// Schedules the lookup of a day's symbols, and logs its result to the harvester's log and the day's
// event log.
import * as logEvents from '../core/recording/log.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import type { Logger } from '../core/ports.ts';
import { type Instant, MINUTE, SECOND, plus } from '../core/time.ts';
import type { RecordingDay } from './day.ts';
import { type IntervalTask, every } from './interval.ts';
import type { LoopOptions } from './loop.ts';
import { type DayNames, unresolved } from './symbols.ts';

/**
 * The broker publishes a day's list at 08:30, so it is available by then, with enough time to fetch it.
 */
const LOOKUP_LEAD_MS = 30 * MINUTE;
/** Retry interval for a failed lookup, until the opening. */
const RETRY_INTERVAL_MS = 10 * MINUTE;
/**
 * Real time for a list of fifteen megabytes; shorter in a session, so that the lookup ends within a
 * few slots.
 */
const LOOKUP_TIMEOUT_BEFORE_OPEN_MS = 60 * SECOND;
const LOOKUP_TIMEOUT_IN_SESSION_MS = 8 * SECOND;
/** Delays of the lookups in a session, if a list or a price could not be fetched before. */
const RETRY_DELAYS_IN_SESSION_MS = [1, 2, 5, 10, 20, 30, 60].map((minutes) => minutes * MINUTE);
/**
 * Up to four lists and the prices are fetched one after the other; a sixth of the time is kept in
 * reserve.
 */
const LOOKUP_STEPS = 6;

export interface SymbolLookup {
  /** Looks up the symbols while the session is awaited. */
  readonly step: IntervalTask;
  /** Returns the names found so far. Never throws. */
  found(): Promise<DayNames>;
  /**
   * In a session: starts another lookup if one is due, without waiting for it. Returns names with
   * fewer problems once, when they are found; null otherwise.
   */
  improved(now: Instant): DayNames | null;
}

type LookupOptions = Pick<LoopOptions, 'resolveNames' | 'sampling' | 'signal' | 'clock'>;

export function createSymbolLookup(
  { resolveNames, sampling, signal, clock }: LookupOptions,
  session: SessionPlan,
): SymbolLookup {
  let names: DayNames | null = null;
  const lookUp = async (timeoutMs: number): Promise<DayNames> => {
    const found =
      resolveNames === undefined
        ? unresolved(sampling.symbols, null)
        : await resolveNames(session.date, { timeoutMs, signal });
    // A later lookup may find less, for example if the broker's prices are unavailable.
    if (names === null || problemCount(found) <= problemCount(names)) names = found;
    return names;
  };
  return {
    step: every(plus(session.opensAt, -LOOKUP_LEAD_MS), RETRY_INTERVAL_MS, async () => {
      if (names !== null && problemCount(names) === 0) return;
      const left = (session.opensAt - clock.now()) / LOOKUP_STEPS;
      await lookUp(
        Math.max(LOOKUP_TIMEOUT_IN_SESSION_MS, Math.min(LOOKUP_TIMEOUT_BEFORE_OPEN_MS, left)),
      );
    }),
    found: async () => names ?? (await lookUp(LOOKUP_TIMEOUT_IN_SESSION_MS)),
    improved: retriesOf(
      () => names,
      () => lookUp(LOOKUP_TIMEOUT_BEFORE_OPEN_MS),
    ),
  };
}

function retriesOf(
  latest: () => DayNames | null,
  lookUp: () => Promise<DayNames>,
): SymbolLookup['improved'] {
  let [attempts, isLooking]: [number, boolean] = [0, false];
  let since: Instant | null = null;
  let better: DayNames | null = null;
  return (now) => {
    const found = better;
    better = null;
    const names = latest();
    const delay = RETRY_DELAYS_IN_SESSION_MS[attempts];
    if (found !== null || isLooking || names?.mayImprove !== true || delay === undefined) {
      return found;
    }
    // If the clock was set back, the delay starts again.
    if (since === null || now < since) since = now;
    if (now - since < delay) return null;
    [attempts, isLooking, since] = [attempts + 1, true, null];
    void lookUp().then((again) => {
      isLooking = false;
      if (problemCount(again) < problemCount(names)) better = again;
    });
    return null;
  };
}

function problemCount({ unknown, problems }: DayNames): number {
  return unknown.length + problems.length;
}

/** Logs to the day's event log and to the harvester's log. */
export async function logSymbols(
  { facts, unknown, problems }: DayNames,
  events: Logger,
  day: Pick<RecordingDay, 'identify' | 'note'>,
): Promise<void> {
  await day.identify(facts);
  const aliases = new Map<string, string[]>();
  for (const { alias, symbol } of facts) {
    if (alias === null) continue;
    const symbols = aliases.get(alias) ?? [];
    symbols.push(symbol);
    aliases.set(alias, symbols);
  }
  if (aliases.size > 0) events.log(logEvents.symbolsNamed(aliases));
  for (const { alias, why } of unknown) {
    events.log(logEvents.aliasUnknown(alias, why));
    await day.note('symbol-master', `${alias}: ${why}`);
  }
  if (problems.length === 0) return;
  events.log(logEvents.symbolMasterIncomplete(problems));
  await day.note('symbol-master', problems.join('; '));
}
