// Makes books, rows, batches and calendars of sessions for tests.
import { type Book, bookValues } from '../../core/recording/book.ts';
import type { Row } from '../../core/recording/columns.ts';
import type { CalendarOverrides } from '../../core/market/calendar.ts';
import type { SessionPlan } from '../../core/market/phases.ts';
import type { SlotResult } from '../../core/ports.ts';
import {
  type Instant,
  SECOND,
  formatHhMm,
  istDateAt,
  parseInstant,
  plus,
} from '../../core/time.ts';

export const OPENS_AT = parseInstant('2026-11-25T09:00:00+05:30');

function sampleBook(symbol: string, over: Partial<Book> = {}): Book {
  const level = (price: number, quantity: number) => ({ price, quantity, orders: 2 });
  return {
    ...bookValues(() => null),
    symbol,
    bids: [level(427.25, 4_738), level(427.2, 10)],
    asks: [level(427.4, 2_193)],
    totalBuyQuantity: 2_396_063,
    totalSellQuantity: 4_990_001,
    lastPrice: 427.3,
    lastQuantity: 20,
    lastTradeAt: parseInstant('2026-11-25T09:00:01+05:30'),
    volume: 0,
    averagePrice: 428.07,
    open: 430.5,
    high: 433.65,
    low: 423.6,
    previousClose: 425.2,
    openInterest: null,
    lowerCircuit: 382.7,
    upperCircuit: 467.7,
    sequence: null,
    ...over,
  };
}

export function sampleRow(
  symbol: string,
  slot: Instant,
  over: Partial<Book> = {},
): Row & { readonly requestedAt: Instant } {
  return {
    symbol,
    slot,
    requestedAt: plus(slot, 3),
    receivedAt: plus(slot, 48),
    feed: 'rest',
    book: sampleBook(symbol, over),
  };
}

/** The facts of a symbol's event that the symbol master has. */
export const NO_FACTS = {
  ...{ alias: null, isin: null, fyToken: null, tick: null, lot: null, auction: null },
  lastClose: null,
} as const;

export function taken(symbol: string, slot: Instant): SlotResult {
  const { requestedAt: sentAt, receivedAt, book } = sampleRow(symbol, slot);
  return { symbol, slot, sentAt, receivedAt, kind: 'book', book };
}

/** Opens the days of these sessions, at their hours, with an unknown phase: the calendar adds no phases to one. */
export function calendarOf(...sessions: readonly SessionPlan[]): CalendarOverrides {
  return {
    overrides: sessions.map(({ date, opensAt, closesAt }) => ({
      date,
      phases: [{ name: 'UNKNOWN', from: formatHhMm(opensAt), to: formatHhMm(closesAt) }],
    })),
  };
}

/** A session of one minute: two phases, twelve slots of five seconds. */
export function shortSession(opensAt: Instant = OPENS_AT): SessionPlan {
  const half = plus(opensAt, 30 * SECOND);
  const closesAt = plus(opensAt, 60 * SECOND);
  return {
    date: istDateAt(opensAt),
    name: 'special',
    opensAt,
    closesAt,
    phases: [
      { name: 'PREOPEN_ENTRY', from: opensAt, to: half, certainty: 'sourced' },
      { name: 'CONTINUOUS', from: half, to: closesAt, certainty: 'inferred' },
    ],
    certainty: 'inferred',
    source: 'test',
  };
}
