// What makes something of recordings: export, replay, import and compact, over days that the harvester's own code recorded.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { COMPAT_HEADER, compatLine } from '../../core/depth/compat.ts';
import { SECOND, formatIso, istDate, istInstant, plus } from '../../core/time.ts';
import { lockFolder } from '../../adapters/files/harvest-lock.ts';
import { OPENS_AT, shortSession } from '../support/depth.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { moving, recordDay } from '../support/recorded-day.ts';
import { OLD_DAY, oldFile, oldRows } from '../support/old-files.ts';
import { type Stage, stage } from './stage.ts';

let cli: Stage;
let dataDir = '';
beforeEach(async () => {
  cli = await stage();
  dataDir = path.join(cli.folder, 'harvested_data');
});
afterEach(() => cli[Symbol.asyncDispose]());

const read = (name: string) => readFile(path.join(cli.folder, name), 'utf8');
describe('fyers export', () => {
  test('writes what was asked for, as CSV, compressed, or Parquet', async () => {
    await recordDay({ dataDir });
    const all = await cli.run('export', '--to', 'all.csv');
    expect(all.out).toBe('24 rows are in all.csv.');
    expect((await read('all.csv')).split('\n')).toHaveLength(26);
    await cli.run('export', '--symbols', 'SBIN', '--phase', 'CONTINUOUS', '--to', 'part.csv.gz');
    const zipped = await readFile(path.join(cli.folder, 'part.csv.gz'));
    const lines = gunzipSync(zipped).toString().trim().split('\n');
    expect(lines).toHaveLength(7);
    for (const line of lines.slice(1))
      expect(line).toMatch(/^2026-11-25T09:00:[345].*NSE:SBIN-EQ.*CONTINUOUS/);
    await cli.run('export', '--from', '09:00', '--until', '09:01', '--to', 'part.parquet');
    expect((await cli.run('check', 'part.parquet')).out).toMatch(/NSE:INFY-EQ +12 +– +– +none/);
    expect((await cli.run('export', 'part.parquet', '--to', 'again.csv')).out).toContain('24 rows');
    expect(await read('again.csv')).toBe(await read('all.csv'));
  });

  test('writes the form of the Python original, which it reads again', async () => {
    const opensAt = istInstant(istDate('2026-11-25'), '09:15');
    await recordDay({ dataDir, session: shortSession(opensAt) });
    await cli.run('export', '--compat', '--to', 'market_depth_2026-11-25.csv');
    const [header, first] = (await read('market_depth_2026-11-25.csv')).split('\n');
    expect(header).toBe(COMPAT_HEADER);
    expect(first?.split(',')).toHaveLength(25);
    expect((await cli.run('check', 'market_depth_2026-11-25.csv')).out).toContain(
      'a file of the Python original',
    );
  });

  test('never writes over a file unless told, and leaves no half of one', async () => {
    await recordDay({ dataDir });
    cli.write('mine.csv', 'mine');
    for (const [args, said] of [
      [['--to', 'mine.csv'], 'is there already'],
      [['--to', 'mine.txt'], 'ends in none of'],
      [['--to', 'mine.parquet', '--compat'], 'is a CSV file'],
      [['--to', 'no/folder.csv'], 'cannot be written'],
      [['--to', 'x.csv', '--phase', 'LUNCH'], 'is none of'],
      [['--to', 'x.csv', '--from', 'noon'], 'is no time of a day'],
    ] as const) {
      const { code, err } = await cli.run('export', ...args);
      expect(err).toContain(said);
      expect(code).toBeGreaterThan(0);
    }
    expect(await read('mine.csv')).toBe('mine');
    expect((await cli.run('export', '--to', 'mine.csv', '--force')).code).toBe(0);
    await expect(stat(path.join(cli.folder, 'x.csv.partial'))).rejects.toThrow('ENOENT');
  });
});

