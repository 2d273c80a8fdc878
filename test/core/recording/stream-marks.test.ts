import { describe, expect, test } from 'vitest';
import { COLUMNS } from '../../../core/recording/columns.ts';
import { type DayEvent, resyncsIn } from '../../../core/recording/day-events.ts';
import { observedOf } from '../../../core/recording/observed.ts';
import { type QualityFacts, startQuality } from '../../../core/recording/quality.ts';
import { type Instant, MINUTE, plus, SECOND } from '../../../core/time.ts';
import { sampleRow } from '../../support/depth.ts';
import { at, facts, NOON } from '../../support/quality.ts';

type Feed = 'rest' | 'tbt' | 'hsm';
const SYMBOL = 'NSE:SBIN-EQ';

function streamed(slot: Instant, receivedAt: Instant, feed: Feed = 'hsm', bid = 1) {
  const row = { ...sampleRow(SYMBOL, slot, { totalBuyQuantity: bid }), receivedAt, feed };
  // Also for `rest`, whose rows otherwise have the time of receipt there.
  const cells = COLUMNS.map((column) => (column.name === 'timestamp' ? slot : column.of(row)));
  return observedOf(cells);
}

function marksOf(slot: Instant, receivedAt: Instant, feed: Feed = 'hsm') {
  return startQuality(facts()).judge(streamed(slot, receivedAt, feed)).marks;
}

describe('The row of a stream', () => {
  const opens = at('09:15');

  test('is carried if its book is older than its phase', () => {
    expect(marksOf(opens, plus(opens, -1))).toEqual(['carried']);
    expect(marksOf(opens, opens)).toEqual([]);
    expect(marksOf(plus(opens, 5 * SECOND), plus(opens, -1), 'tbt')).toEqual(['carried']);
  });

  test('is aged in continuous trading if its book is older than a minute', () => {
    expect(marksOf(NOON, plus(NOON, -MINUTE - 1))).toEqual(['aged']);
    expect(marksOf(NOON, plus(NOON, -MINUTE))).toEqual([]);
    expect(marksOf(at('09:03'), plus(at('09:03'), -MINUTE - 1))).toEqual([]);
  });

  test('of feed rest has neither mark', () => {
    expect(marksOf(NOON, plus(NOON, -10 * MINUTE), 'rest')).toEqual([]);
  });

  test('makes its day red if more than half of the continuous rows are aged', () => {
    const red = (aged: number) => {
      const quality = startQuality(facts());
      for (let index = 0; index < 10; index += 1) {
        const slot = plus(NOON, index * 5 * SECOND);
        const received = index < aged ? plus(slot, -2 * MINUTE) : slot;
        quality.judge(streamed(slot, received, 'hsm', index + 1));
      }
      return quality.summary().symbols[0]?.red;
    };
    expect(red(5)).toEqual([]);
    expect(red(6)).toEqual(['aged']);
  });

  test('is resynced if it is the first after the stream began again', () => {
    const resyncsOf: QualityFacts['resyncsOf'] = () => [
      plus(NOON, 6 * SECOND),
      plus(NOON, 7 * SECOND),
      plus(NOON, 15 * SECOND),
    ];
    const marks = (feed: Feed) => {
      const quality = startQuality(facts({ resyncsOf }));
      return [0, 5, 10, 15, 20].map((seconds) => {
        const slot = plus(NOON, seconds * SECOND);
        return quality.judge(streamed(slot, slot, feed, seconds + 1)).text;
      });
    };
    expect(marks('tbt')).toEqual([null, null, 'resynced', 'resynced', null]);
    expect(marks('rest')).toEqual([null, null, null, null, null]);
  });
});

describe('A stream begins again', () => {
  const note = (
    event: 'resync' | 'socket-open',
    seconds: number,
    symbols?: string[],
  ): DayEvent => ({
    ...{ event, at: plus(NOON, seconds * SECOND), message: '' },
    ...(symbols === undefined ? {} : { symbols }),
  });
  const hole = (reason: 'socket-closed' | 'late', from: number): DayEvent => ({
    ...{ event: 'hole', reason, symbols: [SYMBOL], at: NOON },
    ...{ from: plus(NOON, from * SECOND), to: plus(NOON, (from + 5) * SECOND) },
  });
  const secondsOf = (events: readonly DayEvent[]) =>
    resyncsIn(events)(SYMBOL).map((each) => (each - NOON) / SECOND);

  test('with every connection but the first one of the day', () => {
    expect(secondsOf([note('socket-open', 0)])).toEqual([]);
    expect(secondsOf([note('socket-open', 0), note('socket-open', 9)])).toEqual([9]);
    const own = [note('socket-open', 0, [SYMBOL]), note('socket-open', 9, [SYMBOL])];
    expect(secondsOf(own)).toEqual([9]);
    const other = [
      note('socket-open', 0, ['NSE:INFY-EQ']),
      note('socket-open', 9, ['NSE:INFY-EQ']),
    ];
    expect(secondsOf(other)).toEqual([]);
  });

  test('after a skipped number of its own', () => {
    expect(secondsOf([note('resync', 3, [SYMBOL]), note('resync', 4, ['NSE:INFY-EQ'])])).toEqual([
      3,
    ]);
  });

  test('after the last of consecutive holes of the stream', () => {
    const holes = [hole('socket-closed', 0), hole('socket-closed', 5), hole('socket-closed', 20)];
    expect(secondsOf([...holes, hole('late', 40)])).toEqual([10, 25]);
  });
});
