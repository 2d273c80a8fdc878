import { describe, expect, test } from 'vitest';
import { type DayPlan, startCoverage } from '../../../core/recording/coverage.ts';
import { type Snapshot, coverageRuns, startFigures } from '../../../core/recording/figures.ts';
import { type Instant, MINUTE, SECOND, parseInstant, plus } from '../../../core/time.ts';

const TEN = parseInstant('2026-11-25T10:00:00+05:30');
const SBIN = 'NSE:SBIN-EQ';

function snapshot(changes: Partial<Snapshot> & { readonly slot: Instant }): Snapshot {
  return {
    symbol: SBIN,
    requestedAt: plus(changes.slot, 5),
    receivedAt: plus(changes.slot, 105),
    bids: [{ price: 99.95, quantity: 300 }],
    asks: [{ price: 100.05, quantity: 100 }],
    lastPrice: 100,
    volume: 1000,
    totalBuyQuantity: 5000,
    totalSellQuantity: 4000,
    phase: 'CONTINUOUS',
    ...changes,
  };
}

function figuresOf(rows: readonly Snapshot[], hasPhases = true) {
  const figures = startFigures({ hasPhases });
  for (const row of rows) figures.add(row);
  return figures.figures();
}

describe('startFigures', () => {
  test('returns the median spread and imbalance of each minute', () => {
    const asks = [100.05, 100.15, 100.25].map((price) => [{ price, quantity: 100 }]);
    const rows = asks.map((ask, index) =>
      snapshot({ slot: plus(TEN, index * 20 * SECOND), asks: ask }),
    );
    const [sbin] = figuresOf([...rows, snapshot({ slot: plus(TEN, MINUTE) })]).symbols;
    expect(sbin?.minutes.map(({ minute }) => minute)).toEqual([TEN, plus(TEN, MINUTE)]);
    expect(sbin?.minutes[0]?.spread).toBeCloseTo((20_000 * 0.2) / 200.1, 6);
    expect(sbin?.minutes[1]?.spread).toBeCloseTo(10, 6);
    expect(sbin?.minutes[0]?.imbalance).toBe(0.5);
  });

  test('returns no spread before matching begins, nor if a side of the book is empty', () => {
    const rows = [
      snapshot({ slot: TEN, phase: 'PREOPEN_ENTRY' }),
      snapshot({ slot: plus(TEN, 5 * SECOND), asks: [] }),
      snapshot({ slot: plus(TEN, 10 * SECOND), bids: [{ price: 0, quantity: 0 }] }),
    ];
    expect(figuresOf(rows).symbols).toEqual([
      {
        symbol: SBIN,
        minutes: [expect.objectContaining({ minute: TEN, spread: null, imbalance: null })],
      },
    ]);
  });

  test('returns no spread outside of the phases, unless the day has no known phases', () => {
    const closed = [snapshot({ slot: TEN, phase: null })];
    expect(figuresOf(closed).symbols[0]?.minutes[0]?.spread).toBeNull();
    expect(figuresOf(closed, false).symbols[0]?.minutes[0]?.spread).toBeCloseTo(10, 6);
  });

  test('returns the last price of each minute, and the quantity traded since the minute before', () => {
    const at = (seconds: number) => plus(TEN, seconds * SECOND);
    const rows = [
      snapshot({ slot: at(0), lastPrice: 100, volume: 900 }),
      snapshot({ slot: at(5), lastPrice: 101, volume: 950 }),
      snapshot({ slot: at(60), lastPrice: null, volume: null }),
      snapshot({ slot: at(120), lastPrice: 99, volume: 1_000 }),
      // Before the opening the broker still has the volume of the day before; then it begins again.
      snapshot({ slot: at(180), lastPrice: 98, volume: 30 }),
    ];
    const minutes = figuresOf(rows).symbols[0]?.minutes ?? [];
    expect(minutes.map(({ price, traded }) => [price, traded])).toEqual([
      [101, 50],
      [null, null],
      [99, 50],
      [98, 30],
    ]);
  });

  test('returns no latency if request and answer have the same time', () => {
    const asked = (ms: number) => [
      snapshot({ slot: TEN, requestedAt: TEN, receivedAt: plus(TEN, ms) }),
    ];
    expect(figuresOf(asked(0)).latency).toBeNull();
    expect(figuresOf(asked(1)).latency).toMatchObject({ count: 1, longest: 1 });
  });

  test('summarises each phase of the close, and no other phase', () => {
    const at = (index: number) => plus(TEN, index * 5 * SECOND);
    const rows = [
      snapshot({ slot: at(0), volume: 900 }),
      snapshot({ slot: at(1), phase: 'CAS_ENTRY', volume: 1000, lastPrice: 100 }),
      snapshot({
        slot: at(2),
        phase: 'CAS_ENTRY',
        volume: 1250,
        lastPrice: 101,
        totalBuyQuantity: 7,
      }),
      snapshot({ slot: at(3), phase: 'CAS_MATCH', volume: null, lastPrice: 102 }),
    ];
    expect(figuresOf(rows).close).toEqual([
      {
        symbol: SBIN,
        phase: 'CAS_ENTRY',
        snapshots: 2,
        from: at(1),
        until: at(2),
        firstPrice: 100,
        lastPrice: 101,
        traded: 250,
        totalBuyQuantity: 7,
        totalSellQuantity: 4000,
      },
      expect.objectContaining({ phase: 'CAS_MATCH', traded: null, firstPrice: 102 }),
    ]);
  });

  test('counts every answer in one bin of the latency, the longest in the last', () => {
    const waits = [10, 25, 26, 400, 90_000];
    const rows = waits.map((wait, index) => {
      const slot = plus(TEN, index * 5 * SECOND);
      return snapshot({ slot, requestedAt: slot, receivedAt: plus(slot, wait) });
    });
    const { latency } = figuresOf(rows);
    expect(latency).toMatchObject({ count: 5, median: 26, p95: 90_000, longest: 90_000 });
    const filled = latency?.bins.filter(({ count }) => count > 0);
    expect(filled).toEqual([
      { upTo: 25, count: 2 },
      { upTo: 50, count: 1 },
      { upTo: 400, count: 1 },
      { upTo: 6400, count: 1 },
    ]);
  });

  test('returns no latency if the rows have no time of request', () => {
    expect(figuresOf([snapshot({ slot: TEN, requestedAt: null })]).latency).toBeNull();
  });
});

