import { describe, expect, test } from 'vitest';
import { closeWithin } from '../../../core/recording/quality.ts';

const differs = (
  symbol: string,
  [price, previousClose]: readonly [number, number],
  byAuction: boolean,
  tick: number | null = 0.05,
): boolean => Math.abs(price - previousClose) > closeWithin({ symbol, price, tick, byAuction });

describe('closeWithin', () => {
  test('allows one tick if the close is by auction, or 0.05 if the tick is unknown', () => {
    expect(differs('NSE:SBIN-EQ', [850.4, 850.45], true)).toBe(false);
    expect(differs('NSE:SBIN-EQ', [850.4, 850.5], true)).toBe(true);
    expect(differs('NSE:SBIN-EQ', [850.4, 850.5], true, 0.1)).toBe(false);
    expect(differs('NSE:SBIN-EQ', [850.4, 850.45], true, 0.01)).toBe(true);
    expect(differs('NSE:SBIN-EQ', [850.4, 850.5], true, null)).toBe(true);
  });

  test.each([
    ['a share without an auction', 'NSE:TINY-EQ'],
    ['a future', 'NSE:NIFTY26DECFUT'],
    ['an index', 'NSE:NIFTY50-INDEX'],
  ])('allows a few percent for %s, whose close is an average of half an hour', (_what, symbol) => {
    for (const close of [1_000, 970, 1_049]) {
      expect(differs(symbol, [1_000, close], false)).toBe(false);
    }
    // A bonus of one for ten, a bonus of one for one, and a split of one into ten.
    for (const close of [909.1, 500, 100]) {
      expect(differs(symbol, [1_000, close], false)).toBe(true);
    }
  });

  test('allows any difference for an option', () => {
    for (const symbol of ['NSE:NIFTY26D0824500CE', 'NSE:SBIN26DEC800PE']) {
      expect(differs(symbol, [0.05, 240], false)).toBe(false);
    }
  });

  test('does not treat a share whose name ends in CE as an option', () => {
    expect(differs('NSE:PRICE-EQ', [1_000, 500], false)).toBe(true);
  });
});
