// Defines the lines of a day's event log (JSON lines): plans, slots without a row and their reason, symbol facts, field faults
// and notes. Each start of the harvester writes a plan; a later plan replaces the rest of an earlier one. A slot that is
// neither in the day log nor in a hole is unexplained. `truncateToNow` ends a running day's plans at the current time.
import * as z from 'zod/mini';
import { type SessionPlan, withoutPhases } from '../market/phases.ts';
import {
  formatIso,
  instant,
  type Instant,
  type IstDate,
  parseInstant,
  parseIstDate,
  plus,
  SECOND,
} from '../time.ts';
import { type Coverage, HOLE_REASONS, type HoleReason, startCoverage } from './coverage.ts';

const instantText = z.pipe(
  z.iso.datetime({ offset: true, precision: 3 }),
  z.transform((text) => parseInstant(text)),
);

const plan = z.object({
  event: z.literal('plan'),
  at: instantText,
  symbols: z.array(z.string()).check(z.minLength(1)),
  everySeconds: z.number().check(z.positive()),
  opensAt: instantText,
  closesAt: instantText,
  from: instantText,
  feed: z.string(),
  session: z.string(),
  certainty: z.string(),
  source: z.string(),
  /** The host that is used instead of Fyers' own API; absent for Fyers. */
  broker: z.optional(z.string()),
});

const hole = z.object({
  event: z.literal('hole'),
  at: instantText,
  reason: z.enum(HOLE_REASONS),
  symbols: z.array(z.string()),
  from: instantText,
  to: instantText,
});

/** A recorded symbol's facts on this day, from the broker's symbol master; null if the master does not have them. */
const symbol = z.object({
  event: z.literal('symbol'),
  at: instantText,
  symbol: z.string(),
  /** The operator's name for it if it differs, such as a front-month alias. */
  alias: z.nullable(z.string()),
  /** The number of symbols of a group; absent for other aliases. */
  members: z.optional(z.number()),
  isin: z.nullable(z.string()),
  fyToken: z.nullable(z.string()),
  /** Rupees. */
  tick: z.nullable(z.number()),
  /** Shares or contracts. */
  lot: z.nullable(z.number()),
  /** Whether an auction determines its close; null if unknown. */
  auction: z.nullable(z.boolean()),
  /** A contract's last day; absent for other symbols. */
  expiresOn: z.optional(
    z.custom<IstDate>((value) => typeof value === 'string' && parseIstDate(value) !== null),
  ),
  /** The last price of the session before in rupees, if its end was recorded. */
  lastClose: z.nullable(z.number()),
});

/** Fields of stored rows without a usable value in the broker's answers, since the previous such line. */
const fieldFaults = z.object({
  event: z.literal('field-faults'),
  at: instantText,
  symbols: z.array(z.string()),
  /** Rows by field, under the broker's name. */
  rows: z.record(z.string(), z.number()),
});

const NOTES = [
  'started',
  'stopped',
  'token-in-use',
  'torn-tail-cut',
  'day-log-replaced',
  'session-over',
  /** Facts that are missing in the symbol master, or an unresolved alias. */
  'symbol-master',
  /** The broker's market status differs from the calendar. */
  'market-status',
  /** The clock was set, the machine slept, or the process stalled. */
  'time-fault',
  'socket-open',
  'socket-closed',
  /** A symbol needs a new snapshot: its stream skipped or repeated a number, or could not be read. */
  'resync',
  'stream-refused',
  /** Frames by symbol since the last such line. */
  'delivery',
  /** Frames of a stream that are not in the frame log. */
  'frames-lost',
] as const;

const note = z.object({
  event: z.enum(NOTES),
  at: instantText,
  message: z.string(),
  /** The symbols whose books an event of a stream concerns; absent: all. */
  symbols: z.optional(z.array(z.string())),
});

const dayEvent = z.union([plan, hole, symbol, fieldFaults, note]);

export type DayEvent = z.infer<typeof dayEvent>;
export type PlanEvent = z.infer<typeof plan>;
export type SymbolEvent = z.infer<typeof symbol>;
export type FieldFaultsEvent = z.infer<typeof fieldFaults>;
export type NoteEvent = z.infer<typeof note>;

/** Returns the symbols of all plans of the day. */
export function plannedSymbols(events: readonly DayEvent[]): ReadonlySet<string> {
  return new Set(plansIn(events).flatMap(({ symbols }) => symbols));
}

/** Oldest first. */
export function plansIn(events: readonly DayEvent[]): readonly PlanEvent[] {
  return events.filter((event) => event.event === 'plan');
}

