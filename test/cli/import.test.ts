import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { referenceCsvLine } from '../../core/recording/csv-files.ts';
import { formatIso, istInstant, plus } from '../../core/time.ts';
import { OLD_DAY, oldFile, oldRows } from '../support/old-files.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

describe('fyers import', () => {
  test('converts a file of the Python original to a recorded day, and refuses to do it twice', async () => {
    const { receivedAt } = oldRows(1)[0] ?? { receivedAt: istInstant(OLD_DAY, '09:15') };
    const late = (
      oldRows(1).map((row) => referenceCsvLine({ ...row, receivedAt })) as string[]
    ).map((line) => line.replace(/^[^,]+/, formatIso(plus(istInstant(OLD_DAY, '15:30'), 1_500))));
    const name = await oldFile(cli.folder, oldRows(4_285), [...late, 'torn']);
    const { code, out, err } = await cli.run('import', name);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('4,285 rows are the day 2025-12-24, 4,285 of 5,040 slots.');
    expect(out).toContain('they are stamped before 09:15 or after 15:30: 1.');
    expect(out).toContain('they are not readable: 1.');
    const checked = await cli.run('check', '2025-12-24');
    expect(checked.out).toContain('It adds up.');
    expect((await cli.run('report', '2025-12-24')).code).toBe(0);
    const again = await cli.run('import', name);
    expect(again.err).toContain('already has 2025-12-24');
    expect(again.code).toBe(2);
  });

  test('expects a symbol from the opening on, even if it first appears late in the file', async () => {
    const rows = oldRows(700);
    const last = rows.slice(-5).map((row) => {
      const book = { ...row.book, symbol: 'NSE:INFY-EQ' };
      return { ...row, symbol: book.symbol, book };
    });
    const twice = rows.slice(0, 3).flatMap((row) => referenceCsvLine(row) ?? []);
    const name = await oldFile(cli.folder, [...rows, ...last], twice);
    const { code, out } = await cli.run('import', name);
    expect(code).toBe(0);
    expect(out).toContain('705 rows are the day 2025-12-24, 705 of 10,080 slots.');
    expect(out).toContain('further rows of their symbol in the same five seconds: 3.');
    expect(JSON.parse((await cli.run('inspect', 'INFY', '--json')).out)).toMatchObject({
      book: { totalBuyQuantity: 1_000 + 699 },
    });
  });

  test('leaves no partial day if the file is damaged or has no rows', async () => {
    const name = await oldFile(cli.folder, oldRows(4_000));
    const zipped = gzipSync(await readFile(path.join(cli.folder, name)));
    await writeFile(path.join(cli.folder, `${name}.gz`), zipped.subarray(0, zipped.length - 500));
    const damaged = await cli.run('import', `${name}.gz`);
    expect(damaged.err).toContain('is damaged: ');
    expect(damaged.code).toBe(4);
    const empty = await cli.run('import', await oldFile(cli.folder, []));
    expect(empty.err).toContain('has no line that can be read as a row.');
    expect(empty.code).toBe(2);
    expect(await readdir(cli.dataDir)).not.toContain('importing');
    await expect(readdir(path.join(cli.dataDir, 'days'))).rejects.toThrow('ENOENT');
    expect((await cli.run('import', await oldFile(cli.folder, oldRows(9)))).code).toBe(0);
  });

  test('reports the problem of each file and imports the others', async () => {
    const naive = oldRows(4).map((row) => (referenceCsvLine(row) ?? '').replace('+05:30', ''));
    const files = [
      await oldFile(cli.folder, [], naive, '2025-12-23'),
      await oldFile(cli.folder, oldRows(5), [], '2025-12-26'),
      'absent.csv',
      await oldFile(cli.folder, oldRows(3, -2), [], '2025-12-22'),
      await oldFile(cli.folder, oldRows(9)),
    ];
    const first = await cli.run('import', ...files);
    expect(first.err.split('\n')).toEqual([
      expect.stringMatching(/12-23.csv has no line that can be read as a row, of 4\. .*offset/),
      expect.stringMatching(
        /12-26.csv has no row of 2025-12-26 .* other days: 5 rows of 2025-12-24.*--date 2025-12-24/,
      ),
      expect.stringMatching(/^operator.usage: There is no file .*absent.csv/),
    ]);
    expect(first.out).toMatch(/3 rows are the day 2025-12-22.*\n.*9 rows are the day 2025-12-24/);
    expect(first.code).toBe(2);
    const again = await cli.run('import', ...files.slice(-2), await oldFile(cli.folder, [], naive));
    expect(again.err.match(/already has \S+; nothing was changed/g)).toHaveLength(3);
    expect(again.code).toBe(2);
  });

  test('warns if the holidays of a year are not all known, but has those of 2024', async () => {
    const republicDay = await oldFile(cli.folder, oldRows(5, -698), [], '2024-01-26');
    const left = await cli.run('import', republicDay);
    expect(left.err).toContain('the market was closed on 2024-01-26 (Republic Day)');
    const dayBefore = await oldFile(cli.folder, oldRows(5, -699), [], '2024-01-25');
    expect(await cli.run('import', dayBefore)).toMatchObject({ code: 0, err: '' });
    const older = await oldFile(cli.folder, oldRows(5, -1_063), [], '2023-01-26');
    const unsure = await cli.run('import', older);
    expect(unsure.err).toContain('holidays of 2023 are not all known');
    expect(unsure.out).toContain('5 rows are the day 2023-01-26');
    expect(unsure.code).toBe(0);
  });
});
