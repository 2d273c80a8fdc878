// One book of one symbol as the broker showed it. Missing is null, never zero.
import type { Instant } from '../time.ts';

/** Price in rupees, quantity in shares or contracts, orders is the number of resting orders. */
export interface Level {
  readonly price: number;
  readonly quantity: number;
  readonly orders: number | null;
}

export const LEVELS = 5;

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
  /** Where the feed numbers its messages. */
  readonly sequence: number | null;
}
