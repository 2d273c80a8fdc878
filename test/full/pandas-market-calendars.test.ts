// Compares the calendar with an independent one: the NSE calendar of PyPI's pandas_market_calendars.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { dayOf } from '../../core/market/calendar.ts';
import { addDays, istDate } from '../../core/time.ts';
import { ensureVenv } from '../../sandbox/aws/venv.ts';

const run = promisify(execFile);

const PRINT_OPEN_DAYS = `
import pandas_market_calendars as calendars
days = calendars.get_calendar('NSE').valid_days('2024-01-01', '2026-12-31')
print('\\n'.join(day.strftime('%Y-%m-%d') for day in days))
`;

/** Days on which we trade and their list, which cannot hold a session on a weekend, does not. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  '2024-01-20': 'a full day on a Saturday',
  '2024-03-02': 'an exercise on a Saturday',
  '2024-05-18': 'an exercise on a Saturday',
  '2025-02-01': 'the budget session of a Saturday',
  '2026-02-01': 'the budget session of a Sunday (NSE/CMTR/72349)',
  '2026-11-08': 'the muhurat session of a Sunday (NSE/CMTR/71775)',
};

function ourOpenDays(): readonly string[] {
  const days: string[] = [];
  for (let date = istDate('2024-01-01'); date <= '2026-12-31'; date = addDays(date, 1)) {
    if (dayOf(date).kind === 'open') days.push(date);
  }
  return days;
}

test('The calendar from 2024 to 2026 has the trading days of pandas_market_calendars and the listed exceptions', async () => {
  const { python } = await ensureVenv('pandas-market-calendars', [
    'pandas_market_calendars==5.5.0',
  ]);
  const { stdout } = await run(python, ['-c', PRINT_OPEN_DAYS]);
  const theirs = stdout.trim().split('\n');
  const ours = ourOpenDays();
  expect(theirs.length).toBeGreaterThan(730);
  expect(theirs.filter((date) => !ours.includes(date))).toEqual([]);
  expect(ours.filter((date) => !theirs.includes(date))).toEqual(Object.keys(EXCEPTIONS));
}, 120_000);