describe('fyers replay', () => {
  test('gives books and holes slot by slot, as they came', async () => {
    await recordDay({
      dataDir,
      book: (symbol, index) => (symbol === 'NSE:INFY-EQ' && index === 1 ? null : moving(index)),
    });
    const { code, out } = await cli.run('replay');
    expect(code).toBe(0);
    const taken = out.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(taken).toHaveLength(24);
    expect(taken.filter(({ kind }) => kind === 'hole')).toEqual([
      expect.objectContaining({
        symbol: 'NSE:INFY-EQ',
        reason: 'timeout',
        slot: '2026-11-25T09:00:05.000+05:30',
      }),
    ]);
    const slots = taken.map(({ slot }) => String(slot));
    expect(slots).toEqual(slots.toSorted());
    expect(taken[0]).toMatchObject({ kind: 'book', book: { volume: 0 } });
  });

  test('waits as the day did, or so many times less', async () => {
    const clock = virtualClock(OPENS_AT);
    await using paced = await stage({ clock });
    await recordDay({ dataDir: path.join(paced.folder, 'harvested_data') });
    expect((await paced.run('replay', '--speed', '1')).code).toBe(0);
    expect(clock.now()).toBe(plus(OPENS_AT, 55 * SECOND));
    expect((await paced.run('replay', '--speed', '11')).code).toBe(0);
    expect(clock.now()).toBe(plus(OPENS_AT, 55 * SECOND + 11 * 455));
    const { code, err } = await paced.run('replay', '--speed', '0');
    expect(err).toContain('is no number above 0');
    expect(code).toBe(2);
  });
});

describe('fyers import', () => {
  test('makes a day of ours of a file of the Python original', async () => {
    const { receivedAt } = oldRows(1)[0] ?? { receivedAt: istInstant(OLD_DAY, '09:15') };
    const late = (oldRows(1).map((row) => compatLine({ ...row, receivedAt })) as string[]).map(
      (line) => line.replace(/^[^,]+/, formatIso(plus(istInstant(OLD_DAY, '15:30'), 1_500))),
    );
    const name = await oldFile(cli.folder, oldRows(4_285), [...late, 'torn']);
    const { code, out, err } = await cli.run('import', name);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('4,285 rows are the day 2025-12-24, 4,285 of 5,040 slots.');
    expect(out).toContain('1 rows are stamped outside of 09:15 to 15:30');
    expect(out).toContain('1 lines could not be read');
    const checked = await cli.run('check', '2025-12-24');
    expect(checked.out).toContain('It adds up.');
    expect((await cli.run('report', '2025-12-24')).code).toBe(0);
    const again = await cli.run('import', name);
    expect(again.err).toContain('has 2025-12-24 already');
    expect(again.code).toBe(2);
  });

  test('leaves days without a market, and files that are something else', async () => {
    const saturday = oldRows(5).map((row) => ({
      ...row,
      receivedAt: plus(row.receivedAt, 3 * 24 * 3_600 * SECOND),
    }));
    const left = await cli.run('import', await oldFile(cli.folder, saturday, [], '2025-12-27'));
    expect(left.err).toContain('2025-12-27 had no market');
    await recordDay({ dataDir });
    const ours = await cli.run('import', path.join(dataDir, 'days/2026-11-25/depth.parquet'));
    expect(ours.err).toContain('is no file of the Python original');
    expect(ours.code).toBe(2);
  });
});

describe('fyers compact', () => {
  test('closes every day that waits for it, and says when none does', async () => {
    cli = await stage({ now: istInstant(istDate('2026-11-26'), '08:00') });
    dataDir = path.join(cli.folder, 'harvested_data');
    await recordDay({ dataDir, state: 'ended' });
    expect((await cli.run('compact')).out).toContain(
      '2026-11-25: 24 of 24 slots, 0 explained, 0 unexplained.',
    );
    expect((await cli.run('compact')).out).toContain('waits for it');
    expect((await cli.run('compact', '2026-11-25')).out).toContain('has its manifest');
  });

  test('leaves a day alone that is being recorded', async () => {
    cli = await stage({ now: istInstant(istDate('2026-11-25'), '12:00') });
    dataDir = path.join(cli.folder, 'harvested_data');
    await recordDay({ dataDir, state: 'running' });
    const early = await cli.run('compact', '2026-11-25');
    expect(early.err).toContain('is not over');
    expect((await cli.run('compact')).out).toContain('waits for it');
    expect((await cli.run('compact', 'monday')).err).toContain('"monday" is no day of');
    await using _held = await lockFolder(dataDir);
    expect((await cli.run('compact')).err).toContain('Another harvester records into');
  });
});
