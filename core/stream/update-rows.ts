// Defines the columns of `updates.parquet`, one row for each level that a message changed, and makes
// rows as plain numbers, so that millions of them can wait on disk. The schema of the file and the
// table of Athena are derived from these columns.
import { type GroupColumn, type RowGroup, scratchMemory } from '../recording/row-group.ts';
import type { Wide } from './tbt-frame.ts';
import { LEVEL_CELLS } from './level-values.ts';
import { TBT_LEVELS } from './tbt-books.ts';
import { type BookUpdate, GAP_REASONS, type GapBegin, SNAPSHOT_REASONS } from './updates.ts';

export interface UpdateColumn {
  readonly name: string;
  /** precise: an instant in microseconds · flag: true or false · others as in `columns.ts`. */
  readonly kind: 'text' | 'precise' | 'count' | 'price' | 'flag';
  readonly unit: 'instant' | 'name' | 'rupees' | 'shares' | 'orders' | 'number';
  readonly nullable: boolean;
}

const SIDES = ['bid', 'ask'] as const;
/** The reasons of whole books come first. */
const REASONS = [...SNAPSHOT_REASONS, ...GAP_REASONS] as const;

/** Sorted by symbol and then by `update_number`. A row without a side begins a gap. */
export const UPDATE_COLUMNS = [
  { name: 'symbol', kind: 'text', unit: 'name', nullable: false },
  { name: 'received_at', kind: 'precise', unit: 'instant', nullable: false },
  { name: 'update_number', kind: 'count', unit: 'number', nullable: false },
  { name: 'feed_time', kind: 'count', unit: 'number', nullable: true },
  { name: 'sequence', kind: 'count', unit: 'number', nullable: true },
  { name: 'socket', kind: 'count', unit: 'number', nullable: false },
  { name: 'side', kind: 'text', unit: 'name', nullable: true },
  { name: 'level', kind: 'count', unit: 'number', nullable: true },
  { name: 'price', kind: 'price', unit: 'rupees', nullable: true },
  { name: 'quantity', kind: 'count', unit: 'shares', nullable: true },
  { name: 'orders', kind: 'count', unit: 'orders', nullable: true },
  { name: 'is_snapshot', kind: 'flag', unit: 'number', nullable: false },
  { name: 'reason', kind: 'text', unit: 'name', nullable: true },
] as const satisfies readonly UpdateColumn[];

type Name = (typeof UPDATE_COLUMNS)[number]['name'];

/** The numbers of a row: texts are places in their lists, and a missing value is -1 or NaN. */
const STORED = [
  ...['received_at', 'update_number', 'feed_time', 'sequence', 'socket', 'side', 'level', 'price'],
  ...['quantity', 'orders', 'reason'],
] as readonly Name[];

/** Numbers in a row. */
export const UPDATE_WIDTH = STORED.length;

/** Shared by all calls: a new array for each of millions of messages would cost as much as all other work. */
const ROWS = new Float64Array(2 * TBT_LEVELS * UPDATE_WIDTH);
const SIDE = STORED.indexOf('side');

/** Returns one row for each level, in one array that is valid until the next call. */
export function updateRows(change: BookUpdate | GapBegin): Float64Array {
  const cells = change.kind === 'gap' ? NO_LEVEL : change.cells;
  const rows = ROWS.subarray(0, (cells.length / LEVEL_CELLS) * UPDATE_WIDTH);
  const reason = change.reason === null ? -1 : REASONS.indexOf(change.reason);
  const feedTime = change.kind === 'gap' ? NaN : numberOf(change.feedTime);
  const sequence = change.kind === 'gap' ? NaN : numberOf(change.sequence);
  for (let at = 0, cell = 0; at < rows.length; at += UPDATE_WIDTH) {
    rows[at] = change.receivedAt;
    rows[at + 1] = change.number;
    rows[at + 2] = feedTime;
    rows[at + 3] = sequence;
    rows[at + 4] = change.socket;
    for (let n = 0; n < LEVEL_CELLS; n += 1, cell += 1) rows[at + SIDE + n] = cells[cell] ?? NaN;
    rows[at + SIDE + LEVEL_CELLS] = reason;
  }
  return rows;
}

/** The level of a row that begins a gap. */
const NO_LEVEL = [-1, NaN, NaN, NaN, NaN];

/** A number that no double holds is left out, rather than rounded. */
function numberOf(value: Wide | null): number {
  return typeof value === 'number' ? value : NaN;
}

function snapshotFlags(reasons: Float64Array): Float64Array {
  const flags = FLAGS(reasons.length);
  for (const [row, reason] of reasons.entries()) {
    flags[row] = reason >= 0 && reason < SNAPSHOT_REASONS.length ? 1 : 0;
  }
  return flags;
}

// Their arrays are valid until the next column.
const FLAGS = scratchMemory((length) => new Float64Array(length));
const PLACES = scratchMemory((length) => new Int32Array(length));

/** A symbol of a row group, and the first row of it. */
export interface SymbolRange {
  readonly symbol: string;
  readonly from: number;
}

/**
 * @param symbols in the order of their rows
 * @param stored columns of rows in the order in which `updateRows` makes them
 */
export function updateGroup(
  symbols: readonly SymbolRange[],
  stored: readonly Float64Array[],
): RowGroup {
  const rows = stored[0]?.length ?? 0;
  const numbers = (name: Name): Float64Array => stored[STORED.indexOf(name)] ?? new Float64Array();
  const texts = (names: readonly string[], numbered: Float64Array): GroupColumn => {
    const places = PLACES(rows);
    places.set(numbered);
    return { names, places };
  };
  const symbolTexts = (): GroupColumn => {
    const places = PLACES(rows);
    for (const [place, { from }] of symbols.entries()) places.fill(place, from);
    return { names: symbols.map(({ symbol }) => symbol), places };
  };
  return {
    rows,
    column(index) {
      const name = UPDATE_COLUMNS[index]?.name ?? 'symbol';
      if (name === 'symbol') return symbolTexts();
      if (name === 'side') return texts(SIDES, numbers('side'));
      if (name === 'reason') return texts(REASONS, numbers('reason'));
      return name === 'is_snapshot' ? snapshotFlags(numbers('reason')) : numbers(name);
    },
  };
}
