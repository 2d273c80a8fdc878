// Writes a day's log of a million rows, the same in every run: prices that walk by ticks, with a
// trade in every third slot.
import { dayFolders } from '../adapters/recordings/data-folder.ts';
import { type Book, bookValues, type Level } from '../core/recording/book.ts';
import type { Row } from '../core/recording/columns.ts';
import { type SessionPlan, slotsOf } from '../core/market/phases.ts';
import { type Instant, plus } from '../core/time.ts';

const EVERY_SECONDS = 5;
/** With 5,040 slots each: 1,008,000 rows. */
const SYMBOLS = Array.from({ length: 200 }, (_, n) => `NSE:BENCH${String(n).padStart(3, '0')}-EQ`);
/** Slots of one append. */
const BATCH = 20;

/** @returns the number of rows */
export async function writeBenchDay(dataDir: string, session: SessionPlan): Promise<number> {
  const { date, opensAt, closesAt } = session;
  const logs = await dayFolders(dataDir).open(date);
  await logs.record([
    {
      event: 'plan',
      at: opensAt,
      symbols: [...SYMBOLS],
      everySeconds: EVERY_SECONDS,
      opensAt,
      closesAt,
      from: opensAt,
      feed: 'rest',
      session: session.name,
      certainty: session.certainty,
      source: session.source,
    },
  ]);
  const walkers = SYMBOLS.map((symbol, index) => walker(symbol, index + 1));
  const slots = slotsOf(session, EVERY_SECONDS);
  for (let first = 0; first < slots.length; first += BATCH) {
    const batch = slots.slice(first, first + BATCH);
    await logs.append(batch.flatMap((slot) => walkers.map((rowAt) => rowAt(slot))));
  }
  await logs.close();
  return slots.length * SYMBOLS.length;
}

function walker(symbol: string, seed: number): (slot: Instant) => Row {
  const random = randomOf(seed);
  let [ticks, volume, lastTradeAt] = [4_000 + seed * 100, 0, null as Instant | null];
  return (slot) => {
    ticks += random(3) - 1;
    const traded = random(3) === 0;
    if (traded) {
      volume += random(500) + 1;
      lastTradeAt = slot;
    }
    const receivedAt = plus(slot, 40 + random(300));
    const book = { ...bookOf(symbol, ticks, random), volume, lastTradeAt };
    return { symbol, slot, requestedAt: plus(slot, random(40)), receivedAt, feed: 'rest', book };
  };
}

function bookOf(symbol: string, ticks: number, random: (below: number) => number): Book {
  const side = (better: 1 | -1): Level[] =>
    [1, 2, 3, 4, 5].map((n) => ({
      price: (ticks - better * n) / 20,
      quantity: random(5_000) + 1,
      orders: random(40) + 1,
    }));
  return {
    ...bookValues(() => null),
    symbol,
    bids: side(1),
    asks: side(-1),
    totalBuyQuantity: 2_000_000 + random(100_000),
    totalSellQuantity: 3_000_000 + random(100_000),
    lastPrice: ticks / 20,
    lastQuantity: random(200) + 1,
    lastTradeAt: null,
    volume: 0,
    averagePrice: Math.round(ticks * 5) / 100,
    open: 430.5,
    high: 1_500,
    low: 100,
    previousClose: 425.2,
    openInterest: null,
    lowerCircuit: 50,
    upperCircuit: 2_500,
    sequence: null,
  };
}

/**
 * Random whole numbers below a bound from a linear congruential generator, so that every run has
 * the same day.
 */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
