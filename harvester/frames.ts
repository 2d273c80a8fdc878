// Counts, compacts and uploads the segments of a day's frame log. A day with a damaged segment is closed
// too: the segment's number of frames is null, and a gap in the updates begins there.
import { OBJECTS, UPDATES_FILE } from '../core/config/names.ts';
import { nullIfDamaged } from '../core/errors.ts';
import type { ObjectStore } from '../core/ports.ts';
import { type DayEvent, plannedSymbols } from '../core/recording/day-events.ts';
import type { FileFacts, FrameFacts, FrameFile, UpdateFacts } from '../core/recording/manifest.ts';
import type { RowGroup } from '../core/recording/row-group.ts';
import { type FrameRecord, instantOf, parseMark } from '../core/stream/frame-log.ts';
import {
  type SymbolRange,
  UPDATE_COLUMNS,
  UPDATE_WIDTH,
  gapNumbers,
  updateGroup,
  updateNumbers,
} from '../core/stream/update-rows.ts';
import {
  bookTopicsIn,
  followUpdates,
  type Gap,
  type UpdateFollower,
} from '../core/stream/updates.ts';
import { formatIso, type Instant, type IstDate } from '../core/time.ts';
import type { DayFolder, DayFrames, UpdateSpill } from './ports.ts';

/**
 * Reads every segment. Returns null if the day has none, because its feed polls.
 *
 * @throws errors of the disk, because a segment that the disk cannot read may be undamaged
 */
export async function countFrames(
  frames: Pick<DayFrames, 'names' | 'read' | 'facts'>,
  follower?: Pick<UpdateFollower, 'apply' | 'interrupt'>,
): Promise<FrameFacts | null> {
  const names = await frames.names();
  if (names.length === 0) return null;
  const tally = { frames: 0, bytes: 0, badFrames: 0, lostFrames: 0 };
  const connections = new Map<string, number>();
  const files: FrameFile[] = [];
  for (const name of names) {
    using records = await nullIfDamaged(frames.read(name));
    if (records === null) follower?.interrupt();
    const before = tally.frames;
    for (const record of records ?? []) {
      countRecord(record, tally, connections);
      follower?.apply(record);
    }
    const counted = records === null ? null : tally.frames - before;
    files.push({ ...(await frames.facts(name)), frames: counted });
  }
  const sockets = [...connections].map(([name, count]) => ({ name, connections: count }));
  return { ...tally, sockets, files };
}

function countRecord(
  { kind, bytes }: FrameRecord,
  tally: Record<'frames' | 'bytes' | 'badFrames' | 'lostFrames', number>,
  connections: Map<string, number>,
): void {
  if (kind === 'frame') {
    tally.frames += 1;
    tally.bytes += bytes.length;
    return;
  }
  const mark = parseMark(bytes);
  if (mark?.mark === 'bad-frame') tally.badFrames += 1;
  if (mark?.mark === 'lost') tally.lostFrames += mark.frames;
  if (mark?.mark === 'opened') connections.set(mark.name, (connections.get(mark.name) ?? 0) + 1);
}

// `updates.parquet` is made in two passes, because frames mix the symbols but the file is sorted by symbol. The first
// pass decodes each segment once and spills the messages of each symbol to disk; the second pass converts them to rows.
// Neither pass keeps more than a part of the day in memory.

/** A file with very many rows has larger groups, because the metadata of each group takes memory. */
const [MIN_ROWS_PER_GROUP, MAX_ROWS_PER_GROUP, GROUPS] = [20_000, 120_000, 1_000];
/** Maximum number of gaps that the manifest lists for a symbol. The file's rows have all gaps. */
const MAX_GAPS_LISTED = 50;

interface CompactionOptions {
  readonly folder: DayFolder;
  readonly events: readonly DayEvent[];
  /** Gaps that begin at or after the close are not counted: they are the end of the session. */
  readonly closesAt: Instant;
}

interface StreamFiles {
  /** Both are null if the day has no frames, because its feed polls. */
  readonly frames: FrameFacts | null;
  readonly updates: UpdateFacts | null;
  readonly files: readonly FileFacts[];
}

/** @throws errors of the disk, and as `writeParquet` does; the next call begins again */
export async function compactFrames({
  folder,
  events,
  closesAt,
}: CompactionOptions): Promise<StreamFiles> {
  if ((await folder.frames.names()).length === 0) return { frames: null, updates: null, files: [] };
  const symbols = plannedSymbols(events);
  using spill = folder.updateSpill(symbols.size);
  const counts = new Map<string, number>();
  const updates = followUpdates(bookTopicsIn(events), {
    update(book, reason, places) {
      counts.set(book.symbol, (counts.get(book.symbol) ?? 0) + 1);
      spill.add(book.symbol, updateNumbers(book, reason, places));
    },
    gap(begin) {
      spill.add(begin.symbol, gapNumbers(begin));
    },
  });
  const frames = await countFrames(folder.frames, updates);
  updates.end();
  const groups = groupsOf(spill);
  const file = await folder.writeParquet(UPDATE_COLUMNS, groups, UPDATES_FILE);
  return { frames, updates: factsOf(spill, counts, updates, closesAt), files: [file] };
}

