import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { istDate, istInstant } from '../../core/time.ts';
import { type Stage, stage } from './stage.ts';

let cli: Stage;
beforeEach(async () => {
  cli = await stage({ now: istInstant(istDate('2026-11-25'), '12:00') });
});
afterEach(() => cli[Symbol.asyncDispose]());

describe('fyers calendar', () => {
  test('shows this month: hours, holidays with their names, no empty weekends', async () => {
    const { code, out } = await cli.run('calendar');
    expect(code).toBe(0);
    expect(out).toMatch(/2026-11-24 +Tue +closed +/);
    expect(out).toMatch(/2026-11-25 +Wed +09:00–16:00 +\w+/);
    expect(out).toMatch(/2026-11-08 +Sun +\d\d:\d\d–\d\d:\d\d +provisional +muhurat/);
    expect(out).not.toContain('2026-11-22');
  });

  test('shows a year by its exceptions, changes of the rules among them', async () => {
    const { out } = await cli.run('calendar', '2026');
    for (const date of [
      '2026-01-15',
      '2026-01-26',
      '2026-02-01',
      '2026-08-03',
      '2026-09-07',
      '2026-12-07',
    ]) {
      expect(out).toContain(date);
    }
    expect(out).not.toContain('2026-06-10');
    expect(out).toMatch(/2\d\d trading days\./);
  });

  test.each([
    ['2026-12-07', 'auction', 'CAS_ENTRY +15:31 +15:36'],
    ['2026-11-25', 'auction', 'CAS_ENTRY +15:20 +15:25'],
    ['2026-12-07', 'plain', 'CONTINUOUS +09:15 +15:30'],
    ['2026-12-07', 'derivative', 'CONTINUOUS +09:15 +15:45'],
    ['2026-11-25', 'derivative', 'CONTINUOUS +09:15 +15:40'],
  ])('shows the phases of %s for %s', async (date, kind, phase) => {
    const { out } = await cli.run('calendar', date, '--shares', kind);
    expect(out).toMatch(new RegExp(phase));
    expect(out).toContain('Source: ');
  });

  test('knows the operator’s own days, and gives all of it to scripts', async () => {
    cli.write('calendar.json', '[{"date":"2027-01-26","closed":true,"why":"Republic Day"}]');
    expect((await cli.run('calendar', '2027-01-26')).out).toContain('closed, Republic Day');
    const days = JSON.parse((await cli.run('calendar', '2027-01', '--json')).out) as {
      own: boolean;
    }[];
    expect(days).toHaveLength(31);
    expect(days.filter(({ own }) => own)).toMatchObject([{ date: '2027-01-26', kind: 'closed' }]);
  });

  test('warns a month before the list of holidays runs out', async () => {
    await using late = await stage({ now: istInstant(istDate('2026-12-10'), '12:00') });
    expect((await late.run('calendar')).err).toContain('holidays are known until 2026-12-31');
    expect((await cli.run('calendar')).err).toBe('');
  });

  test('says what it does not understand', async () => {
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
