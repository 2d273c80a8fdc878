import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BROKER_RETRY, nextTry } from '../../keeper/publish.ts';
import { MINUTE, SECOND, parseInstant, plus } from '../../core/time.ts';

const START = parseInstant('2026-11-25T07:00:00+05:30');
const at = (now = START) => ({ startedAt: START, now });

describe('nextTry', () => {
  test('waits a random part of a ceiling that doubles up to the highest', () => {
    const most = [1, 2, 3, 4, 5, 6, 60].map(
      (failures) => (nextTry(BROKER_RETRY, at(), failures, 0.999_999) ?? START) - START,
    );
    expect(most).toEqual([999, 1_999, 3_999, 7_999, 15_999, 15_999, 15_999]);
    expect(nextTry(BROKER_RETRY, at(), 5, 0)).toBe(START);
  });

  test('waits at least as long as the other side asked', () => {
    expect(nextTry(BROKER_RETRY, at(), 1, 0.5, 7_000.2)).toBe(plus(START, 7_501));
  });

  test('returns null if the retry would begin after the minute', () => {
    const last = plus(START, MINUTE - SECOND);
    expect(nextTry(BROKER_RETRY, at(last), 1, 0, SECOND)).toBe(plus(START, MINUTE));
    expect(nextTry(BROKER_RETRY, at(last), 1, 0, SECOND + 1)).toBeNull();
  });

  test('returns null after fewer than 100 failures', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 0.99, noNaN: true }), (random) => {
        let now = START;
        let failures = 1;
        for (; failures < 100; failures += 1) {
          const next = nextTry(BROKER_RETRY, at(now), failures, random);
          if (next === null) break;
          expect(next).toBeGreaterThanOrEqual(now);
          now = next;
        }
        expect(failures).toBeLessThan(100);
      }),
    );
  });
});
