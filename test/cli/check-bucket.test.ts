// Tests `fyers check --s3`: a day of a stream whose frames and updates stay in the bucket.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IN_BUCKET, startBucket } from '../support/day-in-bucket.ts';
import { closed, opened, recordStreamDay, snapshot } from '../support/recorded-stream.ts';
import { openStagePerTest } from './cli-harness.ts';

const UPDATES = 'updates.parquet';

let bucket: Awaited<ReturnType<typeof startBucket>>;
let downloaded: string[] = [];
beforeEach(async () => {
  downloaded = [];
  bucket = await startBucket((method, key) => {
    if (method === 'GET') downloaded.push(path.basename(key));
    return 'answer';
  });
});
afterEach(() => bucket[Symbol.asyncDispose]());
const cli = openStagePerTest(() => ({ aws: bucket.aws, watched: true }));

async function recordAndShip() {
  const segments = [
    [opened(0), snapshot(100, 1)],
    [snapshot(20_000, 2), closed(50_000)],
  ];
  const { folder, date } = await recordStreamDay({ dataDir: cli.dataDir, segments });
  await bucket.ship(cli.dataDir, date);
  const [name = ''] = await folder.frames.names();
  await rm(cli.dataDir, { recursive: true });
  return { date, name };
}

const check = (...args: readonly string[]) => cli.run('check', '2026-11-25', ...IN_BUCKET, ...args);

test('fyers check --s3 compares frames and updates without a download', async () => {
  await recordAndShip();
  const { code, out, screen } = await check();
  expect(code).toBe(0);
  expect(out).toContain('--download');
  expect(downloaded.toSorted()).toEqual(['depth.parquet', 'events.jsonl.gz', 'manifest.json']);
  expect(screen.some((line) => /^\[Checking: file 1 of \d+\]$/.test(line))).toBe(true);
});

test('fyers check --s3 reports objects that are missing or have another size', async () => {
  const { date, name } = await recordAndShip();
  bucket.damage(date, UPDATES, null);
  bucket.damage(date, name, Buffer.from('cut'));
  const { code, out } = await check();
  expect(code).toBe(4);
  expect(out).toContain(`${UPDATES} is not in the bucket`);
  expect(out).toContain(`${name} has 3 bytes`);
  expect(downloaded).not.toContain(name);
});

test.each(['depth.parquet', 'events.jsonl.gz'])(
  'fyers check --s3 has %s of a closed day for missing, with exit code 4',
  async (name) => {
    const { date } = await recordAndShip();
    bucket.damage(date, name, null);
    const { code, err } = await check();
    expect(code).toBe(4);
    expect(err).toContain(`${name} is not in the bucket`);
  },
);

test('fyers check --s3 --download reads every file', async () => {
  const { date, name } = await recordAndShip();
  const { code, out, screen } = await check('--download');
  expect(code).toBe(0);
  expect(out).not.toContain('--download');
  expect(downloaded).toEqual(expect.arrayContaining([name, UPDATES, 'day.log.gz']));
  expect(screen).toContain('[Checking: segment 2 of 2]');
  // S3 never changes an object. Only a reader of the content finds it.
  bucket.flip(date, name);
  bucket.flip(date, UPDATES);
  expect((await check()).code).toBe(0);
  const damaged = await check('--download');
  expect(damaged.code).toBe(4);
  expect(damaged.out).toContain(`${name} is damaged`);
  expect(damaged.out).toContain(`${UPDATES} is not the file`);
  bucket.damage(date, name, null);
  bucket.damage(date, UPDATES, null);
  const missing = await check('--download');
  expect(missing.code).toBe(4);
  expect(missing.out).toContain(`${name} cannot be read`);
  expect(missing.out).toContain(`${UPDATES} is not in the bucket`);
});

test('fyers check --download is refused for a day on this machine', async () => {
  await recordStreamDay({ dataDir: cli.dataDir, segments: [[opened(0), snapshot(100, 1)]] });
  const { code, err } = await cli.run('check', '2026-11-25', '--download');
  expect(code).toBe(2);
  expect(err).toContain('--s3');
});
