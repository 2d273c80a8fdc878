// Compacts a closed day: writes its log as Parquet, compresses the logs, and writes a manifest.
// Columns from the calendar are added here and never stored as observed values.
import { RECORDED_COLUMNS, cellIndex } from '../core/recording/columns.ts';
import type { Coverage } from '../core/recording/coverage.ts';
import {
  type DayEvent,
  coverageOf,
  plansIn,
  recordedSession,
  resyncsIn,
  symbolsIn,
} from '../core/recording/day-events.ts';
import { fieldFaultsIn } from '../core/recording/field-faults.ts';
import { type Manifest, manifestOf } from '../core/recording/manifest.ts';
import { type Observed, keyOf, numberAt } from '../core/recording/observed.ts';
import { closeWithin, type Quality, startQuality } from '../core/recording/quality.ts';
import { type RowGroup, collecting } from '../core/recording/row-group.ts';
import { FyersError } from '../core/errors.ts';
import type { SessionPlan } from '../core/market/phases.ts';
import type { SymbolIdentity } from '../core/market/symbol-plan.ts';
import { type Instant, type IstDate, instant } from '../core/time.ts';
import { compactFrames } from './frames.ts';
import type { DayFolder } from './ports.ts';

/**
 * Rows in a Parquet row group: small enough for a small heap, large enough for dictionaries to pay
 * off.
 */
const ROWS_PER_GROUP = 20_000;

export interface CompactOptions {
  readonly folder: DayFolder;
  readonly date: IstDate;
  readonly shard: number;
  /**
   * From the current calendar; the plan that the harvester followed is in the event log. Null: a
   * closed day.
   */
  readonly session: SessionPlan | null;
  /**
   * The same for one symbol; `identity` is the day's symbol event, or null if it has none. Default:
   * `session`.
   */
  readonly sessionOf?: (symbol: string, identity: SymbolIdentity | null) => SessionPlan | null;
  /** Whether the previous session of a symbol ended by auction. Default: false for every symbol. */
  readonly closedByAuction?: (symbol: string, identity: SymbolIdentity | null) => boolean;
}

/**
 * Writes a day's objects, with the manifest last. A day that has a manifest is left unchanged.
 *
 * @throws FyersError `platform.integrity` if the Parquet file fails verification, or if the day has
 * no plan
 */
export async function compactDay(options: CompactOptions): Promise<Manifest> {
  const { folder, date, shard } = options;
  const before = await folder.manifest();
  if (before !== null) return before;
  const events = await folder.events();
  const [first] = plansIn(events);
  if (first === undefined) throw noPlanError(date);
  const source = 'the plan of the event log';
  // A recorded day may be closed in the current calendar, for example after a correction.
  const session = options.session ?? recordedSession(date, { ...first, source });
  const coverage = coverageOf(events);
  const quality = qualityOf(events, options, session);
  const reading = { coverage, quality, tally: newTally() };
  const [parquet, logs] = await waitForBoth(
    folder.writeParquet(RECORDED_COLUMNS, readGroups(folder, reading)),
    folder.zipLogs(),
  );
  const problems = await folder.frames.recover();
  // Stop if raw files remain, because a manifest without their frames would be final. A damaged
  // file does not remain: it becomes a segment that ends with a mark for lost frames.
  if (await folder.frames.hasRaw()) throw framesLeftError(problems);
  const stream = await compactFrames({ folder, events, closesAt: session.closesAt });
  const manifest = manifestOf({
    date,
    shard,
    session,
    everySeconds: first.everySeconds,
    coverage: coverage.summary(session),
    ...reading.tally,
    quality: quality.summary(),
    fieldFaults: fieldFaultsIn(events),
    files: [
      parquet,
      ...logs,
      ...stream.files,
      ...(reading.tally.leftOut.malformed > 0 ? [await folder.quarantine()] : []),
    ],
    frames: stream.frames,
    updates: stream.updates,
  });
  await folder.writeManifest(manifest);
  return manifest;
}