/** The latest facts of each symbol. */
export function symbolsIn(events: readonly DayEvent[]): ReadonlyMap<string, SymbolEvent> {
  return new Map(
    events.flatMap((event) => (event.event === 'symbol' ? [[event.symbol, event] as const] : [])),
  );
}

/** Such a hole ends with a new snapshot. */
const STREAM_HOLES: ReadonlySet<HoleReason> = new Set([
  'socket-closed',
  'no-snapshot',
  'sequence-gap',
  'silent',
  'stream-refused',
]);

/**
 * Returns when the stream of each symbol began again: after a gap, and with each connection after the first of the day.
 * The first row at or after such an instant comes from a new snapshot.
 */
export function resyncsIn(events: readonly DayEvent[]): (symbol: string) => readonly Instant[] {
  const [all, own] = [[] as Instant[], new Map<string, Instant[]>()];
  const connected = new Set<string>();
  const add = (symbol: string, at: Instant, continues: Instant | null = null): void => {
    const list = own.get(symbol) ?? [];
    own.set(symbol, list);
    // Consecutive holes are one gap.
    if (continues !== null && list.at(-1) === continues) list.pop();
    list.push(at);
  };
  for (const event of events) {
    if (event.event === 'hole' && STREAM_HOLES.has(event.reason)) {
      for (const symbol of event.symbols) add(symbol, event.to, event.from);
    } else if (event.event === 'resync') {
      for (const symbol of event.symbols ?? []) add(symbol, event.at);
    } else if (event.event === 'socket-open') {
      const key = event.symbols?.join() ?? '*';
      if (connected.has(key)) {
        if (event.symbols === undefined) all.push(event.at);
        else for (const symbol of event.symbols) add(symbol, event.at);
      }
      connected.add(key);
    }
  }
  return (symbol) => [...all, ...(own.get(symbol) ?? [])].sort((a, b) => a - b);
}

/** A day's plans with the holes of its event log. The caller adds the rows. */
export function coverageOf(events: readonly DayEvent[]): Coverage {
  const coverage = startCoverage(plansIn(events));
  for (const event of events) if (event.event === 'hole') coverage.hole(event);
  return coverage;
}

/** The session of a recorded day that is closed in the calendar, from its recorded plan. */
export function recordedSession(date: IstDate, plan: PlanEvent): SessionPlan {
  return withoutPhases({ ...plan, date, certainty: 'provisional' });
}

const INSTANTS = new Set(['at', 'from', 'to', 'opensAt', 'closesAt']);

/** One JSON line without its line end; instants in Indian time. */
export function eventLine(event: DayEvent): string {
  return JSON.stringify(event, (key, value: unknown) =>
    INSTANTS.has(key) && typeof value === 'number' ? formatIso(instant(value)) : value,
  );
}

/** Returns null if the line is not an event: cut short, or of a later version. */
export function parseEventLine(line: string): DayEvent | null {
  try {
    return dayEvent.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** Reason for slots after the last process event: stopped if it shut down cleanly, otherwise not-running. */
export function reasonAfter(events: readonly DayEvent[]): 'stopped' | 'not-running' {
  const last = events.findLast(({ event }) => event === 'stopped' || event === 'started');
  return last?.event === 'stopped' ? 'stopped' : 'not-running';
}

/**
 * Ends the day's plans two slots before now, as later answers may still be in transit. After a clean stop it also adds the
 * holes that the next start would write. A harvester without a stop event may have crashed or may still run, so its slots
 * stay without a reason.
 */
export function truncateToNow(events: readonly DayEvent[], now: Instant): readonly DayEvent[] {
  // The harvester logged the close, so the plans end at it, regardless of this machine's clock.
  const last = events.findLast(({ event }) => event === 'session-over' || event === 'plan');
  if (last?.event === 'session-over') return events;
  const judged = events.map((event) => (event.event === 'plan' ? truncatePlan(event, now) : event));
  const reason = reasonAfter(events);
  if (reason !== 'stopped') return judged;
  const holes = judged.flatMap((event): readonly DayEvent[] => {
    if (event.event !== 'plan') return [];
    const { symbols, from, closesAt: to } = event;
    return to <= from ? [] : [{ event: 'hole', at: now, reason, symbols, from, to }];
  });
  return [...judged, ...holes];
}

function truncatePlan(plan: PlanEvent, now: Instant): PlanEvent {
  const until = plus(now, -2 * plan.everySeconds * SECOND);
  return until < plan.closesAt ? { ...plan, closesAt: until } : plan;
}
