// Checks one side of a row's book: best price, order of the levels, gaps.
import { LEVELS } from './book.ts';
import { cellIndex } from './columns.ts';
import { numberAt, type Observed } from './observed.ts';

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
