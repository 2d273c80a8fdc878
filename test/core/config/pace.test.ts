import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSampling } from '../../../core/config/values.ts';
import { type Pace, paceOf } from '../../../core/config/sampling.ts';
import { type Instant, MINUTE, SECOND, parseInstant, plus } from '../../../core/time.ts';
import { must } from '../../support/rest-feed.ts';

const START = parseInstant('2026-11-25T09:00:00+05:30');

function paceFor(symbols: number, everySeconds: number): Pace {
  const names = Array.from({ length: symbols }, (_, n) => `NSE:S${String(n)}-EQ`);
  return paceOf(must(parseSampling(names.join(), String(everySeconds))));
}

function sendAt(pace: Pace, at: Instant, calls: number): void {
  for (let n = 0; n < calls; n += 1) pace.sent(at);
}

test('The pace delays a call to the next second only if it would exceed five calls in this one', () => {
  const pace = paceFor(12, 5);
  expect(pace.earliest(START, 5)).toBe(START);
  sendAt(pace, START, 3);
  expect(pace.earliest(START, 2)).toBe(START);
  expect(pace.earliest(START, 3)).toBe(plus(START, SECOND));
  expect(pace.earliest(plus(START, 999), 3)).toBe(plus(START, SECOND));
  expect(pace.earliest(plus(START, 1_001), 3)).toBe(plus(START, 1_001));
});

test('The pace never allows more than five calls a second, or five above the plan a minute', () => {
  fc.assert(
    fc.property(
      fc.constantFrom([1, 60], [2, 1], [37, 15], [150, 60]),
      fc.array(
        fc.record({
          calls: fc.integer({ min: 1, max: 5 }),
          waitMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
        }),
        { minLength: 80, maxLength: 120 },
      ),
      ([symbols = 0, everySeconds = 1], wishes) => {
        const pace = paceFor(symbols, everySeconds);
        const sent: Instant[] = [];
        let now = START;
        for (const { calls, waitMs } of wishes) {
          now = pace.earliest(plus(now, waitMs), calls);
          sendAt(pace, now, calls);
          for (let n = 0; n < calls; n += 1) sent.push(now);
          const within = (ms: number) => sent.filter((at) => at > now - ms).length;
          expect(within(SECOND)).toBeLessThanOrEqual(5);
          expect(within(MINUTE)).toBeLessThanOrEqual((symbols * 60) / everySeconds + 5);
        }
      },
    ),
    { seed: 7 },
  );
});

test('The pace does not delay calls after the clock was set back', () => {
  const pace = paceFor(12, 5);
  sendAt(pace, START, 5);
  expect(pace.earliest(plus(START, -1), 5)).toBe(plus(START, -1));
});
