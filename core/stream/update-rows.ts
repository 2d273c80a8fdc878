// Defines the columns of `updates.parquet`, one row for each level that a message changed, and makes
// rows as plain numbers, so that millions of them can wait on disk. The schema of the file and the
// table of Athena are derived from these columns.
import type { GroupColumn, RowGroup } from '../recording/row-group.ts';
import type { Wide } from './tbt-frame.ts';
import {
  type BookUpdate,
  GAP_REASONS,
  type GapBegin,
  SNAPSHOT_REASONS,
  type UpdatedLevel,
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

/** The numbers of a row: texts are places in their lists, and a missing value is -1 or NaN. */
const STORED = [
  ...['received_at', 'update_number', 'feed_time', 'sequence', 'socket', 'side', 'level', 'price'],
  ...['quantity', 'orders', 'reason'],
] as readonly Name[];

/** Numbers in a row. */
export const UPDATE_WIDTH = STORED.length;

/** Of all calls: a new one for each of millions of messages would cost as much as the rest. */
const ROW = new Float64Array(UPDATE_WIDTH);

/** Calls `add` with each row; the row is valid during the call. */
export function updateRows(change: BookUpdate | GapBegin, add: (row: Float64Array) => void): void {
  const row = ROW.fill(NaN);
  row[0] = change.receivedAt;
  row[1] = change.number;
  row[4] = change.socket;
  row[5] = -1;
  row[10] = change.reason === null ? -1 : REASONS.indexOf(change.reason);
  if (change.kind === 'gap') {
    add(row);
    return;
  }
  row[2] = numberOf(change.feedTime);
  row[3] = numberOf(change.sequence);
  for (const level of change.levels) {
    setLevel(row, level);
    add(row);
  }
}

function setLevel(row: Float64Array, { side, level, price, quantity, orders }: UpdatedLevel): void {
  row[5] = side === 'bid' ? 0 : 1;
  row[6] = level;
  row[7] = price ?? NaN;
  row[8] = quantity ?? NaN;
  row[9] = orders ?? NaN;
}

/** A number that no double holds is left out, rather than rounded. */
function numberOf(value: Wide | null): number {
  return typeof value === 'number' ? value : NaN;
}

function isSnapshot(reason: number): number {
  return reason >= 0 && reason < SNAPSHOT_REASONS.length ? 1 : 0;
}

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
  const texts = (names: readonly string[], places: ArrayLike<number>): GroupColumn => ({
    names,
    places: Int32Array.from(places),
  });
  const symbolPlaces = (): Int32Array => {
    const places = new Int32Array(rows);
    for (const [place, { from }] of symbols.entries()) places.fill(place, from);
    return places;
  };
  return {
    rows,
    column(index) {
      const name = UPDATE_COLUMNS[index]?.name ?? 'symbol';
      if (name === 'symbol')
        return texts(
          symbols.map(({ symbol }) => symbol),
          symbolPlaces(),
        );
      if (name === 'side') return texts(SIDES, numbers('side'));
      if (name === 'reason') return texts(REASONS, numbers('reason'));
      return name === 'is_snapshot' ? numbers('reason').map(isSnapshot) : numbers(name);
    },
  };
}
