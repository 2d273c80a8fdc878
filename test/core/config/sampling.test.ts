import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SamplingPlan, parseSampling } from '../../../core/config/values.ts';
import { fallbackPlan, rateProblems } from '../../../core/config/sampling.ts';
import { must } from '../../support/rest-feed.ts';

/** @throws Error if one harvester alone may not have this plan */
function plan(symbols: number, everySeconds: number): SamplingPlan {
  const names = Array.from({ length: symbols }, (_, index) => `NSE:SYMBOL${String(index)}-EQ`);
  return must(parseSampling(names.join(), String(everySeconds)));
}

describe('rateProblems', () => {
  test.each([
    ['nothing for 150 calls a minute', [plan(2, 1), plan(5, 10)], []],
    [
      'a problem for 151 calls a minute',
      [plan(2, 1), plan(5, 10), plan(1, 60)],
      [
        'all together make 2 × 60 / 1 + 5 × 60 / 10 + 1 × 60 / 60 = 120 + 30 + 1 = 151 calls a minute, over the 150 that leave room under the account’s 200'.replace(
          '’',
          "'",
        ),
      ],
    ],
    ['nothing for ten calls at once', [plan(5, 10), plan(5, 10)], []],
    [
      'a problem for eleven calls at once, even if they are few a minute',
      [plan(5, 10), plan(5, 20), plan(1, 60)],
      [
        expect.stringMatching(
          /^all together make 5 \+ 5 \+ 1 = 11 calls in seconds 0 and 1 of a minute, .* 10 a second/,
        ),
      ],
    ],
    // The burst of one second meets the next harvester's of the second after it.
    [
      'a problem for bursts of ten and one in the first two seconds',
      [plan(10, 30), plan(1, 60)],
      [expect.stringContaining('10 + 1 = 11 calls in seconds 0 and 1')],
    ],
  ])('returns %s', (_what, plans, problems) => {
    expect(rateProblems(plans)).toEqual(problems);
  });

  test('returns nothing for any single harvester of up to 150 calls a minute', () => {
    const every = fc.constantFrom(1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), every, (symbols, everySeconds) => {
        fc.pre((symbols * 60) / everySeconds <= 150);
        return rateProblems([plan(symbols, everySeconds)]).length === 0;
      }),
    );
  });
});

describe('fallbackPlan', () => {
  test.each([
    [15, 5, 5],
    [3, 5, 3],
    [15, 1, 1],
    [15, 60, 15],
  ])('of %i symbols every %i s has %i, sixty calls a minute at most', (symbols, every, most) => {
    const names = plan(symbols, 60).symbols;
    const fallback = fallbackPlan({ symbols: names, everySeconds: every });
    expect(fallback).toEqual({ symbols: names.slice(0, most), everySeconds: every });
    expect((fallback.symbols.length * 60) / every).toBeLessThanOrEqual(60);
  });

  test('counts a group as many symbols', () => {
    const sampling = must(parseSampling('CHAIN:NIFTY,SBIN', '5', 'hsm'));
    expect(fallbackPlan(sampling).symbols).toHaveLength(5);
  });
});
