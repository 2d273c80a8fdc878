import { describe, expect, test } from 'vitest';
import { istDate, istInstant } from '../../core/time.ts';
import { stage, openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest(() => ({ now: istInstant(istDate('2026-11-25'), '12:00') }));

describe('fyers calendar', () => {
  test('shows the hours and the named holidays of this month, without ordinary weekends', async () => {
    const { code, out } = await cli.run('calendar');
    expect(code).toBe(0);
    expect(out).toMatch(/2026-11-24 +Tue +closed +/);
    expect(out).toMatch(/2026-11-25 +Wed +09:00–16:00 +\w+/);
    expect(out).toMatch(/2026-11-08 +Sun +\d\d:\d\d–\d\d:\d\d +provisional +muhurat/);
    expect(out).not.toContain('2026-11-22');
  });

  test('lists the exceptional days of a year, including days on which the rules change', async () => {
    const { out } = await cli.run('calendar', '2026');
    const days = ['01-15', '01-26', '02-01', '08-03', '09-07', '12-07'];
    for (const day of days) expect(out).toContain(`2026-${day}`);
    expect(out).not.toContain('2026-06-10');
    expect(out).toMatch(/2\d\d trading days\./);
  });

  test.each([
    ['2026-12-07', 'auction', 'CAS_ENTRY +15:31 +15:36'],
    ['2026-12-07', 'derivative', 'CONTINUOUS +09:15 +15:45'],
    ['2026-12-07', 'option', '09:15–15:45 IST'],
  ])('shows the phases of %s for --shares %s', async (date, kind, phase) => {
    const { out } = await cli.run('calendar', date, '--shares', kind);
    expect(out).toMatch(new RegExp(phase));
    expect(out).toContain('Source: ');
  });

  test('includes the days of calendar.json, in text and in JSON', async () => {
    cli.write('calendar.json', '[{"date":"2027-01-26","closed":true,"why":"Republic Day"}]');
    expect((await cli.run('calendar', '2027-01-26')).out).toContain('closed, Republic Day');
    expect((await cli.run('calendar', '2027-01')).out).toMatch(/2027-01-26 .*your own/);
    const days = JSON.parse((await cli.run('calendar', '2027-01', '--json')).out) as {
      own: boolean;
    }[];
    expect(days).toHaveLength(31);
    expect(days.filter(({ own }) => own)).toMatchObject([{ date: '2027-01-26', kind: 'closed' }]);
  });

  test.each([
    ['2024', '249 trading days.', null],
    ['2023', '260 possible trading days', '2023'],
    ['2027', '258 possible trading days', '2027'],
    ['2028-02-29', '2028-02-29, Tue', '2028'],
    ['2027-03-26', 'closed, Good Friday (inferred)', '2027'],
  ])('reports for %s whether all holidays are known', async (when, out, year) => {
    const text = await cli.run('calendar', when);
    expect(text.out).toContain(out);
    const json = await cli.run('calendar', when, '--json');
    const days = JSON.parse(json.out) as readonly { readonly complete: boolean }[];
    expect(new Set(days.map(({ complete }) => complete))).toEqual(new Set([year === null]));
    for (const { err, code } of [text, json]) {
      expect(code).toBe(0);
      if (year === null) expect(err).toBe('');
      else expect(err).toContain(`holidays of ${year} are not all known`);
    }
  });

  test('warns three weeks before the list of holidays ends, but not five weeks before', async () => {
    await using late = await stage({ now: istInstant(istDate('2026-12-10'), '12:00') });
    expect((await late.run('calendar')).err).toContain('holidays are known until 2026-12-31');
    expect((await cli.run('calendar')).err).toBe('');
  });

  test('rejects an argument or a calendar.json that it cannot parse', async () => {
    for (const when of ['next', '2026-13', '2026-02-30', '26']) {
      const { code, err } = await cli.run('calendar', when);
      expect(err).toContain(`"${when}" is not a year, a month or a date`);
      expect(code).toBe(2);
    }
    cli.write('calendar.json', '{"date":"2027-01-26"}');
    const { code, err } = await cli.run('calendar');
    expect(err).toContain('must be a list of days');
    expect(code).toBe(2);
  });
});