/**
 * Groups rows. Symbols with few rows share a group, because each group costs memory and file size. A symbol that does
 * not fit into the rest of a group begins the next one.
 */
function* groupsOf(spill: UpdateSpill): Generator<RowGroup> {
  const symbols = spill.symbols().toSorted();
  const rows = symbols.reduce((sum, symbol) => sum + spill.rows(symbol), 0);
  const group = groupBuffer(rows);
  for (const symbol of symbols) {
    if (spill.rows(symbol) > group.left() && group.left() < group.capacity) yield group.take();
    for (const part of spill.parts(symbol)) {
      const length = part[0]?.length ?? 0;
      for (let from = 0; from < length;) {
        from += group.add(symbol, part, from);
        if (group.left() === 0) yield group.take();
      }
    }
  }
  if (group.left() < group.capacity) yield group.take();
}

/** Collects rows in memory that is reused for the next group. @param rows number of rows in the whole file */
function groupBuffer(rows: number) {
  const wanted = Math.max(MIN_ROWS_PER_GROUP, Math.ceil(rows / GROUPS));
  const capacity = Math.min(MAX_ROWS_PER_GROUP, wanted);
  const columns = Array.from({ length: UPDATE_WIDTH }, () => new Float64Array(capacity));
  let ranges: SymbolRange[] = [];
  let filled = 0;
  return {
    capacity,
    left: () => capacity - filled,
    /** Returns the number of rows that were added. */
    add(symbol: string, part: readonly Float64Array[], from: number): number {
      const length = part[0]?.length ?? 0;
      const count = Math.min(length - from, capacity - filled);
      for (const [at, column] of columns.entries()) {
        column.set(part[at]?.subarray(from, from + count) ?? [], filled);
      }
      if (ranges.at(-1)?.symbol !== symbol) ranges.push({ symbol, from: filled });
      filled += count;
      return count;
    },
    take(): RowGroup {
      const stored = columns.map((column) => column.subarray(0, filled));
      const group = updateGroup(ranges, stored);
      [ranges, filled] = [[], 0];
      return group;
    },
  };
}

function factsOf(
  spill: UpdateSpill,
  counts: ReadonlyMap<string, number>,
  updates: UpdateFollower,
  closesAt: Instant,
): UpdateFacts {
  const gaps = Map.groupBy(
    updates.gaps().filter(({ from }) => from < closesAt * 1_000),
    ({ symbol }) => symbol,
  );
  const symbols = spill.symbols().toSorted();
  const found = symbols.map((symbol) => ({
    symbol,
    updates: counts.get(symbol) ?? 0,
    rows: spill.rows(symbol),
    maxAge: Math.round(updates.maxAge(symbol) / 1_000) / 1_000,
    gaps: gaps.get(symbol)?.length ?? 0,
    gapList: (gaps.get(symbol) ?? []).slice(0, MAX_GAPS_LISTED).map(listed),
  }));
  const sum = (of: 'updates' | 'rows'): number =>
    found.reduce((total, each) => total + each[of], 0);
  return { updates: sum('updates'), rows: sum('rows'), symbols: found };
}

function listed({ from, to, reason }: Gap) {
  const text = (at: number): string => formatIso(instantOf(at));
  return { from: text(from), to: to === null ? null : text(to), reason };
}

interface UploadOptions {
  readonly frames: DayFrames;
  readonly objects: ObjectStore;
  readonly date: IstDate;
  readonly shard: number;
}

/**
 * Uploads the segments that are not in the bucket yet. conflict: the bucket keeps another file
 * under one of the names.
 *
 * @throws errors of the object store and the disk; the next call continues
 */
export async function uploadFrames(options: UploadOptions): Promise<'current' | 'conflict'> {
  const { frames, objects, date, shard } = options;
  const uploaded = new Set(await frames.uploaded());
  for (const name of await frames.names()) {
    if (uploaded.has(name)) continue;
    const { sha256 } = await frames.facts(name);
    const key = OBJECTS.dayFile(date, String(shard), name);
    if ((await objects.putOnce(key, frames.pathOf(name), sha256)) === 'different') {
      return 'conflict';
    }
    await frames.markUploaded(name);
  }
  return 'current';
}
