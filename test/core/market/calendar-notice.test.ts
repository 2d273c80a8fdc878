import { describe, expect, test } from 'vitest';
import type { Override } from '../../../core/market/calendar-data.ts';
import { calendarNotice, yearNotice } from '../../../core/market/calendar.ts';
import { istDate } from '../../../core/time.ts';

const own = (date: string): Override => ({ date: istDate(date), closed: true, why: 'a holiday' });
const whole = (year: number): Override => ({ year, complete: true });

describe('calendarNotice', () => {
  test.each([
    ['more than a month before', '2026-12-01', [], null],
    ['a month before', '2026-12-02', [], 'known until 2026-12-31'],
    ['on the last day', '2026-12-31', [], 'known until 2026-12-31'],
    ['on the day after it', '2027-01-01', [], 'holidays of 2027 are not all known'],
    ['in a later year', '2028-02-29', [], 'holidays of 2028 are not all known'],
    // One day of the operator does not complete a year, whether it is past or future.
    ['with a future day of the operator', '2026-12-02', [own('2027-03-10')], '2026-12-31'],
    ['with a past day of the operator', '2027-04-01', [own('2027-03-10')], '2027'],
    [
      'if the operator has the next year complete',
      '2026-12-02',
      [own('2027-03-10'), whole(2027)],
      null,
    ],
    ['in a year that the operator has complete', '2027-06-01', [whole(2027)], null],
    ['at the end of such a year', '2027-12-15', [whole(2027)], 'known until 2027-12-31'],
    [
      'if the operator has only the year after next complete',
      '2026-12-02',
      [whole(2028)],
      '2026-12-31',
    ],
  ])('%s (%s)', (_, today, overrides, problem) => {
    const notice = calendarNotice(istDate(today), { overrides });
    if (problem === null) expect(notice).toBeNull();
    else {
      expect(notice?.problem).toContain(problem);
      expect(notice?.nextStep).toContain('fyers calendar --help');
    }
  });
});

describe('yearNotice', () => {
  const problem = (dates: readonly string[], overrides: readonly Override[] = []) =>
    yearNotice(dates.map(istDate), { overrides })?.problem ?? null;

  test.each([
    [['2023-12-29'], '2023'],
    [['2027-01-04'], '2027'],
    [['2026-12-31', '2027-01-01'], '2027'],
    [['2027-06-01', '2028-02-29'], '2027 and 2028'],
  ])('names the incomplete years of %j', (dates, years) => {
    expect(problem(dates)).toContain(`holidays of ${years} are not all known`);
  });

  test.each([[['2024-01-26']], [['2025-06-01', '2026-12-31']], [[]]])(
    'returns null for dates of complete years: %j',
    (dates) => {
      expect(problem(dates)).toBeNull();
    },
  );

  test('names the known holidays of an incomplete year, or counts them if they are many', () => {
    expect(problem(['2027-06-01'])).toMatch(/except 2027-01-26 .*2027-03-26 .*2027-04-14/);
    const many = ['2027-03-10', '2027-03-22'].map(own);
    expect(problem(['2027-06-01'], many)).toContain('except 5 known holidays of 2027');
    const open = [{ date: istDate('2027-03-26') }];
    expect(problem(['2027-06-01'], open)).not.toContain('2027-03-26');
    expect(problem(['2028-06-01'])).not.toContain('except');
  });

  test('returns null once the operator states that the year is complete', () => {
    expect(problem(['2027-06-01'], [own('2027-03-10')])).not.toBeNull();
    expect(problem(['2027-06-01'], [own('2027-03-10'), whole(2027)])).toBeNull();
  });
});
