import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  REFRESH_SLOTS,
  SCHEDULE_TIME_ZONE,
  isLastSlot,
  nextRun,
  scheduleExpression,
} from '../../core/schedule.ts';
import { DAY, formatIso, instant, parseInstant } from '../../core/time.ts';

describe('The daily schedule', () => {
  test('is the one of the reference: 07:00 in India, every day', () => {
    expect(REFRESH_SLOTS.map(scheduleExpression)).toEqual(['cron(0 7 * * ? *)']);
    expect(SCHEDULE_TIME_ZONE).toBe('Asia/Kolkata');
  });

  test('knows its last slot', () => {
    expect(isLastSlot('07:00')).toBe(true);
    expect(isLastSlot('06:59')).toBe(false);
  });

  test('has slots in the order of the day', () => {
    expect(REFRESH_SLOTS).toEqual(REFRESH_SLOTS.toSorted());
  });
});

describe('The next run', () => {
  test.each([
    ['2026-11-25T06:59:59.999+05:30', '2026-11-25T07:00:00.000+05:30'],
    ['2026-11-25T07:00:00.000+05:30', '2026-11-26T07:00:00.000+05:30'],
    ['2026-12-31T23:59:59.999+05:30', '2027-01-01T07:00:00.000+05:30'],
    ['2026-11-25T01:29:59.999Z', '2026-11-25T07:00:00.000+05:30'],
    ['2026-11-25T01:30:00.000Z', '2026-11-26T07:00:00.000+05:30'],
  ])('after %s is at %s', (after, expected) => {
    expect(formatIso(nextRun(parseInstant(after)))).toBe(expected);
  });

  test('is within a day, at a slot, and the runs follow each other by days', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1.7e12, max: 1.9e12 }).map(instant), (after) => {
        const next = nextRun(after);
        expect(next).toBeGreaterThan(after);
        expect(next - after).toBeLessThanOrEqual(DAY);
        expect(REFRESH_SLOTS).toContain(formatIso(next).slice(11, 16));
      }),
    );
  });
});
