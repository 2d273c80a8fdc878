import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SECOND, istDate, istInstant, plus } from '../../core/time.ts';
import { startBucket } from '../support/day-in-bucket.ts';
import { OPENS_AT, shortSession } from '../support/depth.ts';
import { oldFile, oldRows } from '../support/old-files.ts';
import { CROSSED, recordDay } from '../support/recorded-day.ts';
import { ROOT } from '../support/source-tree.ts';
import { openStagePerTest, stage } from './cli-harness.ts';

let bucket: Awaited<ReturnType<typeof startBucket>>;
beforeEach(async () => {
  bucket = await startBucket();
});
afterEach(() => bucket[Symbol.asyncDispose]());
const cli = openStagePerTest(() => ({ aws: bucket.aws }));

const readPage = (name = 'report-2026-11-25.html') => readFile(path.join(cli.folder, name), 'utf8');

describe('The report of a day', () => {
  test('is one page without scripts and without external resources', async () => {
    await recordDay({ dataDir: cli.dataDir });
    const { code, out, err } = await cli.run('report');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('24 of 24 slots recorded (100.00 %)');
    const html = await readPage();
    for (const word of ['It adds up.', '<svg', 'SBIN', 'SHA-256']) {
      expect(html).toContain(word);
    }
    expect(html).not.toMatch(/<script|<link|<img|https?:(?!\/\/www\.w3\.org)|@import|url\(/);
  });

  test('shows holes with their reasons, and the slots of a day that is not compacted', async () => {
    const book = (_symbol: string, index: number) => (index < 3 ? null : {});
    await recordDay({ dataDir: cli.dataDir, book, state: 'running' });
    const { out } = await cli.run('report', '2026-11-25');
    expect(out).toContain('18 of 24 slots recorded (75.00 %), 6 explained, 0 unexplained.');
    const html = await readPage();
    expect(html).toContain('timeout');
    expect(html).toContain('not compacted yet');
  });

  test('covers the slots up to now of a running day, and all slots after the close', async () => {
    for (const [seconds, stoppedAfter, code, message] of [
      [40, 6, 0, 'until 09:00:30 IST: 12 of 12 slots recorded (100.00 %), 0 explained, 0 unexpl'],
      [45, 6, 0, 'until 09:00:35 IST: 12 of 14 slots recorded (85.71 %), 2 explained, 0 unexpl'],
      [90, 6, 0, '2026-11-25: 12 of 24 slots recorded (50.00 %), 12 explained, 0 unexplained.'],
      [90, undefined, 0, '2026-11-25: 24 of 24 slots recorded'],
      [5, undefined, 0, 'until 08:59:55 IST: 0 of 0 slots recorded (–)'],
    ] as const) {
      await using later = await stage({ now: plus(OPENS_AT, seconds * SECOND) });
      const recorded = { dataDir: later.dataDir };
      await recordDay(
        stoppedAfter === undefined
          ? { ...recorded, state: 'running' }
          : { ...recorded, stoppedAfter },
      );
      const ran = await later.run('report');
      expect(ran.out).toContain(message);
      expect(ran.code).toBe(code);
      const html = await readFile(path.join(later.folder, 'report-2026-11-25.html'), 'utf8');
      expect(html.includes('The session is not over')).toBe(seconds < 60);
    }
  });

  test('rounds a percentage down, on the page and in the output', async () => {
    await recordDay({ dataDir: cli.dataDir, book: (_, index) => (index === 0 ? null : {}) });
    // 91.666…
    expect((await cli.run('report')).out).toContain('22 of 24 slots recorded (91.66 %)');
    const html = await readPage();
    expect(html).toContain('91.66 %');
    expect(html).not.toContain('91.67');
  });

  test('has no latency for an imported day, and explains its missing slots', async () => {
    await cli.run('import', await oldFile(cli.folder, oldRows(4_285)));
    const { code, out } = await cli.run('report', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ imported: true, figures: { latency: null } });
    await cli.run('report');
    const html = await readPage('report-2025-12-24.html');
    expect(html).not.toContain('Answer');
    expect(html).toContain('the rest of an imported day is not-running');
    expect((await cli.run('import', '--help')).out).toContain(
      'at most 4,500 of 5,040 slots can be recorded',
    );
    await cli.run('export', '--to', 'day.csv');
    const [header, first] = (await readPage('day.csv')).split('\n').map((line) => line.split(','));
    expect(first?.[header?.indexOf('requested_at') ?? -1]).toBe('');
    await recordDay({ dataDir: cli.dataDir });
    await cli.run('report', '2026-11-25');
    expect(await readPage()).toContain('Answer');
    expect(await readPage()).not.toContain('Imported');
  });

  test('is a temporary file with --open alone, and leaves the folder unchanged', async () => {
    const opened: string[] = [];
    await using openingStage = await stage({
      open: (file) => {
        opened.push(file);
        return Promise.resolve();
      },
    });
    await recordDay({ dataDir: openingStage.dataDir });
    openingStage.write('report-2026-11-25.html', 'an earlier one');
    expect((await openingStage.run('report', '--open')).code).toBe(0);
    const [file = ''] = opened;
    expect(await readFile(file, 'utf8')).toContain('<svg');
    expect(await readdir(openingStage.folder)).toEqual([
      'harvested_data',
      'report-2026-11-25.html',
    ]);
    await rm(path.dirname(file), { recursive: true });
    expect((await openingStage.run('report', '--open', '--to', 'kept.html')).code).toBe(0);
    expect(opened[1]).toBe(path.join(openingStage.folder, 'kept.html'));
  });

  test('lists symbols in the order of the plan, and names those that need a look', async () => {
    const session = shortSession(istInstant(istDate('2026-11-25'), '10:00'));
    const book = (symbol: string) => (symbol === 'NSE:SBIN-EQ' ? CROSSED : {});
    await recordDay({ dataDir: cli.dataDir, session, book });
    const { code, out } = await cli.run('report');
    const look = 'Check these symbols before you use them: NSE:SBIN-EQ (crossed).';
    expect(JSON.parse((await cli.run('report', '--json')).out)).toMatchObject({
      red: [{ symbol: 'NSE:SBIN-EQ', red: ['crossed'] }],
    });
    expect(out).toContain(look);
    expect(code).toBe(4);
    const html = await readPage();
    expect(html).toContain(`<p class="verdict bad">It adds up. ${look}</p>`);
    const names = [...html.matchAll(/<h3>(\w+)<\/h3>/g)].map(([, name]) => name);
    expect(names).toEqual(['SBIN', 'INFY', 'SBIN', 'INFY', 'SBIN', 'INFY']);
  });

  test('prints its figures as JSON and writes no page', async () => {
    await recordDay({ dataDir: cli.dataDir });
    const { out } = await cli.run('report', '--json');
    expect(JSON.parse(out)).toMatchObject({
      everySeconds: 5,
      coverage: { expected: 24, received: 24 },
      figures: { latency: { count: 24 } },
    });
    await expect(readPage()).rejects.toThrow('ENOENT');
  });

  test('shows the phase of each kind of symbol on a day that is not compacted', async () => {
    await using later = await stage({ now: istInstant(istDate('2026-11-25'), '16:30') });
    const [share, plain, future] = ['NSE:SBIN-EQ', 'NSE:SMALL-EQ', 'NSE:NIFTY26NOVFUT'];
    await recordDay({
      dataDir: later.dataDir,
      session: shortSession(istInstant(istDate('2026-11-25'), '15:20')),
      symbols: [share, plain, future],
      auctions: { [share]: true, [plain]: false },
      state: 'running',
    });
    const { out } = await later.run('report', '--json');
    const minute = '2026-11-25T15:20:00.000+05:30';
    const traded = [{ minute, spread: expect.closeTo(3.51, 2) as number }];
    expect(JSON.parse(out)).toMatchObject({
      figures: {
        close: [{ symbol: share, phase: 'CAS_ENTRY', snapshots: 12 }],
        // A book of an auction has no spread.
        symbols: [
          { symbol: future, minutes: traded },
          { symbol: share, minutes: [{ minute, spread: null }] },
          { symbol: plain, minutes: traded },
        ],
      },
    });
  });

  test('fails with 4 if a slot has neither a row nor a reason', async () => {
    const { folder } = await recordDay({
      dataDir: cli.dataDir,
      state: 'running',
      book: (_, index) => (index === 5 ? null : {}),
    });
    const events = folder.pathOf('events.jsonl');
    const lines = (await readFile(events, 'utf8')).split('\n');
    await writeFile(events, lines.filter((line) => !line.includes('"hole"')).join('\n'));
    const { code, out } = await cli.run('report');
    expect(out).toContain('2 unexplained');
    expect(code).toBe(4);
    expect(await readPage()).toContain('neither a row nor a reason');
  });

  test('reads a day from the bucket, and reports a day that is not there', async () => {
    const { date } = await recordDay({ dataDir: cli.dataDir });
    await bucket.ship(cli.dataDir, date);
    const { code, err } = await cli.run('report', '2026-11-25', '--bucket', 'days', '--data', 'no');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await readPage()).toContain('It adds up.');
    const absent = await cli.run('report', '2026-11-23', '--bucket', 'days', '--shard', '1');
    expect(absent.err).toContain(
      's3://days/depth/v2/date=2026-11-23/shard=1/manifest.json does not exist',
    );
    expect(absent.code).toBe(2);
    const checked = await cli.run('check', '2026-11-25', '--bucket', 'days');
    expect(checked.out).toMatch(/^s3:\/\/days\/depth\/v2\/date=2026-11-25\/shard=0\/ \(/);
  });

  test('leaves no temporary files of a day from the bucket if its reader closes the pipe', async () => {
    const { date } = await recordDay({ dataDir: cli.dataDir });
    await bucket.ship(cli.dataDir, date);
    const tmp = path.join(cli.folder, 'tmp');
    await mkdir(tmp);
    const main = path.join(ROOT, 'cli', 'main.js');
    const child = spawn(process.execPath, [main, 'check', '2026-11-25', '--bucket', 'days'], {
      cwd: cli.folder,
      env: {
        TMPDIR: tmp,
        AWS_ENDPOINT_URL: bucket.aws.endpoint,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await readdir(tmp)).toEqual([]);
  });

  test('refuses --shard without a bucket, an invalid shard, and days without a market', async () => {
    await recordDay({ dataDir: cli.dataDir });
    for (const command of ['report', 'check', 'export', 'replay']) {
      const to = command === 'export' ? ['--to', 'x.csv'] : [];
      for (const [args, message] of [
        [['--shard', '1'], '--shard 1 selects a harvester in the bucket'],
        [['2026-11-25', '--s3', '--shard', 'x'], '--shard "x" must be a whole number'],
        [['2026-11-22'], 'the market is closed on that day (weekend)'],
        [['2026-11-24'], 'the market is closed on that day ('],
        [['2027-11-25'], '2027-11-25 is in the future'],
        [['2026-11-22', '--bucket', 'days'], 'the market is closed on that day (weekend)'],
        [['2026-11-23'], 'which has one day, 2026-11-25.'],
      ] as const) {
        const { code, out, err } = await cli.run(command, ...args, ...to);
        expect(err).toContain(message);
        expect([code, out]).toEqual([2, '']);
      }
    }
  });

  test('overwrites a file only with --force, and reports invalid arguments', async () => {
    await recordDay({ dataDir: cli.dataDir });
    cli.write('notes.html', 'my notes');
    const refused = await cli.run('report', '--to', 'notes.html');
    expect(refused.err).toContain('already exists and was not changed');
    expect(refused.code).toBe(2);
    expect(await readPage('notes.html')).toBe('my notes');
    expect((await cli.run('report')).code).toBe(0);
    expect((await cli.run('report')).err).toContain('report-2026-11-25.html already exists');
    expect((await cli.run('report', '--json')).code).toBe(0);
    expect((await cli.run('report', '--force')).code).toBe(0);
    expect((await cli.run('report', '--to', 'notes.html', '--force')).code).toBe(0);
    expect(await readPage('notes.html')).toContain('<svg');
    for (const [args, message] of [
      [['--to', 'no/such/folder.html'], 'cannot be written'],
      [['2026-01-02'], '2026-01-02 is not in'],
      [['--s3'], 'No date is given'],
      [['2026-11-25', '--s3'], 'Name the bucket, as `./fyers check 2026-11-25 --bu'],
      [['monday', '--s3'], '"monday" is not a date'],
      [[path.join(cli.dataDir, 'days/2026-11-25/depth.parquet'), '--to', 'x.html'], 'has no plan'],
    ] as const) {
      const { code, err } = await cli.run('report', ...args);
      expect(err).toContain(message);
      expect([2, 4]).toContain(code);
    }
  });
});
