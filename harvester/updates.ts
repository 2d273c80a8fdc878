// Makes the file of updates from a day's frames, in two passes, because frames have the symbols mixed
// and the file has them one after the other. The first pass decodes each segment once and puts the
// rows of each symbol on disk; the second writes them. Neither keeps more than a part of a segment
// in memory. A damaged segment begins a gap.
import { UPDATES_FILE } from '../core/config/names.ts';
import { type DayEvent, plannedSymbols } from '../core/recording/day-events.ts';
import type { FileFacts, FrameFacts, UpdateFacts } from '../core/recording/manifest.ts';
import type { RowGroup } from '../core/recording/row-group.ts';
import { instantOf } from '../core/stream/frame-log.ts';
import {
  type SymbolRange,
  UPDATE_COLUMNS,
  UPDATE_WIDTH,
  updateGroup,
  updateRows,
} from '../core/stream/update-rows.ts';
import { bookTopicsIn, type Gap, startUpdates, type Updates } from '../core/stream/updates.ts';
import { formatIso, type Instant } from '../core/time.ts';
import { countFrames } from './frames.ts';
import type { DayFolder, UpdateSpill } from './ports.ts';

/** A file of very many rows has larger groups, because the description of each group takes memory. */
const [MIN_ROWS_PER_GROUP, MAX_ROWS_PER_GROUP, GROUPS] = [20_000, 120_000, 1_000];
/** In the manifest, of one symbol. The rows of the file have all. */
const MAX_GAPS_LISTED = 50;

interface Options {
  readonly folder: DayFolder;
  readonly events: readonly DayEvent[];
  /** Gaps from then on are the end of the session. */
  readonly closesAt: Instant;
}

interface StreamFiles {
  /** Null, as `updates`: the day has no frames, because its feed polls. */
  readonly frames: FrameFacts | null;
  readonly updates: UpdateFacts | null;
  readonly files: readonly FileFacts[];
}

/** @throws errors of the disk, and as `writeParquet` does; the next call begins again */
export async function compactFrames({ folder, events, closesAt }: Options): Promise<StreamFiles> {
  if ((await folder.frames.names()).length === 0) return { frames: null, updates: null, files: [] };
  const symbols = plannedSymbols(events);
  using spill = folder.updateSpill(symbols.size);
  const updates = startUpdates(bookTopicsIn(events));
  const counts = new Map<string, number>();
  const take = (changes: ReturnType<Updates['apply']>): void => {
    for (const change of changes) {
      const { symbol, kind } = change;
      if (kind === 'update') counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
      spill.add(symbol, updateRows(change));
    }
  };
  const frames = await countFrames(folder.frames, {
    apply: (record) => {
      take(updates.apply(record));
    },
    interrupt: () => {
      take(updates.interrupt());
    },
  });
  take(updates.end());
  const groups = groupsOf(spill);
  const file = await folder.writeParquet(UPDATE_COLUMNS, groups, UPDATES_FILE);
  return { frames, updates: factsOf(spill, counts, updates, closesAt), files: [file] };
}

/**
 * A symbol with few rows shares a group with its neighbours, because each group has a cost in memory
 * and in the file. One that does not fit into what is left of a group begins the next.
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

/** Collects rows in memory that is used again for the next group. @param rows of the whole file */
function groupBuffer(rows: number) {
  const wanted = Math.max(MIN_ROWS_PER_GROUP, Math.ceil(rows / GROUPS));
  const capacity = Math.min(MAX_ROWS_PER_GROUP, wanted);
  const columns = Array.from({ length: UPDATE_WIDTH }, () => new Float64Array(capacity));
  let ranges: SymbolRange[] = [];
  let filled = 0;
  return {
    capacity,
    left: () => capacity - filled,
    /** Returns the number of rows that fitted. */
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
  updates: Updates,
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
