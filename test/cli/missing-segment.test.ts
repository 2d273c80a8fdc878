import { readdirSync, rmSync, truncateSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { IN_BUCKET, startBucket } from '../support/day-in-bucket.ts';
import {
  closed,
  level,
  message,
  opened,
  recordStreamDay,
  snapshot,
} from '../support/recorded-stream.ts';
import { openStagePerTest } from './cli-harness.ts';

let bucket: Awaited<ReturnType<typeof startBucket>>;
let missing = '';
let remove: () => void;
let cut: () => void;
beforeEach(async () => {
  bucket = await startBucket();
});
afterEach(() => bucket[Symbol.asyncDispose]());
const cli = openStagePerTest(() => ({ aws: bucket.aws }));
beforeEach(async () => {
  const { dataDir } = cli;
  const bids = [level(0, 427.2, 7)];
  const { folder, date } = await recordStreamDay({
    dataDir,
    segments: [
      [opened(0), snapshot(100, 1)],
      [message(20_000, 2, { bids })],
      [message(30_000, 3, { bids }), snapshot(40_000, 4), closed(55_000)],
    ],
  });
  await bucket.ship(dataDir, date);
  missing = (await folder.frames.names())[1] ?? '';
  remove = () => {
    bucket.damage(date, missing, null);
    rmSync(folder.frames.pathOf(missing));
  };
  cut = () => {
    bucket.damage(date, missing, Buffer.from('cut'));
    truncateSync(folder.frames.pathOf(missing), 40);
  };
});

describe.each([
  ['missing in the bucket', IN_BUCKET, () => remove],
  ['missing in the folder of the day', ['--data', 'harvested_data'], () => remove],
  ['damaged in the bucket', IN_BUCKET, () => cut],
  ['damaged in the folder of the day', ['--data', 'harvested_data'], () => cut],
] as const)('A segment that is %s', (_where, place, damage) => {
  beforeEach(() => {
    damage()();
  });
  const run = (command: string, ...args: readonly string[]) =>
    cli.run(command, '2026-11-25', ...place, ...args);

  test('is a gap of an export, which has all other frames', async () => {
    const { code, err } = await run('export', '--format', 'tardis', '--to', 'out');
    expect(code).toBe(4);
    expect(err).toContain(`${missing} is missing or damaged`);
    expect(err).toContain('1 gap');
    const [name = ''] = readdirSync(path.join(cli.folder, 'out'));
    const rows = gunzipSync(await readFile(path.join(cli.folder, 'out', name))).toString();
    // The snapshot before and the one after; the change between cannot be used.
    expect(rows.split('\n').filter((row) => row.includes(',true,bid,'))).toHaveLength(100);
    expect(rows).not.toContain(',427.2,7');
  });

  test('is a gap of replay', async () => {
    const { code, out, err } = await run('replay', '--updates');
    expect(code).toBe(4);
    expect(err).toContain(`${missing} is missing or damaged`);
    expect(out).toContain('gap, damaged: a segment is missing or damaged');
    expect(out).toMatch(/09:00:40.000 NSE:SBIN-EQ whole book/);
  });

  test('is the reason why inspect has no book, and does not hide a later one', async () => {
    const args = ['SBIN', '--date', '2026-11-25', ...place, '--levels', '2'];
    const within = await cli.run('inspect', ...args, '--at', '09:00:30');
    expect(within.code).toBe(2);
    expect(within.err).toContain(`${missing} is missing or damaged`);
    const after = await cli.run('inspect', ...args, '--at', '09:00:50');
    expect(after.code).toBe(0);
    expect(after.out).toContain('427.25');
  });

  test('is named by report and check', async () => {
    for (const [command, args] of [
      ['report', ['--to', 'page.html']],
      ['check', []],
    ] as const) {
      const { code, out } = await run(command, ...args);
      expect(code).toBe(4);
      expect(out).toContain(missing);
    }
  });
});
