import { describe, expect, test } from 'vitest';
import { CALENDAR, parseOverrides } from '../../../core/market/calendar-data.ts';

const CONTINUOUS = { name: 'CONTINUOUS', from: '11:30', to: '12:30' };

describe('The shipped calendar', () => {
  test('has each date once, and no date outside of 2024 to 2026 except inferred holidays', () => {
    const holidays = CALENDAR.holidays.flatMap(({ days }) => Object.keys(days));
    const sessions = CALENDAR.sessions.map(({ date }) => date);
    for (const dates of [holidays, sessions]) expect(new Set(dates).size).toBe(dates.length);
    const inferred = CALENDAR.holidays.flatMap(({ certainty, days }) =>
      certainty === 'inferred' ? Object.keys(days) : [],
    );
    const outside = [...holidays, ...sessions].filter(
      (date) => date < '2024-01-01' || date > '2026-12-31',
    );
    expect(outside).toEqual(inferred);
  });

  test('has a source for every special session', () => {
    expect(CALENDAR.sessions.filter(({ source }) => source === undefined)).toEqual([]);
  });

  test('has its rules sorted by part and date', () => {
    const dates = CALENDAR.rules.map(({ part, from }) => `${part} ${from}`);
    expect(dates).toEqual(dates.toSorted());
  });
});

describe('parseOverrides', () => {
  test('accepts closures, sessions with phases, and sessions with the usual hours', () => {
    const list = [
      { date: '2027-01-26', closed: true, why: 'Republic Day' },
      { date: '2027-02-07', name: 'special', source: 'NSE/CMTR/1', phases: [CONTINUOUS] },
      { date: '2027-02-14' },
    ];
    expect(parseOverrides(list)).toEqual({ ok: true, value: list });
  });

  test('accepts the statement that a year is complete', () => {
    const list = [
      { date: '2027-01-26', closed: true, why: 'Republic Day' },
      { year: 2027, complete: true, source: 'NSE/CMTR/1' },
    ];
    expect(parseOverrides(list)).toEqual({ ok: true, value: list });
  });

  test.each([
    ['an object in place of a list', { date: '2027-01-26' }, 'must be a list of days'],
    ['a date that does not exist', [{ date: '2027-02-29' }], 'day 1, date: must be a date'],
    ['a closure without a reason', [{ date: '2027-01-26', closed: true, why: '' }], 'day 1, why'],
    ['a year as a text', [{ year: '2027', complete: true }], 'day 1, year: must be a year'],
    ['half a year', [{ year: 2027.5, complete: true }], 'day 1, year: must be a year'],
    ['a year that is not complete', [{ year: 2027, complete: false }], 'complete: must be true'],
    ['a year with a date', [{ year: 2027, complete: true, date: '2027-01-26' }], 'date'],
    ['closed: false', [{ date: '2027-01-26', closed: false, why: 'x' }], 'closed: must be true'],
    ['an unknown field', [{ date: '2027-01-26', phase: [] }], 'day 1: no field is called phase'],
    ['an unknown field of a phase', [day({ till: '13:00' })], 'no field is called till'],
    [
      'a phase without an end',
      [{ date: '2027-01-26', phases: [{ name: 'CONTINUOUS', from: '09:15' }] }],
      'day 1, phases.0.to: must be a time',
    ],
    ['a day that is not an object', ['2027-01-26'], 'day 1: '],
    [
      'an empty list of phases',
      [{ date: '2027-01-26', phases: [] }],
      'day 1, phases: must have a phase',
    ],
    ['an unknown phase name', [day({ name: 'LUNCH' })], 'name: must be one of PREOPEN'],
    ['a time that does not exist', [day({ to: '24:00' })], 'to: must be a time of day'],
    ['a phase that ends when it starts', [day({ to: '11:30' })], 'must end after it starts'],
    [
      'a random close at the end of the phase',
      [day({ randomCloseFrom: '12:30' })],
      'random close inside',
    ],
    ['a random close before the phase', [day({ randomCloseFrom: '11:29' })], 'random close inside'],
    [
      'a gap between phases',
      [{ date: '2027-01-26', phases: [CONTINUOUS, { ...CONTINUOUS, from: '12:31', to: '13:00' }] }],
      'day 1, phases: must follow each other without a gap',
    ],
  ])('refuses %s and names the place', (_, list, problem) => {
    expect(problemOf(list)).toContain(problem);
  });

  test('reports all problems at once', () => {
    const list = [{ date: 'x' }, { date: '2027-01-26' }, { date: 'y' }];
    expect(problemOf(list)).toMatch(/^day 1, date: .*; day 3, date: /);
  });
});

function day(phase: Readonly<Record<string, string>>) {
  return { date: '2027-01-26', phases: [{ ...CONTINUOUS, ...phase }] };
}

function problemOf(list: unknown): string | null {
  const parsed = parseOverrides(list);
  return parsed.ok ? null : parsed.problem;
}
