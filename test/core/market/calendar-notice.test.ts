import { expect, test } from 'vitest';
import { calendarNotice } from '../../../core/market/calendar-notice.ts';
import { istDate } from '../../../core/time.ts';

test.each([
  ['2026-12-01', [], false],
  ['2026-12-02', [], true],
  ['2027-03-01', [], true],
  [
    '2026-12-02',
    [{ date: istDate('2027-01-26'), closed: true as const, why: 'Republic Day' }],
    false,
  ],
  // Days of their own that are over say nothing of what is to come.
  [
    '2027-03-01',
    [{ date: istDate('2027-01-26'), closed: true as const, why: 'Republic Day' }],
    true,
  ],
])(
  'On %s the end of the list is worth a word, unless the operator goes on after it',
  (today, overrides, worth) => {
    const notice = calendarNotice(istDate(today), { overrides });
    expect(notice !== null).toBe(worth);
    if (notice !== null) expect(notice.nextStep).toContain('fyers calendar --help');
  },
);
