import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { istDate, istInstant } from '../../core/time.ts';
import { shortSession } from '../support/depth.ts';
import { recordDay } from '../support/recorded-day.ts';
import { ROOT } from '../support/source-tree.ts';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { type Stage, stage } from './stage.ts';

let server: S3Server;
let aws: S3ClientConfig;
let cli: Stage;
let dataDir = '';
beforeEach(async () => {
  server = await startS3();
  aws = {
    endpoint: server.endpoint,
    region: 'ap-south-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  cli = await stage({ aws });
  dataDir = path.join(cli.folder, 'harvested_data');
});
afterEach(async () => {
  await cli[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const page = (name = 'report-2026-11-25.html') => readFile(path.join(cli.folder, name), 'utf8');

/** A day's files as the harvester ships them. */
async function store({ pathOf }: { readonly pathOf: (name: string) => string }): Promise<void> {
  const client = new S3Client(aws);
  for (const [name, place] of [
    ['manifest.json', ''],
    ['events.jsonl.gz', ''],
    ['depth.parquet', 'parquet/'],
  ] as const) {
    const Key = `depth/v2/date=2026-11-25/shard=0/${place}${name}`;
    const Body = await readFile(pathOf(name));
    await client.send(new PutObjectCommand({ Bucket: 'days', Key, Body }));
  }
}

describe('The report of a day', () => {
  test('is one page without scripts, with everything inside', async () => {
    await recordDay({ dataDir });
    const { code, out, err } = await cli.run('report');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('24 of 24 slots recorded (100.00 %)');
    const html = await page();
    for (const word of ['Every slot of every symbol was recorded', '<svg', 'SBIN', 'SHA-256']) {
      expect(html).toContain(word);
    }
    expect(html).not.toMatch(/<script|<link|<img|https?:(?!\/\/www\.w3\.org)|@import|url\(/);
  });

  test('shows holes with their reasons, and a running day as far as it is', async () => {
    const book = (_symbol: string, index: number) => (index < 3 ? null : {});
    await recordDay({ dataDir, book, state: 'running' });
    const { out } = await cli.run('report', '2026-11-25');
    expect(out).toContain('18 of 24 slots recorded (75.00 %), 6 explained, 0 unexplained.');
    const html = await page();
    expect(html).toContain('timeout');
    expect(html).toContain('not compacted yet');
  });

  test('gives its figures to scripts', async () => {
    await recordDay({ dataDir });
    const { out } = await cli.run('report', '--json');
    expect(JSON.parse(out)).toMatchObject({
      everySeconds: 5,
      coverage: { expected: 24, received: 24 },
      figures: { latency: { count: 24 } },
    });
    await expect(page()).rejects.toThrow('ENOENT');
  });

  test('knows the phase of each kind of symbol on a day that is not compacted yet', async () => {
    const [share, plain, future] = ['NSE:SBIN-EQ', 'NSE:SMALL-EQ', 'NSE:NIFTY26NOVFUT'];
    await recordDay({
      dataDir,
      session: shortSession(istInstant(istDate('2026-11-25'), '15:20')),
      symbols: [share, plain, future],
      auctions: { [share]: true, [plain]: false },
      state: 'running',
    });
    const { out } = await cli.run('report', '--json');
    const minute = istInstant(istDate('2026-11-25'), '15:20');
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

  test('fails with 4 where a slot has neither a row nor a reason', async () => {
    const { folder } = await recordDay({
      dataDir,
      state: 'running',
      book: (_, index) => (index === 5 ? null : {}),
    });
    const events = folder.pathOf('events.jsonl');
    const lines = (await readFile(events, 'utf8')).split('\n');
    await writeFile(events, lines.filter((line) => !line.includes('"hole"')).join('\n'));
    const { code, out } = await cli.run('report');
    expect(out).toContain('2 unexplained');
    expect(code).toBe(4);
    expect(await page()).toContain('neither a row nor a reason');
  });

  test('is made of a day in the bucket, and leaves nothing of it behind', async () => {
    const { folder } = await recordDay({ dataDir });
    await store(folder);
    const { code, err } = await cli.run('report', '2026-11-25', '--bucket', 'days', '--data', 'no');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await page()).toContain('Every slot of every symbol was recorded');
    const absent = await cli.run('report', '2026-11-23', '--bucket', 'days', '--shard', '1');
    expect(absent.err).toContain(
      's3://days/depth/v2/date=2026-11-23/shard=1/manifest.json is not there',
    );
    expect(absent.code).toBe(2);
    const checked = await cli.run('check', '2026-11-25', '--bucket', 'days');
    expect(checked.out).toMatch(/^s3:\/\/days\/depth\/v2\/date=2026-11-25\/shard=0\/ \(/);
  });

  test('leaves nothing of the bucket’s day where its reader has gone away', async () => {
    const { folder } = await recordDay({ dataDir });
    await store(folder);
    const tmp = path.join(cli.folder, 'tmp');
    await mkdir(tmp);
    const main = path.join(ROOT, 'cli', 'main.js');
    const child = spawn(process.execPath, [main, 'check', '2026-11-25', '--bucket', 'days'], {
      cwd: cli.folder,
      env: {
        TMPDIR: tmp,
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await readdir(tmp)).toEqual([]);
  });

  test('takes a shard of the bucket alone, and knows the days without a market', async () => {
    await recordDay({ dataDir });
    for (const command of ['report', 'check', 'export', 'replay']) {
      const to = command === 'export' ? ['--to', 'x.csv'] : [];
      for (const [args, said] of [
        [['--shard', '1'], '--shard 1 is a part of the bucket'],
        [['2026-11-25', '--s3', '--shard', 'x'], '--shard "x" must be a whole number'],
        [['2026-11-22'], 'the market is closed on it (weekend)'],
        [['2026-11-24'], 'the market is closed on it ('],
        [['2027-11-25'], '2027-11-25 is still to come'],
        [['2026-11-22', '--bucket', 'days'], 'the market is closed on it (weekend)'],
        [['2026-11-23'], 'which has one day, 2026-11-25.'],
      ] as const) {
        const { code, out, err } = await cli.run(command, ...args, ...to);
        expect(err).toContain(said);
        expect([code, out]).toEqual([2, '']);
      }
    }
  });

  test('never writes over something else, and says what is wrong with what it is given', async () => {
    await recordDay({ dataDir });
    cli.write('notes.html', 'my notes');
    const refused = await cli.run('report', '--to', 'notes.html');
    expect(refused.err).toContain('is there already, and is no report');
    expect(await page('notes.html')).toBe('my notes');
    expect((await cli.run('report', '--to', 'mine.html')).code).toBe(0);
    expect((await cli.run('report', '--to', 'mine.html')).code).toBe(0);
    for (const [args, said] of [
      [['--to', 'no/such/folder.html'], 'cannot be written'],
      [['2026-01-02'], '2026-01-02 is not in'],
      [['--s3'], 'needs its date'],
      [['monday', '--s3'], '"monday" is no date'],
      [[path.join(dataDir, 'days/2026-11-25/depth.parquet')], 'has no plan'],
    ] as const) {
      const { code, err } = await cli.run('report', ...args);
      expect(err).toContain(said);
      expect([2, 4]).toContain(code);
    }
  });
});
