// Records one day. Rows go to the day log; every slot without a row gets a reason (a hole) in the
// event log. A batch writes its rows first and its holes second. If the process crashes between the
// two, the next start finds the slots that have neither and writes holes for them. If the disk
// refuses a write, the rows are lost and that is logged, but the process continues. Fields without
// a usable value are counted in the event log, and the first of a day is reported to the operator.
import { type Row, rowsOf } from '../core/recording/columns.ts';
import type { Coverage, Hole, HoleReason } from '../core/recording/coverage.ts';
import {
  coverageOf,
  type DayEvent,
  type FieldFaultsEvent,
  type NoteEvent,
  type PlanEvent,
  plansIn,
  reasonAfter,
} from '../core/recording/day-events.ts';
import { dayLogReplaced, diskRefuses, fieldsUnusable, tornTailCut } from '../core/recording/log.ts';
import { type DepthField, fieldFaultsIn } from '../core/recording/field-faults.ts';
import { keyOf } from '../core/recording/observed.ts';
import { FyersError } from '../core/errors.ts';
import { type SessionPlan, slotAtOrAfter } from '../core/market/phases.ts';
import type { Clock, Logger, FeedName, SlotResult } from '../core/ports.ts';
import { counted } from '../core/text.ts';
import { type Instant, type IstDate, MINUTE, plus, SECOND } from '../core/time.ts';
import type { DayFolder, DayLogs, Days } from './ports.ts';
import type { SymbolFacts } from './symbols.ts';

interface DayOptions {
  readonly days: Days;
  readonly clock: Clock;
  readonly events: Logger;
  readonly sampling: { readonly symbols: readonly string[]; readonly everySeconds: number };
  readonly feed: FeedName;
  /** The host that is used instead of Fyers' own API; null or absent for Fyers. */
  readonly broker?: string | null;
}

export interface RecordingDay {
  /**
   * Slots that were not recorded because the last process crashed or this one missed the opening. A
   * first start during the session has lost none.
   */
  readonly missedSlots: number;
  /**
   * Writes rows first, then holes, so that the next start can explain slots that a crash leaves
   * open.
   */
  take(batch: readonly SlotResult[]): Promise<readonly HoleReason[]>;
  /**
   * Writes a hole for every slot before `until` that has neither a row nor a hole, and returns the
   * count.
   */
  explainMissing(until: Instant): Promise<number>;
  note(
    what: NoteEvent['event'],
    message: string,
    about?: { readonly at?: Instant; readonly symbols?: readonly string[] },
  ): Promise<void>;
  /** Plans these symbols from the next slot on, replacing the earlier symbols. */
  replan(symbols: readonly string[]): Promise<void>;
  /**
   * Records the facts of the day's symbols. Facts that an earlier process wrote are not written
   * again.
   */
  identify(facts: readonly SymbolFacts[]): Promise<void>;
  /** Where the day's logs end on disk; null if the disk has refused a write. */
  readonly ends: DayLogs['ends'];
  close(): Promise<void>;
}

/**
 * Opens or continues a session's day, and writes holes for the slots that earlier processes left
 * unexplained.
 *
 * @param missed why this process missed the opening that it waited for; null if it did not
 */
export async function openDay(
  options: DayOptions,
  session: SessionPlan,
  missed: HoleReason | null = null,
): Promise<RecordingDay> {
  const { days, clock, sampling } = options;
  const logs = await days.open(session.date);
  const journal = createDayWriter(options, logs);
  const folder = days.folder(session.date);
  const past = await folder.events();
  const resume = slotAtOrAfter(session, sampling.everySeconds, clock.now()) ?? session.closesAt;
  const plan = planEvent(options, session, isFirstStart(past) ? session.opensAt : resume);
  if (logs.cutBytes > 0) await recordTornTail(options, journal, logs.cutBytes);
  await journal.record([plan]);
  // Include this start's plan explicitly: if the disk refuses writes, the plan is not in the log
  // yet.
  const holes = await findMissing(folder, [...past, plan], resume, missed ?? undefined);
  await journal.record(holes.map((hole) => holeEvent(clock, hole)));
  await journal.record([noteEvent(clock, 'started', 'Recording')]);
  const died = isFirstStart(past) ? [] : holes.filter(({ reason }) => reason === 'not-running');
  const lostHoles = missed === null ? died : holes;
  const fields = fieldFaultLog({ ...options, journal, date: session.date, past });
  return {
    ...recording(options, journal, folder, fields),
    missedSlots: slotsIn(lostHoles, sampling.everySeconds),
    identify: (facts) => {
      const known = past.filter((event) => event.event === 'symbol');
      return journal.record(
        facts
          .filter((fact) => !known.some((event) => isAbout(event, fact)))
          .map((fact) => ({ event: 'symbol', at: clock.now(), ...fact })),
      );
    },
    async replan(symbols) {
      const from = slotAtOrAfter(session, sampling.everySeconds, clock.now());
      if (from === null) return;
      const changed = { ...options, sampling: { ...sampling, symbols } };
      await journal.record([planEvent(changed, session, from)]);
    },
    ends: logs.ends,
    async close() {
      await fields.flush();
      await logs.close();
    },
  };
}

