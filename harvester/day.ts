// One day being recorded: rows to the day log, a reason to the event log for every slot that has none.
import { keyOf, coverageOf } from './compact.ts';
import type { DayLogs, Days } from './ports.ts';
import type { DayEvent, NoteEvent, PlanEvent } from '../core/depth/day-events.ts';
import type { Coverage, Hole, HoleReason } from '../core/depth/coverage.ts';
import { dayLogReplaced, tornTailCut } from '../core/depth/events.ts';
import { rowsOf } from '../core/depth/row.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import type { Clock, Events, FeedName, Taken } from '../core/ports.ts';
import type { SamplingPlan } from '../core/config.ts';
import { type Instant, type IstDate, SECOND, plus } from '../core/time.ts';
import { slotAtOrAfter } from '../core/market/slots.ts';

export interface DayOptions {
  readonly days: Days;
  readonly clock: Clock;
  readonly events: Events;
  readonly sampling: SamplingPlan;
  readonly feed: FeedName;
}

export interface RecordingDay {
  /** Slots that passed while nobody recorded, unasked: the last process died. A day's first start has lost none. */
  readonly lost: number;
  /** Rows first, then the holes: what a crash between them leaves open, the next start explains. */
  take(batch: readonly Taken[]): Promise<readonly HoleReason[]>;
  /** Gives a reason to every slot before `until` that has neither a row nor a hole by now, and counts them. */
  settle(until: Instant): Promise<number>;
  note(what: NoteEvent['event'], message: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens or continues a session's day, and explains what earlier processes left without a reason. */
export async function beginDay(options: DayOptions, session: SessionPlan): Promise<RecordingDay> {
  const { days, clock, sampling } = options;
  const logs = await days.open(session.date);
  const past = await days.folder(session.date).events();
  const resume = slotAtOrAfter(session, sampling.everySeconds, clock.now()) ?? session.closesAt;
  const plan = planEvent(options, session, isFirst(past) ? session.opensAt : resume);
  if (logs.cutBytes > 0) await cut(options, logs);
  await logs.record([plan]);
  const holes = await explain(days, logs, clock, session.date, resume);
  await logs.record([noteEvent(clock, 'started', 'Recording')]);
  const died = isFirst(past) ? [] : holes.filter(({ reason }) => reason === 'not-running');
  return { ...recording(options, logs, session.date), lost: slotsIn(died, sampling.everySeconds) };
}

/** Explains the rest of a day that nobody is recording any more. Nothing to do for a day that ended well. */
export async function endDay(
  options: Pick<DayOptions, 'days' | 'clock' | 'events'>,
  date: IstDate,
) {
  const { days, clock } = options;
  const past = await days.folder(date).events();
  const closesAt = past.findLast((event): event is PlanEvent => event.event === 'plan')?.closesAt;
  if (closesAt === undefined || past.at(-1)?.event === 'session-over') return;
  const logs = await days.open(date);
  try {
    if (logs.cutBytes > 0) await cut(options, logs);
    await explain(days, logs, clock, date, closesAt);
    await logs.record([noteEvent(clock, 'session-over', 'Ended afterwards.')]);
  } finally {
    await logs.close();
  }
}

function isFirst(past: readonly DayEvent[]): boolean {
  return !past.some(({ event }) => event === 'plan');
}

async function cut({ events, clock }: Pick<DayOptions, 'events' | 'clock'>, logs: DayLogs) {
  events.emit(tornTailCut(logs.cutBytes));
  const message = `${String(logs.cutBytes)} bytes of unfinished lines`;
  await logs.record([noteEvent(clock, 'torn-tail-cut', message)]);
}

async function explain(
  days: Days,
  logs: DayLogs,
  clock: Clock,
  date: IstDate,
  until: Instant,
  known?: HoleReason,
): Promise<readonly Hole[]> {
  const folder = days.folder(date);
  const past = await folder.events();
  const coverage: Coverage = coverageOf(past);
  for await (const cells of folder.rows()) {
    if (cells === null) continue;
    const { symbol, slot } = keyOf(cells);
    coverage.row(symbol, slot);
  }
  const stopped = past.findLast(({ event }) => event === 'stopped' || event === 'started');
  const reason = known ?? (stopped?.event === 'stopped' ? 'stopped' : 'not-running');
  const holes = coverage.missing(until, reason);
  await logs.record(holes.map((hole) => holeEvent(clock, hole)));
  return holes;
}

function slotsIn(holes: readonly Hole[], everySeconds: number): number {
  return holes.reduce(
    (sum, { symbols, from, to }) => sum + (symbols.length * (to - from)) / (everySeconds * SECOND),
    0,
  );
}

function recording(options: DayOptions, logs: DayLogs, date: IstDate): Omit<RecordingDay, 'lost'> {
  const { days, clock, events, feed, sampling } = options;
  return {
    async take(batch) {
      const rows = rowsOf(feed, batch);
      if (rows.length > 0 && (await logs.append(rows)) === 'replaced') {
        events.emit(dayLogReplaced());
        await logs.record([noteEvent(clock, 'day-log-replaced', 'The disk failed')]);
      }
      const holes = holesOf(batch, sampling.everySeconds);
      await logs.record(holes.map((hole) => holeEvent(clock, hole)));
      return holes.flatMap(({ reason, symbols }) => symbols.map(() => reason));
    },
    // Nobody was away: a slot began and ended while something else took its time.
    settle: async (until) =>
      slotsIn(await explain(days, logs, clock, date, until, 'late'), sampling.everySeconds),
    note: (what, message) => logs.record([noteEvent(clock, what, message)]),
    close: () => logs.close(),
  };
}

/** The holes of a batch, one for each slot and reason. */
function holesOf(batch: readonly Taken[], everySeconds: number): readonly Hole[] {
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

function planEvent(options: DayOptions, session: SessionPlan, from: Instant): PlanEvent {
  const { symbols, everySeconds } = options.sampling;
  const { opensAt, closesAt, name, certainty, source } = session;
  return {
    event: 'plan',
    at: options.clock.now(),
    symbols: [...symbols],
    everySeconds,
    opensAt,
    closesAt,
    from,
    feed: options.feed,
    session: name,
    certainty,
    source,
  };
}

function holeEvent(clock: Clock, { reason, symbols, from, to }: Hole): DayEvent {
  return { event: 'hole', at: clock.now(), reason, symbols: [...symbols], from, to };
}

function noteEvent(clock: Clock, event: NoteEvent['event'], message: string): NoteEvent {
  return { event, at: clock.now(), message };
}
