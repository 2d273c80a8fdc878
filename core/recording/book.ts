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

export interface Book {
  readonly symbol: string;
  /** Best first, at most {@link LEVELS}. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  readonly totalBuyQuantity: number | null;
  readonly totalSellQuantity: number | null;
  readonly lastPrice: number | null;
  readonly lastQuantity: number | null;
  /** Time of the last trade; not the time of the book, which REST does not give. */
  readonly lastTradeAt: Instant | null;
  readonly volume: number | null;
  readonly averagePrice: number | null;
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly previousClose: number | null;
  readonly openInterest: number | null;
  readonly lowerCircuit: number | null;
  readonly upperCircuit: number | null;
  /** Message number; null if the feed has none. */
  readonly sequence: number | null;
}
