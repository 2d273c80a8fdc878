// Compacts a day on a small file system that is full, and enlarges it step by step.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openParquet } from '../../adapters/recordings/parquet/rows.ts';
import { toError } from '../../core/errors.ts';
import { MINUTE, plus } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { shortSession } from '../support/depth.ts';
import { recordDay } from '../support/recorded-day.ts';

const run = promisify(execFile);
const KIB = 1024;
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ', 'NSE:TCS-EQ', 'NSE:ITC-EQ', 'NSE:M&M-EQ'];
const session = { ...shortSession(), closesAt: plus(shortSession().opensAt, 30 * MINUTE) };
const ROWS = 30 * 12 * SYMBOLS.length;

let disk = '';
const give = (kib: number, how: readonly string[] = ['remount']): Promise<unknown> =>
  run('mount', ['-t', 'tmpfs', '-o', [...how, `size=${String(kib)}k`].join(), 'tmpfs', disk]);

disk = await mkdtemp(path.join(tmpdir(), 'fyers-small-disk-'));
const canMount =
  process.getuid?.() === 0 &&
  (await give(8 * KIB, []).then(
    () => true,
    () => false,
  ));
const title = canMount
  ? 'On a full disk'
  : 'On a full disk (skipped: requires root and the right to mount)';

beforeAll(() => {
  if (!canMount && process.env['CI'] === 'true') throw new Error(title);
});
afterAll(async () => {
  if (canMount) await run('umount', [disk]);
  await rmdir(disk);
});

describe.skipIf(!canMount)(title, () => {
  test(
    'compaction fails with ENOSPC, keeps the day log, and succeeds once there is space',
    { timeout: 120_000 },
    async () => {
      const { date, folder } = await recordDay({
        ...{ dataDir: disk, session, symbols: SYMBOLS },
        state: 'ended',
      });
      const log = await readFile(folder.pathOf('day-0.v2.csv'));
      let failures = 0;
      let manifest = null;
      for (let kib = (await usedKib()) + 4; manifest === null; kib += 4) {
        await give(kib);
        try {
          manifest = await compactDay({ folder, date, shard: 0, session });
        } catch (caught) {
          failures += 1;
          expect(toError(caught).message).toContain('ENOSPC');
          expect(await folder.manifest()).toBeNull();
          expect(await readdir(folder.pathOf('.'))).not.toContain('manifest.json');
        }
        expect((await readFile(folder.pathOf('day-0.v2.csv'))).equals(log)).toBe(true);
      }
      expect(failures).toBeGreaterThan(5);
      expect(manifest).toMatchObject({
        rows: ROWS,
        expected: ROWS,
        received: ROWS,
        unexplained: 0,
      });
      let rows = 0;
      const parquet = await openParquet(folder.pathOf('depth.parquet'));
      for await (const group of parquet.groups(['slot'])) rows += group.length;
      expect(rows).toBe(ROWS);
      const left = (await readdir(folder.pathOf('.'))).filter((name) => name.endsWith('.partial'));
      expect(left).toEqual([]);
      await rm(path.join(disk, 'days'), { recursive: true });
    },
  );
});

async function usedKib(): Promise<number> {
  const names = await readdir(disk, { recursive: true });
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(path.join(disk, name))).size),
  );
  // Each file takes whole pages.
  return sizes.reduce((sum, size) => sum + 4 * Math.ceil(size / (4 * KIB)), 0);
}
