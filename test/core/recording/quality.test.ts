import { describe, expect, test } from 'vitest';
import type { Book } from '../../../core/recording/book.ts';
import { type QualityFacts, startQuality } from '../../../core/recording/quality.ts';
import { type Instant, MINUTE, SECOND, plus } from '../../../core/time.ts';
import { NOON, at, facts, level, rowOf, session } from '../../support/quality.ts';

/** The marks of one row alone. */
function marksOf(slot: Instant, over: Partial<Book> = {}, known: Partial<QualityFacts> = {}) {
  return startQuality(facts(known)).judge(rowOf(slot, over)).marks;
}

const CROSSED = { bids: [level(427.5)], asks: [level(427.4)] };

describe('A row', () => {
  test('has no mark if its book is valid', () => {
    const judged = startQuality(facts()).judge(rowOf(NOON));
    expect(judged).toMatchObject({ phase: { name: 'CONTINUOUS' }, marks: [], text: null });
  });

  test('is marked crossed or locked in continuous trading, and in no other phase', () => {
    expect(marksOf(NOON, CROSSED)).toEqual(['crossed']);
    expect(marksOf(NOON, { ...CROSSED, bids: [level(427.4)] })).toEqual(['locked']);
    for (const { name, from } of session().phases) {
      if (name !== 'CONTINUOUS') expect(marksOf(from, CROSSED)).toEqual([]);
    }
  });

  test('is judged by the phase of its receipt, to the millisecond', () => {
    const closes = session().phases.find(({ name }) => name === 'CONTINUOUS')?.to ?? NOON;
    // A sample row is received 48 ms after its slot.
    expect(marksOf(plus(closes, -49), CROSSED)).toEqual(['crossed']);
    expect(marksOf(plus(closes, -48), CROSSED)).toEqual([]);
  });

  test('is judged by the phases of its symbol', () => {
    const known = { sessionOf: () => session('plain') };
    expect(marksOf(at('15:20'), CROSSED)).toEqual([]);
    expect(marksOf(at('15:20'), CROSSED, known)).toEqual(['crossed']);
  });

  test('is marked crossed by any level, and non-monotone if its levels are out of order', () => {
    const bids = [level(427.2), level(427.5)];
    expect(marksOf(NOON, { bids, asks: [level(427.4)] })).toEqual(['crossed', 'non-monotone']);
    expect(marksOf(NOON, { bids: [level(427.2), level(427.2)] })).toEqual(['non-monotone']);
    expect(marksOf(NOON, { asks: [level(427.45), level(427.4)] })).toEqual(['non-monotone']);
  });

  test('is marked zero-inside only if a level follows the zero', () => {
    const gap = [level(427.2), level(0, 0), level(427.1)];
    expect(marksOf(NOON, { bids: gap })).toEqual(['zero-inside']);
    expect(marksOf(at('15:21'), { bids: gap })).toEqual(['zero-inside']);
    expect(marksOf(NOON, { bids: gap.slice(0, 2) })).toEqual([]);
    expect(marksOf(NOON, { bids: [] })).toEqual([]);
  });

  test('may have market orders, which have no price, at the top in an auction only', () => {
    const bids = [level(0, 500), level(427.2)];
    expect(marksOf(at('15:21'), { bids })).toEqual([]);
    expect(marksOf(NOON, { bids })).toEqual(['zero-inside']);
  });

  test('is marked outside-circuit beyond a circuit limit, and not on it', () => {
    const bids = [level(382.7), level(382.65)];
    expect(marksOf(NOON, { bids: bids.slice(0, 1), asks: [level(467.7)] })).toEqual([]);
    expect(marksOf(NOON, { bids })).toEqual(['outside-circuit']);
    expect(marksOf(NOON, { asks: [level(467.75)] })).toEqual(['outside-circuit']);
    expect(marksOf(NOON, { bids, lowerCircuit: null, upperCircuit: null })).toEqual([]);
  });

  test('is marked off-tick only if the tick is known', () => {
    for (const price of [427.42, 24_500.02]) {
      const off = { asks: [level(price)], upperCircuit: null };
      expect(marksOf(NOON, off)).toEqual(['off-tick']);
      expect(marksOf(NOON, off, { tickOf: () => 0.01 })).toEqual([]);
      expect(marksOf(NOON, off, { tickOf: () => null })).toEqual([]);
    }
  });

  test('has no mark for the last price of an earlier day, and is stale if it has volume too', () => {
    const lastPrice = 900.01;
    expect(marksOf(NOON, { lastPrice })).toEqual(['outside-circuit', 'off-tick']);
    const lastTradeAt = plus(at('00:00'), -8 * 60 * MINUTE);
    expect(marksOf(NOON, { lastPrice, lastTradeAt })).toEqual([]);
    // A volume next to it is from that day, too.
    expect(marksOf(NOON, { lastPrice, lastTradeAt, volume: 5 })).toEqual(['stale']);
    expect(marksOf(at('09:01'), { lastPrice, lastTradeAt, volume: 5 })).toEqual([]);
  });

  test('is marked outside-session before the opening and from the close on', () => {
    expect(marksOf(plus(session().opensAt, -49))).toEqual(['outside-session']);
    expect(marksOf(plus(session().opensAt, -48))).toEqual([]);
    expect(marksOf(plus(session().closesAt, -48))).toEqual(['outside-session']);
  });

  test('has its marks in a fixed order, joined by a space', () => {
    const over = { ...CROSSED, bids: [level(500.01), level(0, 0), level(600)] };
    const { marks, text } = startQuality(facts()).judge(rowOf(NOON, over));
    expect(text).toBe('crossed non-monotone zero-inside outside-circuit off-tick');
    expect(marks.join(' ')).toBe(text);
  });
});

