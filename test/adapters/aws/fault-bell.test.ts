import { describe, expect, test } from 'vitest';
import { faultBell } from '../../../adapters/aws/metrics.ts';

/** Returns the measurements of the minutes, each with the faults at its index. */
function measureMinutes(minutes: readonly string[]): string {
  const bell = faultBell();
  return minutes
    .map((faults) => {
      for (const fault of faults) bell.hear(fault);
      return String(bell.beat());
    })
    .join('');
}

describe('The fault bell', () => {
  test('measures 1 in the minute of a fault, and 0 without a fault', () => {
    expect(measureMinutes(['', '', 'a', '', ''])).toBe('00100');
  });

  test('measures 1 for each of several faults, with two minutes of 0 between them', () => {
    expect(measureMinutes(['ab', '', '', '', ''])).toBe('10010');
    expect(measureMinutes(['a', 'b', 'c', '', '', '', '', ''])).toBe('10010010');
  });

  test('measures 1 once for a fault that repeats every ten minutes', () => {
    const everyTen = Array.from({ length: 60 }, (_, minute) => (minute % 10 === 0 ? 'a' : ''));
    expect(measureMinutes(everyTen).match(/1/g)).toHaveLength(1);
  });

  test('measures 1 for another fault while one repeats', () => {
    expect(measureMinutes(['a', '', '', '', 'b', '', '', '', '', '', 'a', '', ''])).toBe(
      '1000100000000',
    );
  });

  test('measures 1 again for a fault after 17 minutes, and not after 15', () => {
    const minutes = (pause: number) => ['a', ...Array.from({ length: pause - 1 }, () => ''), 'a'];
    expect(measureMinutes(minutes(15)).endsWith('0')).toBe(true);
    expect(measureMinutes(minutes(17)).endsWith('1')).toBe(true);
  });
});
