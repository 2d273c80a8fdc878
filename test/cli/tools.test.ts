import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { REFERENCE_CSV_HEADER } from '../../core/recording/csv-files.ts';
import { SECOND, istDate, istInstant, plus } from '../../core/time.ts';
import { openRecording } from '../../adapters/recordings/open-recording.ts';
import { replayFeed } from '../../adapters/recordings/replay-feed.ts';
import { OPENS_AT, shortSession } from '../support/depth.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { moving, recordDay } from '../support/recorded-day.ts';
import { oldFile, oldRows } from '../support/old-files.ts';
import { stage, openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

const read = (name: string) => readFile(path.join(cli.folder, name), 'utf8');
describe('fyers export', () => {
  test('writes the selected rows as CSV, compressed CSV or Parquet', async () => {
    await recordDay({ dataDir: cli.dataDir });
    const all = await cli.run('export', '--to', 'all.csv');
    expect(all.out).toBe('24 rows are in all.csv.');
    expect((await read('all.csv')).split('\n')).toHaveLength(26);
    await cli.run('export', '--symbols', 'SBIN', '--phase', 'continuous', '--to', 'part.csv.gz');
    const zipped = await readFile(path.join(cli.folder, 'part.csv.gz'));
    const lines = gunzipSync(zipped).toString().trim().split('\n');
    expect(lines).toHaveLength(7);
    for (const line of lines.slice(1))
      expect(line).toMatch(/^2026-11-25T09:00:[345].*NSE:SBIN-EQ.*CONTINUOUS/);
    await cli.run('export', '--from', '9:00', '--until', '09:01:00', '--to', 'part.parquet');
    expect((await cli.run('check', 'part.parquet')).out).toMatch(/NSE:INFY-EQ +12 +– +– +none/);
    expect((await cli.run('export', 'part.parquet', '--to', 'again.csv')).out).toContain('24 rows');
    expect(await read('again.csv')).toBe(await read('all.csv'));
  });

  test('accepts the same symbol names as inspect, in any case', async () => {
    await recordDay({ dataDir: cli.dataDir, symbols: ['NSE:SBIN-EQ', 'NSE:NIFTY26NOVFUT'] });
    for (const [name, rows] of [
      ['SBIN', 12],
      ['sbin', 12],
      ['nse:sbin-eq', 12],
      ['nse:nifty26novfut', 12],
      ['SBI', 0],
      ['NSE:SBIN', 0],
      ['', 0],
    ] as const) {
      const exported = await cli.run('export', '--symbols', name, '--to', 'one.csv', '--force');
      const inspected = await cli.run('inspect', name);
      expect(exported.out).toBe(rows === 0 ? '' : `${String(rows)} rows are in one.csv.`);
      expect([exported.code, inspected.code], name).toEqual(rows === 0 ? [2, 2] : [0, 0]);
      if (rows > 0) continue;
      const message = 'is not in it; there are NSE:NIFTY26NOVFUT, NSE:SBIN-EQ.';
      expect([exported.err, inspected.err]).toEqual(
        Array.from({ length: 2 }, () => expect.stringContaining(message) as string),
      );
    }
    const half = await cli.run('export', '--symbols', 'SBIN,SBI', '--to', 'half.csv');
    expect(half).toMatchObject({ code: 0, out: '12 rows are in half.csv.' });
    expect(half.err).toContain('SBI is not in it');
    const both = await cli.run('export', '--symbols', 'sbin, NSE:NIFTY26NOVFUT', '--to', 'two.csv');
    expect(both.out).toBe('24 rows are in two.csv.');
  });

  test('computes the phase of each kind of symbol on a day that is not compacted', async () => {
    const [share, plain, future] = ['NSE:SBIN-EQ', 'NSE:SMALL-EQ', 'NSE:NIFTY26NOVFUT'];
    const session = shortSession(istInstant(istDate('2026-11-25'), '15:20'));
    const auctions = { [share]: true, [plain]: false };
    await recordDay({
      dataDir: cli.dataDir,
      session,
      symbols: [share, plain, future],
      auctions,
      state: 'running',
    });
    for (const [phase, symbols] of [
      ['CAS_ENTRY', [share]],
      ['CONTINUOUS', [plain, future]],
    ] as const) {
      await cli.run('export', '--phase', phase, '--to', `${phase}.csv`);
      const [, ...lines] = (await read(`${phase}.csv`)).trim().split('\n');
      expect(lines).toHaveLength(12 * symbols.length);
      expect(new Set(lines.map((line) => line.split(',')[1]))).toEqual(new Set(symbols));
    }
  });

  test('writes the format of the Python original with --compat, and check reads it', async () => {
    const opensAt = istInstant(istDate('2026-11-25'), '09:15');
    await recordDay({ dataDir: cli.dataDir, session: shortSession(opensAt) });
    await cli.run('export', '--compat', '--to', 'market_depth_2026-11-25.csv');
    const [header, first] = (await read('market_depth_2026-11-25.csv')).split('\n');
    expect(header).toBe(REFERENCE_CSV_HEADER);
    expect(first?.split(',')).toHaveLength(25);
    expect((await cli.run('check', 'market_depth_2026-11-25.csv')).out).toContain(
      'a file of the Python original',
    );
  });

  test('writes only rows within the hours of the Python original with --compat', async () => {
    await recordDay({
      dataDir: cli.dataDir,
      session: shortSession(plus(OPENS_AT, 14.5 * 60 * SECOND)),
    });
    const { out } = await cli.run('export', '--compat', '--to', 'half.csv');
    expect(out).toBe('12 rows are in half.csv.');
    expect((await read('half.csv')).trim().split('\n')).toHaveLength(13);
  });

  test('writes files that the other commands can read, from any kind of recording', async () => {
    await recordDay({ dataDir: cli.dataDir });
    await oldFile(cli.folder, oldRows(9));
    for (const [what, to, kind] of [
      ['2026-11-25', 'day.csv.gz', 'an exported CSV file'],
      ['harvested_data/days/2026-11-25/day-0.v2.csv', 'log.csv', 'a day log'],
      ['market_depth_2025-12-24.csv', 'old.csv', 'a file of the Python original'],
      ['market_depth_2025-12-24.csv', 'old.parquet', 'a Parquet file'],
    ] as const) {
      const written = await cli.run('export', what, '--to', to);
      expect(written.err).toBe('');
      expect((await cli.run('check', to)).out).toContain(`${to} (${kind})`);
      const again = await cli.run('export', to, '--to', `again-${to}`);
      expect(again).toMatchObject({ code: 0, err: '' });
      expect(again.out.split(' ')[0]).toBe(written.out.split(' ')[0]);
    }
    expect(await read('again-old.csv')).toBe(await read('old.csv'));
    expect((await cli.run('check', 'day.csv.gz')).out).toMatch(/NSE:INFY-EQ +12 +– +– +none/);
  });

  test('overwrites a file only with --force, and leaves no partial file', async () => {
    await recordDay({ dataDir: cli.dataDir });
    cli.write('mine.csv', 'mine');
    for (const [args, message] of [
      [['--to', 'mine.csv'], 'already exists'],
      [['--to', 'mine.txt'], 'must end in'],
      [['--to', 'mine.parquet', '--compat'], '--compat writes CSV'],
      [['--to', 'no/folder.csv'], 'cannot be written'],
      [['--to', 'x.csv', '--phase', 'LUNCH'], 'is not one of'],
      [['--to', 'x.csv', '--from', 'noon'], 'is not a time of day'],
      [['--to', 'x.csv', '--from', '25:00'], 'is not a time of day'],
      [['--to', 'mine.csv', '--force', '--symbols', 'FOO'], 'FOO is not in it'],
      [['--to', 'mine.csv', '--force', '--phase', 'cas_entry'], 'none matches the selection'],
      [['--to', 'mine.csv', '--force', '--compat'], 'in the hours of the Python original'],
      [
        ['--to', 'mine.csv', '--force', '--from', '15:00', '--until', '9:00'],
        '--from 15:00 is not before',
      ],
    ] as const) {
      const { code, err } = await cli.run('export', ...args);
      expect(err).toContain(message);
      expect(code).toBeGreaterThan(0);
    }
    expect(await read('mine.csv')).toBe('mine');
    expect((await cli.run('export', '--to', 'mine.csv', '--force')).code).toBe(0);
    expect((await readdir(cli.folder)).sort()).toEqual(['harvested_data', 'mine.csv']);
  });
});

describe('fyers replay', () => {
  test('prints books and holes in the order of their slots', async () => {
    await recordDay({
      dataDir: cli.dataDir,
      book: (symbol, index) => (symbol === 'NSE:INFY-EQ' && index === 1 ? null : moving(index)),
    });
    const { code, out } = await cli.run('replay');
    expect(code).toBe(0);
    const results = out.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(results).toHaveLength(24);
    expect(results.filter(({ kind }) => kind === 'hole')).toEqual([
      expect.objectContaining({
        symbol: 'NSE:INFY-EQ',
        reason: 'timeout',
        slot: '2026-11-25T09:00:05.000+05:30',
      }),
    ]);
    const slots = results.map(({ slot }) => String(slot));
    expect(slots).toEqual(slots.toSorted());
    expect(results[0]).toMatchObject({ kind: 'book', book: { volume: 0 } });
  });

  test('yields a batch for a slot that has only holes, at the slot’s time', async () => {
    const clock = virtualClock(OPENS_AT);
    const data = cli.dataDir;
    const book = (_: string, index: number) => (index > 3 && index < 11 ? null : moving(index));
    await recordDay({ dataDir: data, book });
    await using feed = replayFeed({
      recording: await openRecording({ what: null, dataDir: data, cwd: data }),
      pace: { clock, speed: 1 },
    });
    const seen: string[] = [];
    const { signal } = new AbortController();
    for await (const batch of feed.observe(shortSession(), () => null, signal)) {
      const kinds = batch.map(({ kind }) => kind).join(' ');
      expect(batch.map(({ slot }) => slot)).toEqual([clock.now(), clock.now()]);
      seen.push(kinds);
    }
    expect(seen).toEqual([
      ...Array.from({ length: 4 }, () => 'book book'),
      ...Array.from({ length: 7 }, () => 'hole hole'),
      'book book',
    ]);
  });

  test('waits as long as the recorded day, divided by --speed', async () => {
    const clock = virtualClock(OPENS_AT);
    await using paced = await stage({ clock });
    await recordDay({ dataDir: paced.dataDir });
    expect((await paced.run('replay', '--speed', '1')).code).toBe(0);
    expect(clock.now()).toBe(plus(OPENS_AT, 55 * SECOND));
    expect((await paced.run('replay', '--speed', '11')).code).toBe(0);
    expect(clock.now()).toBe(plus(OPENS_AT, 55 * SECOND + 11 * 455));
    const { code, err } = await paced.run('replay', '--speed', '0');
    expect(err).toContain('is not a number above 0');
    expect(code).toBe(2);
  });
});
