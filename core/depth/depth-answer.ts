// Fyers' depth answer as a book. Sample: Fyers API v3, "Market Depth"; `ask` is singular there, and a level's quantity is `volume`.
import * as z from 'zod/mini';
import { SECOND, instant } from '../time.ts';
import { type Book, LEVELS, type Level } from './book.ts';

/** A field of another type than documented is missing, not a reason to lose the book. */
const finite = z.catch(z.nullable(z.number()), null);
const level = z.catch(z.nullable(z.object({ price: finite, volume: finite, ord: finite })), null);
const side = z.catch(z.array(level), []);

const answer = z.object({
  s: z.literal('ok'),
  d: z.record(
    z.string(),
    z.object({
      bids: side,
      ask: side,
      totalbuyqty: finite,
      totalsellqty: finite,
      ltp: finite,
      ltq: finite,
      ltt: finite,
      v: finite,
      atp: finite,
      o: finite,
      h: finite,
      l: finite,
      c: finite,
      oi: finite,
      oiflag: z.catch(z.boolean(), false),
      lower_ckt: finite,
      upper_ckt: finite,
    }),
  ),
});

/** The book of `symbol`, or null where the body is not an answer for it. */
export function bookOf(symbol: string, body: unknown): Book | null {
  const parsed = answer.safeParse(body);
  const depth = parsed.success ? parsed.data.d[symbol] : undefined;
  if (depth === undefined) return null;
  return {
    symbol,
    bids: levelsOf(depth.bids),
    asks: levelsOf(depth.ask),
    totalBuyQuantity: countOf(depth.totalbuyqty),
    totalSellQuantity: countOf(depth.totalsellqty),
    lastPrice: priceOf(depth.ltp),
    lastQuantity: countOf(depth.ltq),
    lastTradeAt: tradeTimeOf(depth.ltt),
    volume: countOf(depth.v),
    averagePrice: priceOf(depth.atp),
    open: priceOf(depth.o),
    high: priceOf(depth.h),
    low: priceOf(depth.l),
    previousClose: priceOf(depth.c),
    // Without the flag the instrument has no open interest, and the zero beside it is no observation.
    openInterest: depth.oiflag ? countOf(depth.oi) : null,
    lowerCircuit: priceOf(depth.lower_ckt),
    upperCircuit: priceOf(depth.upper_ckt),
    sequence: null,
  };
}

/** Levels that the side has; the broker pads a short side with price and volume 0. */
function levelsOf(sides: readonly z.infer<typeof level>[]): readonly Level[] {
  return sides
    .flatMap((one) => {
      const quantity = countOf(one?.volume ?? null);
      const price = one?.price ?? null;
      if (price === null || quantity === null || (price === 0 && quantity === 0)) return [];
      return [{ price, quantity, orders: countOf(one?.ord ?? null) }];
    })
    .slice(0, LEVELS);
}

/** No price is zero: the broker writes 0 for a price that does not exist yet. */
function priceOf(value: number | null): number | null {
  return value === 0 ? null : value;
}

/** Zero is a count like any other; a fraction is not a count. */
function countOf(value: number | null): number | null {
  return Number.isSafeInteger(value) ? value : null;
}

/** Epoch seconds; 0 before the first trade. */
function tradeTimeOf(seconds: number | null): Book['lastTradeAt'] {
  return seconds === null || seconds <= 0 || seconds > 8.64e12
    ? null
    : instant(Math.round(seconds * SECOND));
}
