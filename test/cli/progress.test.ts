import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { istDate, istInstant } from '../../core/time.ts';
import { recordDay } from '../support/recorded-day.ts';
import { oldFile, oldRows } from '../support/old-files.ts';
import { stage, openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest(() => ({ watched: true }));

const toInfosysRow = (row: ReturnType<typeof oldRows>[number]) => ({
  ...row,
  symbol: 'NSE:INFY-EQ',
  book: { ...row.book, symbol: 'NSE:INFY-EQ' },
});

describe('A command over many rows', () => {
  test('shows its progress and removes it before its first line', async () => {
    const rows = oldRows(2_500).flatMap((row) => [row, toInfosysRow(row)]);
    const name = await oldFile(cli.folder, rows);
    for (const [shown, first, ...argv] of [
      [`${name}: 5,000 rows`, /5,000 rows are the day/, 'import', name],
      ['Checking: 5,000 rows', /a recorded day/, 'check'],
      ['Reading: 5,000 rows', /NSE:INFY-EQ/, 'inspect', 'INFY'],
      ['Reading: 5,000 rows', /is not in it/, 'inspect', 'TCS'],
      ['Writing: 5,000 rows', /5,000 rows are in/, 'export', '--to', 'all.csv'],
      ['Reading: 5,000 rows', /slots recorded/, 'report'],
    ] as const) {
      const data = argv[0] === 'import' ? [] : ['--data', 'harvested_data'];
      const ran = await cli.run(...argv, ...data);
      // The report runs check first, which shows its own progress.
      const screen = argv[0] === 'report' ? ran.screen.slice(2) : ran.screen;
      expect(screen.slice(0, 3), argv.join(' ')).toEqual([
        `[${shown}]`,
        '[]',
        expect.stringMatching(first),
      ]);
      expect(screen.slice(3).filter((text) => text.startsWith('['))).toEqual([]);
    }
    expect(await readFile(path.join(cli.folder, 'all.csv'), 'utf8')).not.toContain('[');
  });

  test('names the day that it compacts', async () => {
    const now = istInstant(istDate('2026-11-26'), '08:00');
    await using later = await stage({ watched: true, now });
    await recordDay({ dataDir: later.dataDir, state: 'ended' });
    const { screen } = await later.run('compact');
    expect(screen).toEqual([
      '[Compacting 2026-11-25]',
      '[]',
      expect.stringContaining('2026-11-25: 24 of 24 slots'),
    ]);
  });
});
