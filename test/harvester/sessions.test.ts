import { expect, test } from 'vitest';
import { istDate, istInstant, parseInstant } from '../../core/time.ts';
import { isOver } from '../../harvester/sessions.ts';

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
