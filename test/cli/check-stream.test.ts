// Tests `fyers check` on the day of a stream: in its folder, and with --s3, where frames and updates stay in the bucket.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseManifest } from '../../core/recording/manifest.ts';
import { IN_BUCKET, startBucket } from '../support/day-in-bucket.ts';
import { OPENS_AT } from '../support/depth.ts';
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
  expect(out).toContain(`${UPDATES} is in the manifest, but not in the bucket`);
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
  expect(damaged.out).toContain(`${UPDATES} differs from the manifest`);
  bucket.damage(date, name, null);
  bucket.damage(date, UPDATES, null);
  const missing = await check('--download');
  expect(missing.code).toBe(4);
  expect(missing.out).toContain(`${name} is in the manifest, but cannot be read`);
  expect(missing.out).toContain(`${UPDATES} is in the manifest, but not in the bucket`);
});

test('fyers check --download is refused for a day on this machine', async () => {
  await recordStreamDay({ dataDir: cli.dataDir, segments: [[opened(0), snapshot(100, 1)]] });
  const { code, err } = await cli.run('check', '2026-11-25', '--download');
  expect(code).toBe(2);
  expect(err).toContain('--s3');
});

async function recordFrames() {
  const at = { at: OPENS_AT, socket: 1 };
  const frames = Array.from({ length: 1_200 }, (_, n) => Buffer.from(`frame ${String(n)}`));
  const contents = [...frames, { mark: 'bad-frame' } as const];
  const segment = [opened(0), ...contents.map((content) => ({ ...at, content }))];
  const { folder } = await recordStreamDay({ dataDir: cli.dataDir, segments: [segment] });
  const [name = ''] = await folder.frames.names();
  return { folder, file: folder.pathOf(name), name };
}

describe('fyers check', () => {
  test('counts the frames of a stream and exits with 0', async () => {
    await recordFrames();
    const { code, out } = await cli.run('check');
    expect(code).toBe(0);
    expect(out).toContain(
      'Frames: 1,200 in 1 segment, 1 unreadable, 0 lost. Connections: tbt 1 1.',
    );
    const { frames } = JSON.parse((await cli.run('check', '--json')).out) as { frames: unknown };
    expect(frames).toMatchObject({ frames: 1_200, badFrames: 1 });
  });

  const unpack = async (file: string) => zstdDecompressSync(await readFile(file));
  test.each<[string, (file: string) => Promise<void>, string]>([
    [
      'is missing',
      (file) => rename(file, `${file}.away`),
      'is in the manifest, but cannot be read',
    ],
    [
      'is damaged',
      async (file) => writeFile(file, zstdCompressSync((await unpack(file)).fill(0, 60))),
      'is damaged',
    ],
    [
      'has other bytes than in the manifest',
      async (file) => writeFile(file, zstdCompressSync(await unpack(file))),
      'differs from the manifest',
    ],
  ])('reports a segment that %s', async (what, change, words) => {
    const { file, name } = await recordFrames();
    await change(file);
    const { code, out } = await cli.run('check');
    expect(code).toBe(4);
    expect(out).toContain(`${name} ${words}`);
    if (what !== 'is missing') return;
    expect(out).toContain('The manifest has 1200 frames, but the recording has 0.');
  });

  test('parseManifest accepts manifests with and without frames', async () => {
    const { folder } = await recordFrames();
    const text = await readFile(folder.pathOf('manifest.json'), 'utf8');
    expect(parseManifest(text).frames?.frames).toBe(1_200);
    const { frames: _, ...earlier } = parseManifest(text);
    expect(parseManifest(JSON.stringify(earlier)).frames).toBeUndefined();
  });
});
