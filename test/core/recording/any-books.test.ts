import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MARKS, startQuality } from '../../../core/recording/quality.ts';
import { SECOND, plus } from '../../../core/time.ts';
import { facts, rowOf, session } from '../../support/quality.ts';

describe('startQuality with any books', () => {
  const price = fc.integer({ min: 0, max: 40 }).map((ticks) => ticks / 20);
  const side = fc.array(fc.record({ price, quantity: fc.nat(2), orders: fc.constant(null) }), {
    maxLength: 5,
  });
  const rows = fc.array(
    fc.record({
      symbol: fc.constantFrom('A', 'B'),
      second: fc.integer({ min: 0, max: 7 * 60 * 60 }),
      bids: side,
      asks: side,
    }),
    { maxLength: 60 },
  );

  test('counts in its summary the marks that its rows received', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const quality = startQuality(facts());
        const judged = given.map(({ symbol, second, bids, asks }) => {
          const slot = plus(session().opensAt, second * SECOND);
          return { symbol, ...quality.judge(rowOf(slot, { bids, asks }, symbol)) };
        });
        const summary = quality.summary();
        expect(summary.symbols.reduce((sum, each) => sum + each.rows, 0)).toBe(given.length);
        for (const mark of MARKS) {
          const marked = judged.filter(({ marks }) => marks.includes(mark));
          expect(summary.marks[mark] ?? 0).toBe(marked.length);
          for (const each of summary.symbols) {
            const own = marked.filter(({ symbol }) => symbol === each.symbol);
            expect(each.marks[mark] ?? 0).toBe(own.length);
          }
        }
      }),
    );
  });

  test('marks a book as crossed in continuous trading exactly if a bid is above an ask', () => {
    fc.assert(
      fc.property(rows, (given) => {
        for (const { second, bids, asks } of given) {
          const slot = plus(session().opensAt, second * SECOND);
          const quality = startQuality(facts());
          const judged = quality.judge(rowOf(slot, { bids, asks }));
          const crosses = bids.some(
            (bid) => bid.price > 0 && asks.some((ask) => ask.price > 0 && bid.price > ask.price),
          );
          expect(judged.marks.includes('crossed')).toBe(
            crosses && judged.phase?.name === 'CONTINUOUS',
          );
        }
      }),
    );
  });

  test('judges the rows of a symbol independently of other symbols', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const ordered = given.toSorted((a, b) => a.second - b.second);
        const marks = (only: (symbol: string) => boolean) => {
          const quality = startQuality(facts());
          return ordered
            .filter(({ symbol }) => only(symbol))
            .map(({ symbol, second, bids, asks }) => {
              const slot = plus(session().opensAt, second * SECOND);
              return { symbol, text: quality.judge(rowOf(slot, { bids, asks }, symbol)).text };
            });
        };
        const together = marks(() => true).filter(({ symbol }) => symbol === 'A');
        expect(marks((symbol) => symbol === 'A')).toEqual(together);
      }),
    );
  });
});
