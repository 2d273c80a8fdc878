// Tests that no day of the simulated market is red: recorded by the product's calendar and judged
// by its rules.
import { expect, test } from 'vitest';
import type { Book } from '../../core/recording/book.ts';
import { type Instant, instant, istDate } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { sessionsOn } from '../../harvester/calendar.ts';
import type { SimulatedLevel } from '../../sandbox/fyers/book.ts';
import { recordDay } from '../support/recorded-day.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { simulator } from './fyers/simulator.ts';

const dataDir = makeFolderPerTest();

/** The last share of the simulator has no derivatives. */
const AUCTIONS = { 'NSE:SBIN-EQ': true, 'NSE:M&M-EQ': false };

function bookOf(state: ReturnType<typeof simulator>, symbol: string, at: Instant): Partial<Book> {
  const book = state.bookOf(symbol, at);
  const levels = (side: readonly SimulatedLevel[]) =>
    side.map(({ pricePaise, quantity, orders }) => ({ price: pricePaise / 100, quantity, orders }));
  return {
    bids: levels(book.bids),
    asks: levels(book.asks),
    totalBuyQuantity: book.totalBuyQuantity,
    totalSellQuantity: book.totalSellQuantity,
    lastPrice: book.lastPaise / 100,
    lastTradeAt: instant(book.lastTradeAt * 1_000),
    volume: book.volume,
    previousClose: book.previousClosePaise / 100,
    lowerCircuit: book.lowerCircuitPaise / 100,
    upperCircuit: book.upperCircuitPaise / 100,
  };
}

test.each([
  ['a full Saturday', '2024-01-20', 'NSE:NIFTY24JANFUT'],
  ['a Saturday in two parts', '2024-03-02', 'NSE:NIFTY24MARFUT'],
  ['an evening', '2024-11-01', 'NSE:NIFTY24NOVFUT'],
  ['an afternoon', '2025-10-21', 'NSE:NIFTY25OCTFUT'],
  ['a Sunday', '2026-02-01', 'NSE:NIFTY26FEBFUT'],
  ['the last day without an auction', '2026-07-31', 'NSE:NIFTY26AUGFUT'],
  ['the first day with an auction', '2026-08-03', 'NSE:NIFTY26AUGFUT'],
  ['the first day of the second pre-open', '2026-09-07', 'NSE:NIFTY26SEPFUT'],
  ['the evening of a Sunday', '2026-11-08', 'NSE:NIFTY26NOVFUT'],
  ['the last auction of 15:15', '2026-12-04', 'NSE:NIFTY26DECFUT'],
  ['the first auction of 15:30', '2026-12-07', 'NSE:NIFTY26DECFUT'],
  ['the last day of a month’s contracts', '2026-12-29', 'NSE:NIFTY26DECFUT'],
  ['a day of a year without a list', '2027-01-04', 'NSE:NIFTY27JANFUT'],
  ['a leap day', '2028-02-29', 'NSE:NIFTY28FEBFUT'],
])('A simulated day is good: %s, %s', async (_, text, future) => {
  const date = istDate(text);
  const state = simulator();
  const { session } = sessionsOn(date, {});
  if (session === null) throw new Error(`${date} is closed`);
  for (const symbol of [...Object.keys(AUCTIONS), future]) {
    expect(state.isListed(symbol, session.opensAt)).toBe(true);
  }
  const { folder } = await recordDay({
    dataDir: dataDir.path,
    session,
    symbols: [...Object.keys(AUCTIONS), future],
    auctions: AUCTIONS,
    everySeconds: 60,
    state: 'ended',
    book: (symbol, _index, slot) => bookOf(state, symbol, slot),
  });
  const { quality } = await compactDay({ folder, date, shard: 0, ...sessionsOn(date, {}) });
  expect(quality.symbols.map(({ symbol, red }) => [symbol, red])).toEqual(
    [...Object.keys(AUCTIONS), future].map((symbol) => [symbol, []]),
  );
  // Futures are recorded outside of their own hours too; no other mark is allowed.
  const marks = new Set(quality.symbols.flatMap((each) => Object.keys(each.marks)));
  marks.delete('outside-session');
  expect([...marks]).toEqual([]);
});