function isAbout(event: SymbolFacts, { symbol, alias, fyToken, members }: SymbolFacts): boolean {
  return (
    event.symbol === symbol &&
    event.alias === alias &&
    event.fyToken === fyToken &&
    event.members === members
  );
}

/**
 * Writes holes for the rest of a day that is no longer recorded. Does nothing if the day ended
 * normally.
 */
export async function closeDayLog(
  options: Pick<DayOptions, 'days' | 'clock' | 'events'>,
  date: IstDate,
) {
  const { days, clock } = options;
  const past = await days.folder(date).events();
  const closesAt = plansIn(past).at(-1)?.closesAt;
  if (closesAt === undefined || past.at(-1)?.event === 'session-over') return;
  const logs = await days.open(date);
  try {
    if (logs.cutBytes > 0) await recordTornTail(options, logs, logs.cutBytes);
    const folder = days.folder(date);
    const holes = await findMissing(folder, await folder.events(), closesAt);
    await logs.record(holes.map((hole) => holeEvent(clock, hole)));
    await logs.record([noteEvent(clock, 'session-over', 'Closed by a later process.')]);
  } finally {
    await logs.close();
  }
}

function isFirstStart(past: readonly DayEvent[]): boolean {
  return plansIn(past).length === 0;
}

/**
 * True if a day folder has neither a plan nor a row, because its process crashed or its disk refused
 * writes before the first one.
 */
export async function isEmpty(folder: DayFolder): Promise<boolean> {
  if (plansIn(await folder.events()).length > 0) return false;
  for await (const block of folder.rows()) for (const _ of block) return false;
  return true;
}

async function recordTornTail(
  { events, clock }: Pick<DayOptions, 'events' | 'clock'>,
  log: Pick<DayWriter, 'record'>,
  bytes: number,
) {
  events.log(tornTailCut(bytes));
  const message = `${counted(bytes, 'byte')} of an incomplete line`;
  await log.record([noteEvent(clock, 'torn-tail-cut', message)]);
}

/**
 * Returns the slots before `until` that have neither a row nor a hole.
 *
 * @param known the reason; default: that of the last process event
 */
async function findMissing(
  folder: DayFolder,
  events: readonly DayEvent[],
  until: Instant,
  known?: HoleReason,
): Promise<readonly Hole[]> {
  const coverage: Coverage = coverageOf(events);
  for await (const block of folder.rows()) {
    for (const row of block) {
      if (row === null) continue;
      const { symbol, slot } = keyOf(row);
      coverage.row(symbol, slot);
    }
  }
  return coverage.missing(until, known ?? reasonAfter(events));
}

function slotsIn(holes: readonly Hole[], everySeconds: number): number {
  return holes.reduce(
    (sum, { symbols, from, to }) => sum + (symbols.length * (to - from)) / (everySeconds * SECOND),
    0,
  );
}

function recording(
  { clock, feed, sampling }: DayOptions,
  journal: DayWriter,
  folder: DayFolder,
  fields: FieldFaultLog,
): Omit<RecordingDay, 'missedSlots' | 'ends' | 'close' | 'identify' | 'replan'> {
  const recordHoles = async (holes: readonly Hole[]): Promise<void> => {
    await journal.record(holes.map((hole) => holeEvent(clock, hole)));
  };
  return {
    async take(batch) {
      const rows = rowsOf(feed, batch);
      const stored = rows.length === 0 ? 'appended' : await journal.append(rows);
      if (stored === 'replaced') {
        await journal.record([noteEvent(clock, 'day-log-replaced', 'The disk failed')]);
      }
      const results = stored === 'refused' ? batch.map(markRefused) : batch;
      const holes = holesOf(results, sampling.everySeconds);
      await fields.addBatch(results);
      await recordHoles(holes);
      return holes.flatMap(({ reason, symbols }) => symbols.map(() => reason));
    },
    async explainMissing(until) {
      // The process was running, so another step took too long and the slot passed.
      const holes = await findMissing(folder, await folder.events(), until, 'late');
      await recordHoles(holes);
      return slotsIn(holes, sampling.everySeconds);
    },
    async note(what, message, { at, symbols } = {}) {
      // Flush first, so that the event that ends the day is its last line.
      await fields.flush();
      const note = { ...noteEvent(clock, what, message), ...(at === undefined ? {} : { at }) };
      await journal.record([symbols === undefined ? note : { ...note, symbols: [...symbols] }]);
    },
  };
}

function markRefused(taken: SlotResult): SlotResult {
  if (taken.kind === 'hole') return taken;
  const { symbol, slot, sentAt, receivedAt } = taken;
  return { symbol, slot, sentAt, receivedAt, kind: 'hole', reason: 'disk' };
}

