import { describe, expect, test } from 'vitest';
import {
  type CalendarOptions,
  coveredUntil,
  dayOf,
  hasWholeList,
} from '../../../core/market/calendar.ts';
import { addDays, istDate } from '../../../core/time.ts';
import { openPlan } from './plans.ts';

function countOpenDays(year: number, options: CalendarOptions = {}): number {
  let count = 0;
  for (let date = istDate(`${String(year)}-01-01`); date.startsWith(String(year));) {
    if (dayOf(date, options).kind === 'open') count += 1;
    date = addDays(date, 1);
  }
  return count;
}

describe('A year', () => {
  test.each([
    // Weekdays less holidays, and the sessions of weekends: 262 - 17 + 1 (muhurat) + 3, and so on.
    [2024, 249],
    [2025, 249],
    [2026, 247],
  ])('%i has %i trading days', (year, days) => {
    expect(countOpenDays(year)).toBe(days);
  });

  const whole = { year: 2027, complete: true } as const;
  const own = { date: istDate('2027-03-10'), closed: true, why: 'Id-Ul-Fitr' } as const;

  test.each([
    ['the first of the list', '2024-01-01', [], true],
    ['the last of the list', '2026-12-31', [], true],
    ['before the list', '2023-12-31', [], false],
    ['after the list', '2027-01-01', [], false],
    ['after the list, with a day of the operator', '2027-01-01', [own], false],
    ['that the operator has complete', '2027-12-31', [own, whole], true],
    ['after one that the operator has complete', '2028-01-03', [own, whole], false],
    ['a leap day after the list', '2028-02-29', [], false],
    ['a leap day of the list', '2024-02-29', [], true],
  ])('%s (%s) is complete or not', (_, date, overrides, expected) => {
    expect(hasWholeList(istDate(date), { overrides })).toBe(expected);
  });

  test('is covered until the first year that is missing', () => {
    const entries = [2029, 2027].map((year) => ({ year, complete: true }) as const);
    expect(coveredUntil({})).toBe('2026-12-31');
    expect(coveredUntil({ overrides: [own] })).toBe('2026-12-31');
    expect(coveredUntil({ overrides: entries })).toBe('2027-12-31');
    const three = [...entries, { year: 2028, complete: true } as const];
    expect(coveredUntil({ overrides: three })).toBe('2029-12-31');
  });

  test('that the operator has complete is as certain as the rules', () => {
    const { plan } = { plan: openPlan('2027-01-04', { overrides: [whole] }) };
    expect(plan.certainty).toBe('inferred');
    expect(plan.source).not.toContain('no list');
  });
});

describe('A holiday that is certain in a year without a list', () => {
  test.each([
    ['2027-01-26', 'Republic Day'],
    ['2027-03-26', 'Good Friday'],
    ['2027-04-14', 'Ambedkar Jayanti'],
  ])('%s is closed, inferred: %s', (date, why) => {
    expect(dayOf(istDate(date))).toEqual({ kind: 'closed', why, certainty: 'inferred' });
  });

  test('is open if an override of the operator opens it, and another day can replace it', () => {
    const overrides = [
      { date: istDate('2027-03-26') },
      { date: istDate('2027-03-29'), closed: true, why: 'moved' },
    ] as const;
    expect(openPlan('2027-03-26', { overrides }).certainty).toBe('inferred');
    expect(dayOf(istDate('2027-03-29'), { overrides })).toEqual({ kind: 'closed', why: 'moved' });
    expect(countOpenDays(2027, { overrides })).toBe(countOpenDays(2027));
  });
});
