// Stops `./fyers export` while it writes its files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { REFERENCE_CSV_HEADER, referenceCsvLine } from '../../core/recording/csv-files.ts';
import { IN_BUCKET, startBucket } from '../support/day-in-bucket.ts';
import { oldRows } from '../support/old-files.ts';
import { opened, recordStreamDay, snapshot } from '../support/recorded-stream.ts';
import { ROOT } from '../support/source-tree.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

/** Sends the signal as soon as the output folder has a new file. */
async function stopExport(
  signal: NodeJS.Signals,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const out = path.join(cli.folder, 'out');
  const before = await readdir(out);
  const child = spawn(process.execPath, [path.join(ROOT, 'cli/main.js'), 'export', ...args], {
    ...{ cwd: cli.folder, env: { PATH: process.env['PATH'], ...env }, stdio: 'ignore' },
  });
  const ended = once(child, 'exit');
  const hasNewFile = async (): Promise<void> => {
    expect((await readdir(out)).length).toBeGreaterThan(before.length);
  };
  await vi.waitFor(hasNewFile, { timeout: 20_000, interval: 5 });
  child.kill(signal);
  return { ended: await ended, before, after: await readdir(out) };
}

test.each(['csv', 'csv.gz', 'parquet'])(
  'An export to %s that is stopped leaves no part of a file',
  async (form) => {
    await mkdir(path.join(cli.folder, 'out'));
    await writeFile(path.join(cli.folder, 'out', 'mine.csv'), 'x');
    const lines = oldRows(2_000).flatMap((row) => referenceCsvLine(row) ?? []);
    const day = Array.from({ length: 100 }, () => lines).flat();
    await writeFile(
      path.join(cli.folder, 'old.csv'),
      [REFERENCE_CSV_HEADER, ...day, ''].join('\n'),
    );
    const args = ['old.csv', '--to', `out/day.${form}`];
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const { ended, before, after } = await stopExport(signal, args);
      expect({ ended, after }).toEqual({ ended: [null, signal], after: before });
    }
  },
  60_000,
);

test('An export of a day in the bucket that is stopped leaves no part of its files, and keeps what was complete', async () => {
  const dataDir = path.join(cli.folder, 'recorded');
  const { folder, date } = await recordStreamDay({
    ...{ dataDir, segments: [[opened(0), snapshot(100, 1)], [snapshot(20_000, 2)]] },
  });
  const [, second = ''] = await folder.frames.names();
  await using bucket = await startBucket((method, key) =>
    method === 'GET' && key.includes(second) ? 'hang' : 'answer',
  );
  await bucket.ship(dataDir, date);
  const done = ['export', date, '--format', 'tardis', '--data', 'recorded', '--to', 'out'];
  expect((await cli.run(...done)).code).toBe(0);
  const { ended, before, after } = await stopExport(
    'SIGINT',
    [date, '--format', 'tardis', ...IN_BUCKET, '--to', 'out', '--force'],
    {
      ...{ AWS_ENDPOINT_URL: bucket.aws.endpoint, AWS_REGION: 'ap-south-1' },
      ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', TMPDIR: dataDir },
    },
  );
  expect(ended).toEqual([null, 'SIGINT']);
  expect(before.length).toBeGreaterThan(0);
  expect(after).toEqual(before);
  // The downloaded day too.
  expect((await readdir(dataDir)).filter((name) => name.startsWith('fyers-day-'))).toEqual([]);
}, 60_000);
