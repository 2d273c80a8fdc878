// Defines one book of one symbol as the broker sent it. A missing value is null, never zero.
import type { Instant } from '../time.ts';

/**
 * Price in rupees, quantity in shares or contracts, orders is the number of resting orders. A level with a missing number
 * keeps its place: the second level of an answer is never stored as the first.
 */
export interface Level {
  readonly price: number | null;
  readonly quantity: number | null;
  readonly orders: number | null;
}

export const LEVELS = 5;

/** Whether the level has any number. */
export function isFilled({ price, quantity, orders }: Level): boolean {
  return price !== null || quantity !== null || orders !== null;
}

interface BookValue<Field = string> {
  readonly column: string;
  /** A price is in rupees, a count in shares or contracts. */
  readonly kind: 'price' | 'count';
  /** Fyers' name in the depth answer; null: the answer does not have the value. */
  readonly rest: Field | null;
  /** Fyers' name in the quote of the HSM stream; null: the quote does not have the value. */
  readonly hsm: string | null;
}

/**
 * Single values of a book: one row is everything that a value needs from the broker's answer to the column. Their columns
 * are the last ones of the day log, in this order, but for the first three, which the reference has.
 */
const BOOK_VALUES = {
  totalBuyQuantity: {
    column: 'total_buy_qty',
    kind: 'count',
    rest: 'totalbuyqty',
    hsm: 'tot_buy_qty',
  },
  totalSellQuantity: {
    column: 'total_sell_qty',
    kind: 'count',
    rest: 'totalsellqty',
    hsm: 'tot_sell_qty',
  },
  lastPrice: { column: 'ltp', kind: 'price', rest: 'ltp', hsm: 'ltp' },
  lastQuantity: { column: 'last_trade_qty', kind: 'count', rest: 'ltq', hsm: 'last_traded_qty' },
  volume: { column: 'volume', kind: 'count', rest: 'v', hsm: 'vol_traded_today' },
  averagePrice: { column: 'average_price', kind: 'price', rest: 'atp', hsm: 'avg_trade_price' },
  open: { column: 'open', kind: 'price', rest: 'o', hsm: 'open_price' },
  high: { column: 'high', kind: 'price', rest: 'h', hsm: 'high_price' },
  low: { column: 'low', kind: 'price', rest: 'l', hsm: 'low_price' },
  previousClose: { column: 'previous_close', kind: 'price', rest: 'c', hsm: 'prev_close_price' },
  openInterest: { column: 'open_interest', kind: 'count', rest: 'oi', hsm: 'OI' },
  lowerCircuit: { column: 'lower_circuit', kind: 'price', rest: 'lower_ckt', hsm: 'lower_ckt' },
  upperCircuit: { column: 'upper_circuit', kind: 'price', rest: 'upper_ckt', hsm: 'upper_ckt' },
} as const satisfies Readonly<Record<string, BookValue>>;

export type BookValueName = keyof typeof BOOK_VALUES;

type BookValues = Readonly<Record<BookValueName, number | null>>;

/** The names in the depth answer. */
export type ValueField = Exclude<(typeof BOOK_VALUES)[BookValueName]['rest'], null>;

export function bookValue(name: BookValueName): BookValue<ValueField> {
  return BOOK_VALUES[name];
}

/** In the order of their columns. */
export const BOOK_VALUE_NAMES = Object.keys(BOOK_VALUES) as readonly BookValueName[];

/** Makes all single values of a book. */
export function bookValues(
  valueOf: (name: BookValueName) => number | null | undefined,
): BookValues {
  const values: Partial<Record<BookValueName, number | null>> = {};
  for (const name of BOOK_VALUE_NAMES) values[name] = valueOf(name) ?? null;
  return values as BookValues;
}

export interface Book extends BookValues {
  readonly symbol: string;
  /** Best first, at most {@link LEVELS}. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  /** Time of the last trade; not the time of the book, which REST does not give. */
  readonly lastTradeAt: Instant | null;
  /** Message number; null if the feed has none. */
  readonly sequence: number | null;
}
