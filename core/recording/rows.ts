// Accesses rows read from any recording: observed cells first, then the cells that compaction added.
import { instant } from '../time.ts';
import { type Book, LEVELS, type Level, isFilled } from './book.ts';
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
const NUMBERS = {
  totalBuyQuantity: numberColumn('total_buy_qty'),
  totalSellQuantity: numberColumn('total_sell_qty'),
  lastPrice: numberColumn('ltp'),
  lastQuantity: numberColumn('last_trade_qty'),
  volume: numberColumn('volume'),
  averagePrice: numberColumn('average_price'),
  open: numberColumn('open'),
  high: numberColumn('high'),
  low: numberColumn('low'),
  previousClose: numberColumn('previous_close'),
  openInterest: numberColumn('open_interest'),
  lowerCircuit: numberColumn('lower_circuit'),
  upperCircuit: numberColumn('upper_circuit'),
  sequence: numberColumn('sequence'),
} as const;
const SIDES = { bid: levelColumns('bid'), ask: levelColumns('ask') } as const;

export function bookOf(row: RecordedRow): Book {
  const tradedAt = lastTradeAt(row);
  return {
    symbol: symbolOf(row) ?? '',
    bids: levelsOf(row, 'bid'),
    asks: levelsOf(row, 'ask'),
    lastTradeAt: tradedAt === null ? null : instant(tradedAt),
    totalBuyQuantity: NUMBERS.totalBuyQuantity(row),
    totalSellQuantity: NUMBERS.totalSellQuantity(row),
    lastPrice: NUMBERS.lastPrice(row),
    lastQuantity: NUMBERS.lastQuantity(row),
    volume: NUMBERS.volume(row),
    averagePrice: NUMBERS.averagePrice(row),
    open: NUMBERS.open(row),
    high: NUMBERS.high(row),
    low: NUMBERS.low(row),
    previousClose: NUMBERS.previousClose(row),
    openInterest: NUMBERS.openInterest(row),
    lowerCircuit: NUMBERS.lowerCircuit(row),
    upperCircuit: NUMBERS.upperCircuit(row),
    sequence: NUMBERS.sequence(row),
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
