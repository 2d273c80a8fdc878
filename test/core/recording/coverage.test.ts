import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOLE_REASONS, startCoverage } from '../../../core/recording/coverage.ts';
import { SECOND, istDate, istInstant, plus } from '../../../core/time.ts';
import { shortSession } from '../../support/depth.ts';

const session = shortSession();
const { opensAt, closesAt } = session;
const PLAN = { symbols: ['A', 'B'], everySeconds: 5, opensAt, closesAt, from: opensAt };
const slot = (index: number) => plus(opensAt, index * 5 * SECOND);

describe('Coverage', () => {
  test('expects every symbol in every slot from the opening to the close', () => {
    expect(startCoverage([PLAN]).summary(session)).toMatchObject({
      expected: 24,
      received: 0,
      explained: 0,
      unexplained: 24,
    });
  });

  test('counts rows, holes and phases', () => {
    const coverage = startCoverage([PLAN]);
    expect(coverage.row('A', slot(0))).toBe('new');
    coverage.hole({ reason: 'timeout', symbols: ['B'], from: slot(0), to: slot(1) });
    coverage.hole({ reason: 'stopped', symbols: ['A', 'B'], from: slot(6), to: slot(12) });
    const summary = coverage.summary(session);
    expect(summary).toMatchObject({ received: 1, explained: 13, unexplained: 10 });
    expect(summary.holes).toEqual({ timeout: 1, stopped: 12 });
    expect(summary.phases.map(({ expected, unexplained }) => [expected, unexplained])).toEqual([
      [12, 10],
      [12, 0],
    ]);
    expect(summary.symbols.map(({ symbol, received }) => [symbol, received])).toEqual([
      ['A', 1],
      ['B', 0],
    ]);
  });

  test('distinguishes new, duplicate and unplanned rows', () => {
    const coverage = startCoverage([PLAN]);
    coverage.row('A', slot(0));
    expect(coverage.row('A', slot(0))).toBe('duplicate');
    expect(coverage.row('C', slot(0))).toBe('unplanned');
    expect(coverage.row('A', plus(slot(0), 1))).toBe('unplanned');
    expect(coverage.row('A', slot(12))).toBe('unplanned');
  });

  test('counts a slot with a row and a hole as received, in either order', () => {
    const coverage = startCoverage([PLAN]);
    const hole = { reason: 'late', symbols: ['A'], from: slot(0), to: slot(2) } as const;
    coverage.row('A', slot(0));
    coverage.hole(hole);
    coverage.row('A', slot(1));
    expect(coverage.summary(session)).toMatchObject({ received: 2, explained: 0 });
  });

  test('expects the symbols and slots of a later plan from its start on', () => {
    const later = { ...PLAN, symbols: ['A', 'B', 'C'], everySeconds: 10, from: slot(4) };
    expect(startCoverage([PLAN, later]).summary(session).expected).toBe(4 * 2 + 4 * 3);
  });

  test('counts each slot once if the clock was set back between two starts', () => {
    const at = (time: string) => istInstant(istDate('2026-11-25'), time);
    const day = { opensAt: at('09:00'), closesAt: at('16:00'), symbols: ['A'], everySeconds: 5 };
    const starts = ['09:00', '12:00', '11:06'].map((time) => ({ ...day, from: at(time) }));
    const coverage = startCoverage(starts);
    expect(coverage.summary(session).expected).toBe(5_040);
    expect([...coverage.each()].length).toBe(5_040);
  });

  test('expects each slot from the first start on once, for any order of start times', () => {
    const starts = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(starts, (indexes) => {
        const coverage = startCoverage(indexes.map((from) => ({ ...PLAN, from: slot(from) })));
        const first = Math.min(...indexes);
        expect(coverage.summary(session).expected).toBe(2 * (12 - first));
        const keys = [...coverage.each()].map((each) => `${each.symbol} ${String(each.slot)}`);
        expect(new Set(keys).size).toBe(keys.length);
        for (const hole of coverage.missing(closesAt, 'not-running')) coverage.hole(hole);
        expect(coverage.summary(session).explained).toBe(2 * (12 - first));
      }),
    );
  });

  test('joins neighbouring missing slots up to the given instant', () => {
    const coverage = startCoverage([PLAN]);
    coverage.row('A', slot(2));
    expect(coverage.missing(slot(4), 'not-running')).toEqual([
      { reason: 'not-running', symbols: ['A', 'B'], from: slot(0), to: slot(2) },
      { reason: 'not-running', symbols: ['B'], from: slot(2), to: slot(3) },
      { reason: 'not-running', symbols: ['A', 'B'], from: slot(3), to: slot(4) },
    ]);
  });

  test('has sums that add up, and no unexplained slot once the missing slots are holes', () => {
    const index = fc.integer({ min: 0, max: 13 });
    const symbol = fc.constantFrom('A', 'B', 'C');
    const rows = fc.array(fc.tuple(symbol, index));
    const holes = fc.array(fc.tuple(symbol, index, index, fc.constantFrom(...HOLE_REASONS)));
    fc.assert(
      fc.property(rows, holes, index, (taken, missed, restart) => {
        const coverage = startCoverage([PLAN, { ...PLAN, from: slot(restart) }]);
        for (const [from, a, b, reason] of missed) {
          coverage.hole({ reason, symbols: [from], from: slot(a), to: slot(b) });
        }
        const distinct = new Set<string>();
        for (const [of, at] of taken) {
          coverage.row(of, slot(at));
          if (of !== 'C' && at < 12) distinct.add(`${of} ${String(at)}`);
        }
        const before = coverage.summary(session);
        expect(before.received).toBe(distinct.size);
        expect(before.expected).toBe(before.received + before.explained + before.unexplained);
        const named = Object.values(before.holes).reduce((sum, count) => sum + count, 0);
        expect(named).toBe(before.explained);
        for (const hole of coverage.missing(closesAt, 'not-running')) coverage.hole(hole);
        expect(coverage.summary(session)).toMatchObject({ expected: 24, unexplained: 0 });
      }),
    );
  });
});
