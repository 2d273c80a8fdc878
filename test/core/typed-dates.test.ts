import { describe, expect, test } from 'vitest';
import { isLikeDate, readDate } from '../../core/time.ts';

describe('readDate', () => {
  test('accepts YYYY-MM-DD with white space around it', () => {
    expect(readDate(' 2026-02-28\n')).toEqual({ ok: true, value: '2026-02-28' });
  });

  test.each([
    ['25-11-2026', '2026-11-25'],
    ['25/11/2026', '2026-11-25'],
    ['25.11.2026', '2026-11-25'],
    ['11/25/2026', '2026-11-25'],
    ['2026-2-3', '2026-02-03'],
    ['2026/11/25', '2026-11-25'],
    ['2026–11–25', '2026-11-25'],
    ['20261125', '2026-11-25'],
    ['25112026', '2026-11-25'],
    ['25-Nov-2026', '2026-11-25'],
    ['25 November 2026', '2026-11-25'],
    ['Nov 25, 2026', '2026-11-25'],
    ['2026-11-25T09:15:00+05:30', '2026-11-25'],
  ])('refuses "%s" and suggests %s', (text, meant) => {
    expect(isLikeDate(text)).toBe(true);
    expect(readDate(text)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(`YYYY-MM-DD.*did you mean ${meant}\\?$`) as unknown,
    });
  });

  test.each([
    ['2026-13-40', 'there is no month 13'],
    ['2026-00-10', 'there is no month 00'],
    ['2026-02-30', 'month 02 of 2026 has no day 30'],
    ['2027-02-29', 'month 02 of 2027 has no day 29'],
    ['32-11-2026', 'YYYY-MM-DD'],
    ['25-11-26', 'YYYY-MM-DD'],
    ['2026-11', 'YYYY-MM-DD'],
    ['20261340', 'YYYY-MM-DD'],
    ['yesterday', 'YYYY-MM-DD'],
  ])('refuses "%s" without a suggestion: %s', (text, why) => {
    expect(isLikeDate(text)).toBe(true);
    const read = readDate(text);
    expect(read.ok ? '' : read.problem).toContain(why);
    expect(read.ok ? '' : read.problem).not.toContain('did you mean');
  });

  test.each(['day.csv', 'market_depth_2026-11-25.csv', './2026-11-25/x', 'depth.parquet', 'x'])(
    'isLikeDate is false for %s',
    (text) => {
      expect(isLikeDate(text)).toBe(false);
    },
  );
});
