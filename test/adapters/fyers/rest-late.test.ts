// Tests slots that begin late, or during which the machine slept.
import { describe, expect, test } from 'vitest';
import { SECOND, plus } from '../../../core/time.ts';
import { OPENS_AT } from '../../support/depth.ts';
import { depthOf } from '../../support/depth-server.ts';
import { SYMBOLS, observe, outcome, outcomes } from '../../support/rest-feed.ts';

describe('A slot that begins late', () => {
  test.each([
    // Symbols, interval, how late the first slot begins, and when its bursts go out.
    [12, 5, 3_000, [3_000, 4_000]],
    [12, 5, 2_999, [2_999, 3_999, 4_999]],
    [12, 5, 4_999, [4_999]],
    [37, 15, 9_000, [9_000, 10_000, 11_000, 12_000, 13_000, 14_000]],
    [8, 4, 3_500, [3_500]],
  ])(
    'spreads %i symbols every %i s over the rest of a slot that begins %i ms late, and marks the others late',
    async (count, everySeconds, lateMs, bursts) => {
      const symbols = Array.from({ length: count }, (_, index) => `NSE:S${String(index)}-EQ`);
      const { batches } = await observe({
        script: ({ symbol }) => depthOf(symbol),
        symbols,
        everySeconds,
        lateMs,
        slots: 2,
      });
      const taken = (batches[0] ?? []).filter(({ kind }) => kind === 'book');
      expect(taken.map(({ sentAt }) => Number(sentAt) - OPENS_AT)).toEqual(
        symbols.slice(0, 5 * bursts.length).map((_, index) => bursts[Math.floor(index / 5)]),
      );
      expect((batches[0] ?? []).map(({ symbol }) => symbol)).toEqual(symbols);
      expect((batches[0] ?? []).slice(taken.length).map(outcome)).toEqual(
        symbols.slice(taken.length).map(() => 'late'),
      );
      // The next slot begins a second after the last burst, and is complete.
      const next = Math.max(everySeconds * SECOND, (bursts.at(-1) ?? 0) + SECOND);
      expect((batches[1] ?? [])[0]?.sentAt).toBe(plus(OPENS_AT, next));
      expect(new Set(outcomes(batches.slice(1)))).toEqual(
        new Set([symbols.map(() => 'book').join(' ')]),
      );
    },
  );

  test('returns to the grid by one burst a minute if the minute limit delays the next slot', async () => {
    const { batches } = await observe({
      script: ({ symbol }) => depthOf(symbol),
      symbols: Array.from({ length: 150 }, (_, index) => `NSE:S${String(index)}-EQ`),
      everySeconds: 60,
      lateMs: 3_000,
      minutes: 5,
    });
    expect(new Set(batches.flat().map(outcome))).toEqual(new Set(['book']));
    const delays = batches.map((batch) =>
      [0, 5, 10, 15].map((index) => {
        const { sentAt, slot } = batch[index] ?? { sentAt: 0, slot: 0 };
        return Number(sentAt) - slot - index * 200;
      }),
    );
    expect(delays).toEqual([
      [3_000, 3_000, 3_000, 3_000],
      [0, 2_000, 2_000, 2_000],
      [0, 0, 1_000, 1_000],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  test('marks the calls of a slot as clock-jump if the machine slept between two bursts', async () => {
    const symbols = Array.from({ length: 12 }, (_, index) => `NSE:S${String(index)}-EQ`);
    const { batches } = await observe({
      script: ({ symbol }) => depthOf(symbol),
      symbols,
      onJump: (now, clock) => {
        if (now === plus(OPENS_AT, SECOND)) clock.set(plus(OPENS_AT, 8 * SECOND));
      },
      slots: 3,
    });
    const five = (reason: string) => Array.from({ length: 5 }, () => reason);
    expect(batches.map((batch) => batch.map(outcome))).toEqual([
      [...five('book'), ...five('clock-jump'), 'clock-jump', 'clock-jump'],
      [...five('book'), ...five('book'), 'late', 'late'],
      [...five('book'), ...five('book'), 'book', 'book'],
    ]);
  });

  test('marks slots as clock-jump if the machine slept through them, and continues on the grid', async () => {
    const { batches } = await observe({
      script: ({ symbol }) => depthOf(symbol),
      symbols: SYMBOLS.slice(0, 1),
      onJump: (now, clock) => {
        if (now === plus(OPENS_AT, 5 * SECOND)) clock.set(plus(now, 12 * SECOND));
      },
      slots: 5,
    });
    expect(outcomes(batches)).toEqual(['book', 'clock-jump', 'clock-jump', 'book', 'book']);
  });
});