/** Judges a row every five seconds from `from`; `change` returns the book of each. */
function marksFrom(
  from: Instant,
  rows: number,
  change: (index: number) => Partial<Book> = () => ({}),
) {
  const quality = startQuality(facts());
  const marks = Array.from(
    { length: rows },
    (_, index) => quality.judge(rowOf(plus(from, index * 5 * SECOND), change(index))).marks,
  );
  return { marks, summary: quality.summary() };
}

describe('An unchanged book', () => {
  const firstWith = (mark: string, marks: readonly (readonly string[])[]): number =>
    marks.findIndex((ofRow) => ofRow.includes(mark));

  test('is marked frozen after five minutes if the volume did not change either', () => {
    const { marks } = marksFrom(NOON, 70);
    expect(firstWith('frozen', marks)).toBe(60);
    expect(firstWith('stale', marks)).toBe(-1);
  });

  test('is marked stale after a minute if the volume changed', () => {
    const { marks } = marksFrom(NOON, 70, (index) => ({ volume: 1_000 + index }));
    expect(firstWith('stale', marks)).toBe(12);
    expect(firstWith('frozen', marks)).toBe(-1);
  });

  test('is marked neither frozen nor stale if one level changes', () => {
    const { marks } = marksFrom(NOON, 70, (index) => ({
      bids: [level(427, 10 + Math.trunc(index / 10))],
      volume: index,
    }));
    expect(marks.flat()).toEqual([]);
  });

  test('has no mark while orders cannot match', () => {
    for (const { name, from, to } of session().phases) {
      const rows = Math.floor((to - from) / (5 * SECOND)) - 1;
      if (name === 'CONTINUOUS') continue;
      expect(marksFrom(from, rows).marks.flat()).toEqual([]);
    }
  });

  test('is counted again from the start of a phase', () => {
    const opens = at('09:15');
    const { marks } = marksFrom(plus(opens, -10 * MINUTE), 200);
    expect(firstWith('frozen', marks)).toBe(120 + 60);
  });

  test('makes the day red if it lasts for more than half of the rows', () => {
    const { summary } = marksFrom(NOON, 180);
    expect(summary).toMatchObject({ red: true, symbols: [{ red: ['frozen'] }] });
    expect(summary.symbols[0]?.frozenPercent).toBe(66.7);
    const lively = marksFrom(NOON, 180, (index) => ({ totalBuyQuantity: Math.min(index, 100) }));
    expect(lively.summary).toMatchObject({ red: false, marks: { frozen: 20 } });
  });
});

describe('The summary of a day', () => {
  test('is red for rows outside of the planned hours, and for no other rows', () => {
    const { opensAt, closesAt } = session();
    const own = { ...session(), closesAt: at('15:40'), phases: [] };
    const red = (planned: QualityFacts['planned'], ...slots: readonly Instant[]) => {
      const quality = startQuality(facts({ sessionOf: () => own, planned }));
      for (const slot of slots) quality.judge(rowOf(slot));
      return quality.summary().symbols.map((each) => [each.marks['outside-session'], ...each.red]);
    };
    // A sample row is received 48 ms after its slot.
    const inside = [plus(opensAt, -48), plus(closesAt, -49)];
    expect(red(session(), ...inside)).toEqual([[2]]);
    expect(red(session(), plus(opensAt, -49))).toEqual([[1, 'outside-session']]);
    expect(red(session(), plus(closesAt, -48))).toEqual([[1, 'outside-session']]);
    expect(red(null, ...inside)).toEqual([[2, 'outside-session']]);
  });

  test('reports whether the previous close differs from the last recorded close', () => {
    const differs = (lastClose: number | null, previousClose: number | null): boolean => {
      const quality = startQuality(facts({ lastCloseOf: () => lastClose }));
      // The previous close in the pre-open may be that of an earlier day.
      quality.judge(rowOf(at('09:01'), { previousClose: 1 }));
      quality.judge(rowOf(at('09:16'), { previousClose }));
      return quality.summary().symbols[0]?.previousCloseDiffers ?? false;
    };
    expect(differs(425.2, 425.2)).toBe(false);
    expect(differs(850.4, 425.2)).toBe(true);
    expect(differs(425.26, 425.2)).toBe(true);
    expect(differs(425.24, 425.2)).toBe(false);
    expect(differs(null, 425.2)).toBe(false);
    expect(differs(850.4, null)).toBe(false);
  });
});
