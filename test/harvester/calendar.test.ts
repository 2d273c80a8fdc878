import { describe, expect, test } from 'vitest';
import { istDate, istInstant, parseInstant } from '../../core/time.ts';
import { isOver, sessionsOn } from '../../harvester/calendar.ts';

const HOLIDAY = istDate('2026-11-24');

test.each([
  ['2026-11-25', '2026-11-25T15:59:59+05:30', null, false],
  ['2026-11-25', '2026-11-25T16:00:00+05:30', null, true],
  // What the calendar knows wins over what was planned.
  ['2026-11-25', '2026-11-25T15:00:00+05:30', '14:00', false],
  [HOLIDAY, '2026-11-24T23:59:59+05:30', null, false],
  [HOLIDAY, '2026-11-25T00:00:00+05:30', null, true],
  [HOLIDAY, '2026-11-24T13:59:59+05:30', '14:00', false],
  [HOLIDAY, '2026-11-24T14:00:00+05:30', '14:00', true],
] as const)('The day of %s is over at %s, planned to end at %s: %s', (day, now, planned, over) => {
  const date = istDate(day);
  const end = planned === null ? null : istInstant(date, planned);
  expect(isOver(date, parseInstant(now), {}, end)).toBe(over);
});

describe('The close before a day was found by auction', () => {
  const byAuction = (date: string, auction: boolean | null, symbol = 'NSE:SBIN-EQ') =>
    sessionsOn(istDate(date), {}).closedByAuction(symbol, auction === null ? null : { auction });

  test.each([
    ['on a day after one with an auction', '2026-11-26', true],
    // The first auction was held on that day.
    ['not on the day of the first auction', '2026-08-03', false],
    ['on the day after it', '2026-08-04', true],
    ['over a holiday and a weekend', '2026-11-25', true],
    ['not after a muhurat session', '2026-11-09', false],
    ['under the rules of December', '2026-12-08', true],
  ])('%s', (_when, date, expected) => {
    expect(byAuction(date, true)).toBe(expected);
  });

  test('only of a share of which that is known', () => {
    expect(byAuction('2026-11-25', false)).toBe(false);
    expect(byAuction('2026-11-25', null)).toBe(false);
    expect(byAuction('2026-11-25', true, 'NSE:NIFTY26DECFUT')).toBe(false);
  });

  test('by the operator’s own days', () => {
    const date = istDate('2026-11-25');
    const phases = [{ name: 'CONTINUOUS' as const, from: '09:15', to: '10:00' }];
    const { closedByAuction } = sessionsOn(istDate('2026-11-26'), {
      overrides: [{ date, phases }],
    });
    expect(closedByAuction('NSE:SBIN-EQ', { auction: true })).toBe(false);
  });
});