/** Waits for both tasks to end even if one fails, so that the day can be retried safely. */
async function waitForBoth<A, B>(a: Promise<A>, b: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

/** Applies marks and phases from the day's symbol events; the last event of a symbol counts. */
export function qualityOf(
  events: readonly DayEvent[],
  { sessionOf, closedByAuction }: Pick<CompactOptions, 'sessionOf' | 'closedByAuction'>,
  session: SessionPlan,
): Quality {
  const known = symbolsIn(events);
  return startQuality({
    sessionOf: (symbol) => sessionOf?.(symbol, known.get(symbol) ?? null) ?? session,
    planned: recordedHours(events, session),
    tickOf: (symbol) => known.get(symbol)?.tick ?? null,
    lastCloseOf: (symbol) => known.get(symbol)?.lastClose ?? null,
    resyncsOf: resyncsIn(events),
    closeWithinOf: (symbol) => {
      const { tick = null, lastClose = null } = known.get(symbol) ?? {};
      const byAuction = closedByAuction?.(symbol, known.get(symbol) ?? null) ?? false;
      return closeWithin({ symbol, price: lastClose ?? 0, tick, byAuction });
    },
  });
}

/**
 * From the earliest start to the latest end in the plans and the current calendar; null if the
 * current calendar has no phases.
 */
function recordedHours(
  events: readonly DayEvent[],
  session: SessionPlan,
): Pick<SessionPlan, 'opensAt' | 'closesAt'> | null {
  if (session.phases.length === 0) return null;
  const plans = [session, ...plansIn(events)];
  return {
    opensAt: instant(Math.min(...plans.map(({ opensAt }) => opensAt))),
    closesAt: instant(Math.max(...plans.map(({ closesAt }) => closesAt))),
  };
}

const TIMESTAMP = cellIndex('timestamp');

interface Reading {
  readonly coverage: Coverage;
  readonly quality: Quality;
  readonly tally: ReturnType<typeof newTally>;
}

function newTally() {
  return {
    rows: 0,
    leftOut: { duplicate: 0, unplanned: 0, malformed: 0 },
    firstReceivedAt: null as Instant | null,
    lastReceivedAt: null as Instant | null,
  };
}

/** Yields the rows that are not left out, with their derived columns, as row groups. */
async function* readGroups(folder: DayFolder, reading: Reading): AsyncGenerator<RowGroup> {
  const group = collecting(ROWS_PER_GROUP);
  for await (const block of folder.rows()) {
    for (const row of block) {
      if (row === null) reading.tally.leftOut.malformed += 1;
      else if (countRow(row, reading)) {
        const { phase, text } = reading.quality.judge(row);
        group.add(row, [phase?.name ?? null, phase?.certainty ?? null, text]);
      }
      if (group.rows() === ROWS_PER_GROUP) yield group.take();
    }
  }
  if (group.rows() > 0) yield group.take();
}

function countRow(row: Observed, { coverage, tally }: Reading): boolean {
  const { symbol, slot } = keyOf(row);
  const seen = coverage.row(symbol, slot);
  if (seen !== 'new') {
    tally.leftOut[seen] += 1;
    return false;
  }
  const at = instant(numberAt(row, TIMESTAMP));
  tally.rows += 1;
  tally.firstReceivedAt ??= at;
  tally.lastReceivedAt = at;
  return true;
}

function noPlanError(date: IstDate): FyersError {
  return new FyersError(
    'platform.integrity',
    `The event log of ${date} has no plan, so the expected slots are unknown.`,
    'A plan is written before the first row: keep the folder, and report the output of `./fyers logs harvester`.',
  );
}

function framesLeftError(problems: readonly string[]): FyersError {
  return new FyersError(
    'platform.integrity',
    `Frames of the day could not be written as segments. ${problems.join(' ')}`,
    'Nothing was deleted, and the step is retried. `./fyers logs harvester` shows the result; `df -h` shows the free space.',
  );
}
