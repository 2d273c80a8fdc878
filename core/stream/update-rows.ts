// Defines the columns of `updates.parquet`, one row for each level that a message changed, and encodes
// messages as plain numbers, so that millions of them can wait on disk. The file's schema and the Athena
// table are derived from these columns.
import { type GroupColumn, type RowGroup, scratchMemory } from '../recording/row-group.ts';
import type { Wide } from './tbt-frame.ts';
import { LEVEL_CELLS, writeCells } from './level-values.ts';
import { TBT_LEVELS } from './tbt-books.ts';
import {
  type BookUpdate,
  GAP_REASONS,
  type GapBegin,
  SNAPSHOT_REASONS,
  type UpdatedBook,
} from './updates.ts';

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

/**
 * The columns that a message has once. Stored as numbers: a text as its index in a list, a missing value as -1 or NaN.
 */
const HEADING: readonly Name[] = [
  'received_at',
  'update_number',
  'feed_time',
  'sequence',
  'socket',
  'reason',
];
/** The columns of each level, in the order of `cellsOf`. */
const LEVEL: readonly Name[] = ['side', 'level', 'price', 'quantity', 'orders'];
/** The numbers of a row. */
const STORED = [...HEADING, ...LEVEL];

export const HEADING_WIDTH = HEADING.length;

/** Numbers in a row. */
export const UPDATE_WIDTH = STORED.length;

/** The numbers of a message, in memory that all messages share. Its rows repeat the heading. */
export interface UpdateNumbers {
  /** In the order of `HEADING`. */
  readonly heading: Float64Array;
  /** Level by level, in the order of `LEVEL`. */
  readonly cells: Float64Array;
  /** The number of levels in `cells` that belong to this message. */
  readonly levels: number;
}

// New arrays for each of millions of messages would cost as much as all other work.
const NUMBERS = {
  heading: new Float64Array(HEADING_WIDTH),
  cells: new Float64Array(2 * TBT_LEVELS * LEVEL_CELLS),
  levels: 0,
};

/** Valid until the next call, also of `gapNumbers`. */
export function updateNumbers(
  book: UpdatedBook,
  reason: BookUpdate['reason'],
  places: readonly number[],
): UpdateNumbers {
  setHeading(book, numberOf(book.feedTime), numberOf(book.sequence), reason);
  writeCells(book.values, places, NUMBERS.cells);
  NUMBERS.levels = places.length;
  return NUMBERS;
}

/** Valid until the next call, also of `updateNumbers`. */
export function gapNumbers(gap: GapBegin): UpdateNumbers {
  setHeading(gap, NaN, NaN, gap.reason);
  NUMBERS.cells.set(NO_LEVEL);
  NUMBERS.levels = 1;
  return NUMBERS;
}

function setHeading(
  { receivedAt, number, socket }: Pick<UpdatedBook, 'receivedAt' | 'number' | 'socket'>,
  feedTime: number,
  sequence: number,
  reason: BookUpdate['reason'] | GapBegin['reason'],
): void {
  const { heading } = NUMBERS;
  // In the order of `HEADING`.
  heading[0] = receivedAt;
  heading[1] = number;
  heading[2] = feedTime;
  heading[3] = sequence;
  heading[4] = socket;
  heading[5] = reason === null ? -1 : REASONS.indexOf(reason);
}

/** The level of a row that begins a gap. */
const NO_LEVEL = [-1, NaN, NaN, NaN, NaN];

/** Returns NaN for a number that a double cannot represent exactly, instead of rounding it. */
function numberOf(value: Wide | null): number {
  return typeof value === 'number' ? value : NaN;
}

function snapshotFlags(reasons: Float64Array): Float64Array {
  const flags = FLAGS(reasons.length);
  for (let row = 0; row < reasons.length; row += 1) {
    const reason = reasons[row] ?? -1;
    flags[row] = reason >= 0 && reason < SNAPSHOT_REASONS.length ? 1 : 0;
  }
  return flags;
}

// The arrays of this memory are valid until the next column.
const FLAGS = scratchMemory((length) => new Float64Array(length));
const PLACES = scratchMemory((length) => new Int32Array(length));

/** A symbol of a row group, and its first row. */
export interface SymbolRange {
  readonly symbol: string;
  readonly from: number;
}

/**
 * @param symbols in the order of their rows
 * @param stored columns of rows: the numbers of a heading, then those of a level
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
