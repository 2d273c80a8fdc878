// Questions about one side of a row's book, asked of the row's numbers.
import { LEVELS } from './book.ts';
import { cellIndex } from './columns.ts';
import { type Observed, numberAt } from './observed.ts';

export interface Side {
  /** 1 where a better price is a higher one. */
  readonly better: 1 | -1;
  /** Places of the levels' numbers, best first. */
  readonly prices: readonly number[];
  readonly quantities: readonly number[];
}

export const BIDS = side('bid', 1);
export const ASKS = side('ask', -1);

/** Of all levels that have a price, so that a wrong order hides nothing; NaN without any. */
export function bestOf(row: Observed, { prices, better }: Side): number {
  let best = NaN;
  for (const index of prices) {
    const price = numberAt(row, index);
    if (price > 0 && !((price - best) * better <= 0)) best = price;
  }
  return best;
}

/** Each price is worse than the one before it; levels without a price are passed over. */
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
 * A level without price or quantity before one that has both.
 * @param priced false: a quantity without a price is a level too, as market orders are in an auction
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

function side(name: 'bid' | 'ask', better: Side['better']): Side {
  const placesOf = (what: 'px' | 'qty') =>
    Array.from({ length: LEVELS }, (_, index) => cellIndex(`${name}_${what}_${String(index + 1)}`));
  return { better, prices: placesOf('px'), quantities: placesOf('qty') };
}
