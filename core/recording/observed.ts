// Represents an observed row as numbers and texts by column, without an object per cell (a day may have a million rows),
// and checks one side of its book: best price, order of the levels, gaps.
import { type Instant, instant } from '../time.ts';
import { COLUMNS, type Cell, cellIndex } from './columns.ts';
import { LEVELS } from './book.ts';

/** A row's cells by the index of {@link COLUMNS}. Readers reuse one row, so copy the values that you keep. */
export interface Observed {
  /** NaN if the value is missing or a text. Instants in epoch milliseconds. */
  readonly numbers: Float64Array;
  /** Null if the value is missing or a number. */
  readonly texts: readonly (string | null)[];
}

const SYMBOL = cellIndex('symbol');
const SLOT = cellIndex('slot');

/** @param cells from a reader of recordings; derived cells are ignored */
export function observedOf(cells: readonly Cell[]): Observed {
  const numbers = new Float64Array(COLUMNS.length).fill(NaN);
  const texts = new Array<string | null>(COLUMNS.length).fill(null);
  for (const index of COLUMNS.keys()) {
    const cell = cells[index] ?? null;
    if (typeof cell === 'number') numbers[index] = cell;
    else texts[index] = cell;
  }
  return { numbers, texts };
}

/**
 * The symbol and slot of a row of the day log.
 * @throws RangeError if the row has no slot, which only occurs in the reference's files
 */
export function keyOf(row: Observed): { readonly symbol: string; readonly slot: Instant } {
  return { symbol: symbolOf(row), slot: instant(numberAt(row, SLOT)) };
}

export function symbolOf({ texts }: Observed): string {
  return texts[SYMBOL] ?? '';
}

/** Returns NaN if the value is missing. */
export function numberAt({ numbers }: Pick<Observed, 'numbers'>, index: number): number {
  return numbers[index] ?? NaN;
}

interface Side {
  /** 1 if a higher price is better. */
  readonly better: 1 | -1;
  /** Column indexes of the levels, best first. */
  readonly prices: readonly number[];
  readonly quantities: readonly number[];
}

export const BIDS = sideColumns('bid', 1);
export const ASKS = sideColumns('ask', -1);

/** The best price of all levels, so that a wrong order does not matter; NaN if there is no price. */
export function bestOf(row: Observed, { prices, better }: Side): number {
  let best = NaN;
  for (const index of prices) {
    const price = numberAt(row, index);
    if (price > 0 && !((price - best) * better <= 0)) best = price;
  }
  return best;
}

/** True if each price is worse than the one before it. Skips levels without a price. */
export function isMonotone(row: Observed, { prices, better }: Side): boolean {
  let before = NaN;
  for (const index of prices) {
    const price = numberAt(row, index);
    if (!(price > 0)) continue;
    if ((before - price) * better <= 0) return false;
    before = price;
  }
  return true;
}

/**
 * True if a level without price or quantity precedes one that has both.
 * @param priced false: a quantity without a price counts as a level, as it means market orders in an auction
 */
export function hasGap(row: Observed, { prices, quantities }: Side, priced: boolean): boolean {
  let gap = false;
  for (let level = 0; level < prices.length; level += 1) {
    const hasQuantity = numberAt(row, quantities[level] ?? -1) > 0;
    const hasPrice = numberAt(row, prices[level] ?? -1) > 0;
    if (gap && hasQuantity && hasPrice) return true;
    if (!hasQuantity || (priced && !hasPrice)) gap = true;
  }
  return false;
}

function sideColumns(name: 'bid' | 'ask', better: Side['better']): Side {
  const placesOf = (what: 'px' | 'qty') =>
    Array.from({ length: LEVELS }, (_, index) => cellIndex(`${name}_${what}_${String(index + 1)}`));
  return { better, prices: placesOf('px'), quantities: placesOf('qty') };
}
