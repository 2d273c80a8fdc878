// The lines of a day's event log: what was planned, which slots have no row and why, and what happened besides.
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
import { type Coverage, HOLE_REASONS, startCoverage } from './coverage.ts';

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
});

const hole = z.object({
  event: z.literal('hole'),
  at: instantText,
  reason: z.enum(HOLE_REASONS),
  symbols: z.array(z.string()),
  from: instantText,
  to: instantText,
});

/** What one recorded name stood for on this day, by the broker's symbol master; null where the master did not say. */
const symbol = z.object({
  event: z.literal('symbol'),
  at: instantText,
  symbol: z.string(),
  /** What the operator wrote, where that was another name, such as a front-month alias. */
  alias: z.nullable(z.string()),
  isin: z.nullable(z.string()),
  fyToken: z.nullable(z.string()),
  /** Rupees. */
  tick: z.nullable(z.number()),
  /** Shares or contracts. */
  lot: z.nullable(z.number()),
  /** Whether its close is found by auction; null: unknown. */
  auction: z.nullable(z.boolean()),
  /** A contract's last day; absent of everything else. */
  expiresOn: z.optional(
    z.custom<IstDate>((value) => typeof value === 'string' && parseIstDate(value) !== null),
  ),
  /** Rupees: the last price of the session before, where its end was recorded. */
  lastClose: z.nullable(z.number()),
});

/** Fields of stored rows that the broker's answers did not have in a usable form, since the line before. */
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
  /** What the symbol master, or an alias, did not tell. */
  'symbol-master',
  /** The broker's market status is another one than the calendar's. */
  'market-status',
  /** A clock that was set, a machine that slept, a process that stood still. */
  'time-fault',
] as const;

const note = z.object({
  event: z.enum(NOTES),
  at: instantText,
  message: z.string(),
});

const dayEvent = z.union([plan, hole, symbol, fieldFaults, note]);

export type DayEvent = z.infer<typeof dayEvent>;
export type PlanEvent = z.infer<typeof plan>;
export type SymbolEvent = z.infer<typeof symbol>;
export type FieldFaultsEvent = z.infer<typeof fieldFaults>;
export type NoteEvent = z.infer<typeof note>;

/** In the order in which they were made. */
export function plansIn(events: readonly DayEvent[]): readonly PlanEvent[] {
  return events.filter((event) => event.event === 'plan');
}

/** What was last said of each symbol. */
export function symbolsIn(events: readonly DayEvent[]): ReadonlyMap<string, SymbolEvent> {
  return new Map(
    events.flatMap((event) => (event.event === 'symbol' ? [[event.symbol, event] as const] : [])),
  );
}

/** A day's plans with the holes that its event log explains; rows are to be added. */
export function coverageOf(events: readonly DayEvent[]): Coverage {
  const coverage = startCoverage(plansIn(events));
  for (const event of events) if (event.event === 'hole') coverage.hole(event);
  return coverage;
}

/** The session of a day of which the calendar has none, as it was planned when it was recorded all the same. */
export function recordedSession(date: IstDate, plan: PlanEvent): SessionPlan {
  return withoutPhases({ ...plan, date, certainty: 'provisional' });
}

const INSTANTS = new Set(['at', 'from', 'to', 'opensAt', 'closesAt']);

/** One JSON line without its end; instants in India's time. */
export function eventLine(event: DayEvent): string {
  return JSON.stringify(event, (key, value: unknown) =>
    INSTANTS.has(key) && typeof value === 'number' ? formatIso(instant(value)) : value,
  );
}

/** Null for a line that is not an event: cut short, or of a later version. */
export function parseEventLine(line: string): DayEvent | null {
  try {
    return dayEvent.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

// A day that is not closed yet, as far as it can be judged: nobody can have recorded the future.

/** What the last word of a process makes of the slots after it. */
export function reasonAfter(events: readonly DayEvent[]): 'stopped' | 'not-running' {
  const last = events.findLast(({ event }) => event === 'stopped' || event === 'started');
  return last?.event === 'stopped' ? 'stopped' : 'not-running';
}

/**
 * The day's events with its plans ended where a slot's answers may still be on their way, within two slots of now; after
 * a harvester that was told to stop also with the holes that the next start would write. One that died wrote no word, and
 * might still be at work: its slots stay without a reason.
 */
export function truncateToNow(events: readonly DayEvent[], now: Instant): readonly DayEvent[] {
  // The harvester itself saw the close, whatever this machine's clock says.
  const last = events.findLast(({ event }) => event === 'session-over' || event === 'plan');
  if (last?.event === 'session-over') return events;
  const judged = events.map((event) => (event.event === 'plan' ? endedBy(event, now) : event));
  const reason = reasonAfter(events);
  if (reason !== 'stopped') return judged;
  const holes = judged.flatMap((event): readonly DayEvent[] => {
    if (event.event !== 'plan') return [];
    const { symbols, from, closesAt: to } = event;
    return to <= from ? [] : [{ event: 'hole', at: now, reason, symbols, from, to }];
  });
  return [...judged, ...holes];
}

function endedBy(plan: PlanEvent, now: Instant): PlanEvent {
  const until = plus(now, -2 * plan.everySeconds * SECOND);
  return until < plan.closesAt ? { ...plan, closesAt: until } : plan;
}
