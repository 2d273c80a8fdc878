// Questions about one side of a row's book, asked of the row's cells.
import { LEVELS } from './book.ts';
import { type Cell, cellIndex } from './columns.ts';

export interface Side {
  /** 1 where a better price is a higher one. */
  readonly better: 1 | -1;
  /** Indexes of the levels' cells, best first. */
  readonly prices: readonly number[];
  readonly quantities: readonly number[];
}

export const BIDS = side('bid', 1);
export const ASKS = side('ask', -1);

/** Of all levels that have a price, so that a wrong order hides nothing; null without any. */
export function bestOf(cells: readonly Cell[], { prices, better }: Side): number | null {
  let best: number | null = null;
  for (const index of prices) {
    const price = cells[index];
    if (typeof price !== 'number' || price <= 0) continue;
    if (best === null || (price - best) * better > 0) best = price;
  }
  return best;
}

/** Each price is worse than the one before it; levels without a price are passed over. */
export function isMonotone(cells: readonly Cell[], { prices, better }: Side): boolean {
  let before: number | null = null;
  for (const index of prices) {
    const price = cells[index];
    if (typeof price !== 'number' || price <= 0) continue;
    if (before !== null && (before - price) * better <= 0) return false;
    before = price;
  }
  return true;
}

/**
 * A level without price or quantity before one that has both.
 * @param priced false: a quantity without a price is a level too, as market orders are in an auction
 */
export function hasGap(
  cells: readonly Cell[],
  { prices, quantities }: Side,
  priced: boolean,
): boolean {
  let gap = false;
  for (const [level, index] of prices.entries()) {
    const hasQuantity = Number(cells[quantities[level] ?? -1] ?? 0) > 0;
    const hasPrice = Number(cells[index] ?? 0) > 0;
    if (gap && hasQuantity && hasPrice) return true;
    if (!hasQuantity || (priced && !hasPrice)) gap = true;
  }
  return false;
}

function side(name: 'bid' | 'ask', better: Side['better']): Side {
  const cellsOf = (what: 'px' | 'qty') =>
    Array.from({ length: LEVELS }, (_, index) => cellIndex(`${name}_${what}_${String(index + 1)}`));
  return { better, prices: cellsOf('px'), quantities: cellsOf('qty') };
}
