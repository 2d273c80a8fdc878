import { describe, expect, test } from 'vitest';
import { faultBell } from '../../../adapters/aws/metrics.ts';

/** What is measured minute by minute, when each minute brings the faults that stand at its place. */
function measured(minutes: readonly string[]): string {
  const bell = faultBell();
  return minutes
    .map((faults) => {
      for (const fault of faults) bell.hear(fault);
      return String(bell.beat());
    })
    .join('');
}

describe('The fault bell', () => {
  test('rings in the minute of a fault, and is quiet without one', () => {
    expect(measured(['', '', 'a', '', ''])).toBe('00100');
  });

  test('rings for each of several faults, with quiet minutes between them', () => {
    expect(measured(['ab', '', '', '', ''])).toBe('10010');
    expect(measured(['a', 'b', 'c', '', '', '', '', ''])).toBe('10010010');
  });

  test('rings once for a fault that is met again every ten minutes', () => {
    const everyTen = Array.from({ length: 60 }, (_, minute) => (minute % 10 === 0 ? 'a' : ''));
    expect(measured(everyTen).match(/1/g)).toHaveLength(1);
  });

  test('rings for another fault while one goes on', () => {
    expect(measured(['a', '', '', '', 'b', '', '', '', '', '', 'a', '', ''])).toBe('1000100000000');
  });

  test('rings again for a fault that had stayed away for longer', () => {
    const minutes = (away: number) => ['a', ...Array.from({ length: away - 1 }, () => ''), 'a'];
    expect(measured(minutes(15)).endsWith('0')).toBe(true);
    expect(measured(minutes(17)).endsWith('1')).toBe(true);
  });
});
