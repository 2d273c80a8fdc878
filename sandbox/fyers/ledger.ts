// Records what the simulator served, in whole paise and shares, so that a recording can be compared exactly.
import type { SimulatedBook, SimulatedLevel } from './book.ts';

/** Sums over all depth answers of one symbol; prices in paise, quantities over all five levels. */
export type LedgerEntry = Readonly<ReturnType<typeof amountsOf>>;

export function withBook(entry: LedgerEntry | undefined, book: SimulatedBook): LedgerEntry {
  const amounts = amountsOf(book);
  if (entry === undefined) return amounts;
  for (const field of Object.keys(amounts) as (keyof LedgerEntry)[]) amounts[field] += entry[field];
  return amounts;
}

function amountsOf(book: SimulatedBook) {
  return {
    books: 1,
    lastPaise: book.lastPaise,
    totalBuyQuantity: book.totalBuyQuantity,
    totalSellQuantity: book.totalSellQuantity,
    bidPaise: sum(book.bids, 'pricePaise'),
    bidQuantity: sum(book.bids, 'quantity'),
    askPaise: sum(book.asks, 'pricePaise'),
    askQuantity: sum(book.asks, 'quantity'),
    volume: book.volume,
  };
}

function sum(levels: readonly SimulatedLevel[], field: keyof SimulatedLevel): number {
  return levels.reduce((total, level) => total + level[field], 0);
}
