import { describe, expect, test } from 'vitest';
import { istDate, istInstant, parseInstant } from '../../core/time.ts';
import { isOver, sessionsOn } from '../../harvester/calendar.ts';

const HOLIDAY = istDate('2026-11-24');

test.each([
  ['2026-11-25', '2026-11-25T15:59:59+05:30', null, false],
  ['2026-11-25', '2026-11-25T16:00:00+05:30', null, true],
  // The calendar takes precedence over the planned end.
  ['2026-11-25', '2026-11-25T15:00:00+05:30', '14:00', false],
  [HOLIDAY, '2026-11-24T23:59:59+05:30', null, false],
  [HOLIDAY, '2026-11-25T00:00:00+05:30', null, true],
  [HOLIDAY, '2026-11-24T13:59:59+05:30', '14:00', false],
  [HOLIDAY, '2026-11-24T14:00:00+05:30', '14:00', true],
] as const)('isOver of %s at %s with a planned end at %s is %s', (day, now, planned, over) => {
  const date = istDate(day);
  const end = planned === null ? null : istInstant(date, planned);
  expect(isOver(date, parseInstant(now), {}, end)).toBe(over);
});

describe('closedByAuction of sessionsOn', () => {
  const byAuction = (date: string, auction: boolean | null, symbol = 'NSE:SBIN-EQ') =>
    sessionsOn(istDate(date), {}).closedByAuction(symbol, auction === null ? null : { auction });

  test.each([
    ['a day after one with an auction', '2026-11-26', true],
    // Its previous close was still an average.
    ['the day of the first auction', '2026-08-03', false],
    ['the day after the first auction', '2026-08-04', true],
    ['a day after a holiday', '2026-11-25', true],
    ['a day after a muhurat session', '2026-11-09', false],
    ['a day under the rules of December', '2026-12-08', true],
  ])('for %s (%s) is %s', (_when, date, expected) => {
    expect(byAuction(date, true)).toBe(expected);
  });

  test('is false for other symbols and if the eligibility is unknown', () => {
    expect(byAuction('2026-11-25', false)).toBe(false);
    expect(byAuction('2026-11-25', null)).toBe(false);
    expect(byAuction('2026-11-25', true, 'NSE:NIFTY26DECFUT')).toBe(false);
  });

  test('follows the overrides of the operator', () => {
    const date = istDate('2026-11-25');
    const phases = [{ name: 'CONTINUOUS' as const, from: '09:15', to: '10:00' }];
    const { closedByAuction } = sessionsOn(istDate('2026-11-26'), {
      overrides: [{ date, phases }],
    });
    expect(closedByAuction('NSE:SBIN-EQ', { auction: true })).toBe(false);
  });
});
