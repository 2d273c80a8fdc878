import { expect, test } from 'vitest';
import { timeFaultWords, timeFaults } from '../../core/clock-faults.ts';
import { instant } from '../../core/time.ts';

const reading = (wall: number, awakeMs: number, sinceBootMs: number | null, stalledMs = 0) => ({
  wall: instant(1_700_000_000_000 + wall),
  awakeMs,
  sinceBootMs,
  stalledMs,
});
const START = reading(0, 1_000, 5_000);

test.each([
  ['nothing', reading(5_000, 6_000, 10_000), []],
  ['a correction by a time daemon', reading(5_400, 6_000, 10_000), []],
  ['a clock set forward', reading(65_000, 6_000, 10_000), ['The clock was set forward by 60.0 s']],
  ['a clock set back', reading(-85_000, 6_000, 10_000), ['The clock was set back by 90.0 s']],
  ['sleep', reading(605_000, 6_000, 610_000), ['The machine slept for 600.0 s']],
  ['a stall', reading(5_000, 6_000, 10_000, 3_500), ['The process did not run for 3.5 s']],
  [
    'sleep and a clock set in it',
    reading(305_000, 6_000, 610_000),
    ['The clock was set back by 300.0 s', 'The machine slept for 600.0 s'],
  ],
] as const)('timeFaults recognises %s between two readings', (_what, now, words) => {
  expect(timeFaults(START, now).map(timeFaultWords)).toEqual(words);
});

test.each([
  ['nothing', reading(5_000, 6_000, 10_999), []],
  ['a clock set forward', reading(65_000, 6_000, 10_999), ['The clock was set forward by 60.0 s']],
  ['sleep', reading(605_000, 6_000, 609_001), ['The machine slept for 599.0 s']],
] as const)(
  'timeFaults recognises %s if the clock since boot has whole seconds',
  (_what, now, words) => {
    expect(timeFaults(START, now).map(timeFaultWords)).toEqual(words);
  },
);

test('timeFaults reports sleep as a clock that was set, if there is no clock that runs during sleep', () => {
  const [before, now] = [reading(0, 1_000, null), reading(605_000, 6_000, null)];
  expect(timeFaults(before, now).map(({ kind }) => kind)).toEqual(['clock-set']);
});