describe('coverageRuns', () => {
  const plan: DayPlan = {
    symbols: [SBIN, 'NSE:INFY-EQ'],
    everySeconds: 30,
    opensAt: TEN,
    closesAt: plus(TEN, 4 * MINUTE),
    from: TEN,
  };

  test('joins minutes of the same state, and names the most frequent reason of a minute', () => {
    const coverage = startCoverage([plan]);
    for (const slot of [0, 30, 60, 90, 210]) coverage.row(SBIN, plus(TEN, slot * SECOND));
    const hole = (reason: 'timeout' | 'late', from: number, to: number) => {
      coverage.hole({
        reason,
        symbols: [SBIN],
        from: plus(TEN, from * SECOND),
        to: plus(TEN, to * SECOND),
      });
    };
    hole('timeout', 120, 180);
    hole('late', 180, 210);
    const runs = coverageRuns(coverage.each()).map(({ symbol, from, to, state }) => [
      symbol,
      (from - TEN) / MINUTE,
      (to - TEN) / MINUTE,
      state,
    ]);
    expect(runs).toEqual([
      [SBIN, 0, 2, 'received'],
      [SBIN, 2, 3, 'timeout'],
      [SBIN, 3, 4, 'late'],
      ['NSE:INFY-EQ', 0, 4, 'unexplained'],
    ]);
  });
});