/** Returns the holes of a batch, one for each slot and reason. */
function holesOf(batch: readonly SlotResult[], everySeconds: number): readonly Hole[] {
  const byKey = Map.groupBy(
    batch.flatMap((taken) => (taken.kind === 'hole' ? [taken] : [])),
    ({ slot, reason }) => `${String(slot)} ${reason}`,
  );
  return [...byKey.values()].flatMap((taken) => {
    const [first] = taken;
    if (first === undefined) return [];
    const { slot, reason } = first;
    const symbols = taken.map(({ symbol }) => symbol);
    return [{ reason, symbols, from: slot, to: plus(slot, everySeconds * SECOND) }];
  });
}

export function planEvent(
  { clock, sampling, feed, broker }: Pick<DayOptions, 'clock' | 'sampling' | 'feed' | 'broker'>,
  session: SessionPlan,
  from: Instant,
): PlanEvent {
  const { opensAt, closesAt, name, certainty, source } = session;
  return {
    event: 'plan',
    at: clock.now(),
    symbols: [...sampling.symbols],
    everySeconds: sampling.everySeconds,
    opensAt,
    closesAt,
    from,
    feed,
    session: name,
    certainty,
    source,
    ...(typeof broker === 'string' ? { broker } : {}),
  };
}

function holeEvent(clock: Clock, { reason, symbols, from, to }: Hole): DayEvent {
  return { event: 'hole', at: clock.now(), reason, symbols: [...symbols], from, to };
}

function noteEvent(clock: Clock, event: NoteEvent['event'], message: string): NoteEvent {
  return { event, at: clock.now(), message };
}

interface DayWriter {
  /** refused: the rows are not on disk and are dropped. */
  append(rows: readonly Row[]): Promise<'appended' | 'replaced' | 'refused'>;
  /** Lines that the disk refuses are kept and written before the next ones. */
  record(events: readonly DayEvent[]): Promise<void>;
}

function createDayWriter({ events }: { readonly events: Logger }, logs: DayLogs): DayWriter {
  let refusing = false;
  const writeOrRefuse = async <T>(write: () => Promise<T>): Promise<T | 'refused'> => {
    try {
      const done = await write();
      refusing = false;
      return done;
    } catch (caught) {
      if (!(caught instanceof FyersError && caught.code === 'platform.disk')) throw caught;
      if (!refusing) events.log(diskRefuses(caught.message));
      refusing = true;
      return 'refused';
    }
  };
  return {
    async append(rows) {
      const stored = await writeOrRefuse(() => logs.append(rows));
      if (stored === 'replaced') events.log(dayLogReplaced());
      return stored;
    },
    async record(lines) {
      await writeOrRefuse(() => logs.record(lines));
    },
  };
}

interface FieldFaultLog {
  /** Counts the field faults of stored rows. A field that is new to the day is written at once. */
  addBatch(stored: readonly SlotResult[]): Promise<void>;
  /** Writes the counts since the last line. */
  flush(): Promise<void>;
}

interface FieldFaultLogOptions {
  readonly clock: Clock;
  readonly events: Logger;
  readonly journal: Pick<DayWriter, 'record'>;
  readonly date: IstDate;
  /** The day's events from earlier processes. */
  readonly past: readonly DayEvent[];
}

/**
 * A crash loses at most these counts, and a day with a fault in every row gets about a hundred
 * lines.
 */
const WRITE_INTERVAL_MS = 5 * MINUTE;

function fieldFaultLog(options: FieldFaultLogOptions): FieldFaultLog {
  const { clock, events, journal, date } = options;
  const known = new Set<DepthField>(fieldFaultsIn(options.past).map(({ field }) => field));
  let writtenAt: Instant = clock.now();
  let rows: Partial<Record<DepthField, number>> = {};
  const symbols = new Set<string>();
  const flush = async (): Promise<void> => {
    if (symbols.size === 0) return;
    const line: FieldFaultsEvent = {
      event: 'field-faults',
      at: clock.now(),
      symbols: [...symbols],
      rows,
    };
    writtenAt = clock.now();
    rows = {};
    symbols.clear();
    await journal.record([line]);
  };
  return {
    async addBatch(stored) {
      const fresh = new Set<DepthField>();
      for (const taken of stored) {
        if (taken.kind === 'hole') continue;
        for (const field of taken.faults ?? []) {
          rows[field] = (rows[field] ?? 0) + 1;
          symbols.add(taken.symbol);
          if (!known.has(field)) fresh.add(field);
        }
      }
      if (fresh.size > 0) {
        events.log(fieldsUnusable(date, [...fresh], { isFirst: known.size === 0 }));
        for (const field of fresh) known.add(field);
      }
      // Absolute difference, because the clock may have been set back.
      const isDue = Math.abs(clock.now() - writtenAt) >= WRITE_INTERVAL_MS;
      if (fresh.size > 0 || isDue) await flush();
    },
    flush,
  };
}
