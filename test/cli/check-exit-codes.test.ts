// Tests the exit codes of check, report and compact for days without rows and for running days, and
// instants in JSON.
import { describe, expect, test } from 'vitest';
import { SECOND, plus } from '../../core/time.ts';
import { OPENS_AT } from '../support/depth.ts';
import { moving, recordDay } from '../support/recorded-day.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

describe('fyers check', () => {
  test.each([['running'], ['ended'], ['compacted']] as const)(
    'fails for a %s day without rows, even if every slot has a reason',
    async (state) => {
      await cli.reopen({
        now: plus(OPENS_AT, state === 'running' ? 45 * SECOND : 36_000 * SECOND),
      });
      await recordDay({ dataDir: cli.dataDir, state, book: () => null });
      const { code, out } = await cli.run('check');
      expect(out).toMatch(/The day has no row, of (?:14|24) slots\./);
      expect(out).not.toContain('It adds up');
      expect(code).toBe(4);
      expect(JSON.parse((await cli.run('check', '--json')).out)).toMatchObject({ good: false });
      expect((await cli.run('report')).code).toBe(4);
      if (state === 'ended') expect((await cli.run('compact')).code).toBe(4);
      expect((await cli.run('inspect', 'SBIN')).code).toBe(2);
    },
  );

  test('exits with 0 and reports that no slot is old enough if the day has just begun', async () => {
    await cli.reopen({ now: plus(OPENS_AT, 7 * SECOND) });
    await recordDay({ dataDir: cli.dataDir, state: 'running' });
    const { code, out } = await cli.run('check');
    expect(out).toContain('No slot is old enough yet to be judged.');
    expect(code).toBe(0);
  });

  test.each([12, 13, 26, 39, 58])(
    'counts rows and reasons over the same slots of a running day, after %i seconds',
    async (seconds) => {
      await cli.reopen({ now: plus(OPENS_AT, seconds * SECOND) });
      const book = (symbol: string, index: number) =>
        symbol === 'NSE:INFY-EQ' && index % 3 === 0 ? null : moving(index);
      await recordDay({ dataDir: cli.dataDir, state: 'running', book });
      const { code, out } = await cli.run('check', '--json');
      const { rows, unplanned, coverage } = JSON.parse(out) as {
        rows: number;
        unplanned: number;
        coverage: { expected: number; received: number; explained: number };
      };
      expect(rows + coverage.explained).toBe(coverage.expected);
      expect(rows).toBe(coverage.received);
      expect(rows + unplanned).toBe(2 * 12 - 4);
      expect(code).toBe(0);
    },
  );

  test('writes instants with their offset in JSON', async () => {
    await recordDay({ dataDir: cli.dataDir });
    for (const argv of [['check'], ['report'], ['inspect', 'SBIN']]) {
      const { out } = await cli.run(...argv, '--json');
      expect(out).not.toMatch(/\b1[67]\d{11}\b/);
      expect(out).toContain('"2026-11-25T09:00:');
      expect(out).toContain('+05:30"');
    }
  });
});
