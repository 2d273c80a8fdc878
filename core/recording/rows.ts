// Accesses rows read from any recording: observed cells first, then the cells that compaction added.
import { instant } from '../time.ts';
import {
  type Book,
  BOOK_VALUE_NAMES,
  bookValue,
  bookValues,
  isFilled,
  type Level,
  LEVELS,
} from './book.ts';
import { type Cell, cellIndex } from './columns.ts';

/** The cells of one row in the order of `RECORDED_COLUMNS`. */
export type RecordedRow = readonly Cell[];

/** Reads one column of any row: `const ltp = numberColumn('ltp'); … ltp(row)`. Instants are epoch milliseconds. */
export function numberColumn(name: string): (row: RecordedRow) => number | null {
  const place = cellIndex(name);
  return (row) => {
    const cell = row[place];
    return typeof cell === 'number' ? cell : null;
  };
}

export function textColumn(name: string): (row: RecordedRow) => string | null {
  const place = cellIndex(name);
  return (row) => {
    const cell = row[place];
    return typeof cell === 'string' ? cell : null;
  };
}

type Side = 'bid' | 'ask';

const symbolOf = textColumn('symbol');
const slotOf = numberColumn('slot');

/**
 * Drops the second row of a symbol and slot, like compaction: if a disk fails after it has written, the rows of that slot are
 * in two files.
 */
export async function* uniqueRows(
  rows: AsyncIterable<RecordedRow | null>,
): AsyncGenerator<RecordedRow | null> {
  const seen = new Set<string>();
  for await (const row of rows) {
    const key = row === null ? null : `${String(slotOf(row))} ${symbolOf(row) ?? ''}`;
    if (key !== null && seen.has(key)) continue;
    if (key !== null) seen.add(key);
    yield row;
  }
}

const lastTradeAt = numberColumn('last_trade_at');
const sequenceOf = numberColumn('sequence');
const VALUES = new Map(
  BOOK_VALUE_NAMES.map((name) => [name, numberColumn(bookValue(name).column)]),
);
const SIDES = { bid: levelColumns('bid'), ask: levelColumns('ask') } as const;

export function bookOf(row: RecordedRow): Book {
  const tradedAt = lastTradeAt(row);
  return {
    symbol: symbolOf(row) ?? '',
    bids: levelsOf(row, 'bid'),
    asks: levelsOf(row, 'ask'),
    lastTradeAt: tradedAt === null ? null : instant(tradedAt),
    ...bookValues((name) => VALUES.get(name)?.(row)),
    sequence: sequenceOf(row),
  };
}

function levelColumns(side: Side) {
  return Array.from({ length: LEVELS }, (_, index) => {
    const column = (what: string) => numberColumn(`${side}_${what}_${String(index + 1)}`);
    return { price: column('px'), quantity: column('qty'), orders: column('orders') };
  });
}

/** The observed levels up to the last filled one, with null for missing numbers. */
function levelsOf(row: RecordedRow, side: Side): readonly Level[] {
  const levels = SIDES[side].map(({ price, quantity, orders }) => ({
    price: price(row),
    quantity: quantity(row),
    orders: orders(row),
  }));
  return levels.slice(0, 1 + levels.findLastIndex(isFilled));
}
