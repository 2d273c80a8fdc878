// When a previous close of the broker's says that something happened to a symbol: a bonus, a split, or another contract.

/**
 * Of the last price. Where no auction finds it, a close is the average of the last half hour's trades, and the last price
 * is one of them. Five percent between the two take a run of some ten percent in that half hour, which is a news item of
 * its own; a bonus of one share for ten moves a price by nine, and a split by half or more.
 */
const AVERAGE_WITHIN = 0.05;
/** Rupees: that of most shares, where nobody told. */
const USUAL_TICK = 0.05;
/** Binary fractions only come near to decimal ones. */
const ROUNDING = 0.001;

const OPTION = /\d(?:CE|PE)$/;

export interface LastClose {
  readonly symbol: string;
  /** Rupees: the last price of the session before. */
  readonly price: number;
  /** Rupees; null where nobody told. */
  readonly tick: number | null;
  /** Whether that session's close was found by auction. */
  readonly byAuction: boolean;
}

/**
 * Rupees by which the broker's previous close may differ from the last price of the session before; infinite: they may
 * differ by anything.
 *
 * What the auction finds is traded at until the end, so the last price is the close, to a tick, and smaller things show
 * too. Every other share, a future, whose settlement price is such an average as well, and an index, which is computed from
 * closes, differ by what the average does. An option's premium may halve in its last half hour, and a bonus gives the
 * option another strike and so another name: of it nothing can be told.
 */
export function closeWithin({ symbol, price, tick, byAuction }: LastClose): number {
  if (OPTION.test(symbol)) return Infinity;
  return byAuction ? (tick ?? USUAL_TICK) + ROUNDING : price * AVERAGE_WITHIN;
}
