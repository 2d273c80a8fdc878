// Builds the five-level book of a slot from the state of the streams. TBT has only the book and its
// totals; prices, volume and the day's values come from the symbol's HSM topic `sf`, and are null
// without it.
import {
  type Book,
  bookValue,
  bookValues,
  isFilled,
  type Level,
  LEVELS,
} from '../recording/book.ts';
import { instant, SECOND } from '../time.ts';
import type { HsmTopic } from './hsm-topics.ts';
import { HSM_LEVELS, hsmValues, orNull, tbtValues, type Values } from './level-values.ts';
import { TBT_LEVELS, type TbtBook } from './tbt-books.ts';
import type { Wide } from './tbt-frame.ts';

export function bookFromTbt(depth: TbtBook, quote: HsmTopic | null): Book {
  return {
    ...quoteFields(quote),
    symbol: depth.symbol,
    bids: levelsOf((place) => tbtValues(depth, place), BIDS),
    asks: levelsOf((place) => tbtValues(depth, place), TBT_LEVELS),
    totalBuyQuantity: safeNumber(depth.totalBuyQuantity),
    totalSellQuantity: safeNumber(depth.totalSellQuantity),
    sequence: depth.sequence === 0 ? null : safeNumber(depth.sequence),
  };
}

/** @param depth null for an index, which has no book */
export function bookFromHsm(symbol: string, depth: HsmTopic | null, quote: HsmTopic | null): Book {
  return {
    ...quoteFields(quote),
    symbol,
    bids: depth === null ? [] : levelsOf((place) => hsmValues(depth, place), BIDS),
    asks: depth === null ? [] : levelsOf((place) => hsmValues(depth, place), HSM_LEVELS),
    sequence: null,
  };
}

function quoteFields(quote: HsmTopic | null) {
  const value = (field: string | null): number | null =>
    field === null ? null : (quote?.value(field) ?? null);
  const tradedAt = value('last_traded_time');
  const values = bookValues((name) => value(bookValue(name).hsm));
  return {
    ...values,
    lastTradeAt: tradedAt === null || tradedAt === 0 ? null : instant(tradedAt * SECOND),
    lowerCircuit: positive(values.lowerCircuit),
    upperCircuit: positive(values.upperCircuit),
  };
}

/**
 * Returns null for a circuit limit of 0, which is a missing one: every price would be outside of
 * it.
 */
function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}

const BIDS = 0;

/** @param first the place of the side's best level */
function levelsOf(valuesOf: (place: number) => Values, first: number): readonly Level[] {
  return upToLastFilled((index) => {
    const values = valuesOf(first + index);
    const price = orNull(values[0]);
    // A row has nulls for a level that does not exist.
    if (price === null && values[1] === 0) return EMPTY;
    return { price, quantity: orNull(values[1]), orders: orNull(values[2]) };
  });
}

const EMPTY: Level = { price: null, quantity: null, orders: null };

/** A level keeps its place, even if the one before it is empty. */
function upToLastFilled(levelAt: (index: number) => Level): readonly Level[] {
  const levels = Array.from({ length: LEVELS }, (_, index) => levelAt(index));
  return levels.slice(0, 1 + levels.findLastIndex(isFilled));
}

function safeNumber(value: Wide | null): number | null {
  return typeof value === 'number' ? value : null;
}
