import { appendFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { dayFolders } from '../../../adapters/recordings/data-folder.ts';
import { THIS_DISK } from '../../../adapters/recordings/disk.ts';
import { REFERENCE_CSV_HEADER, referenceCsvLine } from '../../../core/recording/csv-files.ts';
import { SECOND, istDate, istInstant, plus } from '../../../core/time.ts';
import { sampleRow } from '../../support/depth.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const DATE = istDate('2026-11-25');
const NAME = 'market_depth_2026-11-25.csv';
/** Counts from two slots before 09:15. */
const rowAt = (index: number) =>
  sampleRow('NSE:SBIN-EQ', plus(istInstant(DATE, '09:14:50'), 5 * SECOND * index));

const dataDir = makeFolderPerTest();
let problems: string[] = [];
beforeEach(() => {
  problems = [];
});

/** Appends rows like one run of the harvester with --compat. */
async function record(...indexes: readonly number[]): Promise<void> {
  const days = dayFolders(dataDir.path, THIS_DISK, ({ message }) => problems.push(message));
  const day = await days.open(DATE);
  for (const index of indexes) expect(await day.append([rowAt(index)])).toBe('appended');
  await day.close();
}

const linesNow = async () => (await readFile(path.join(dataDir.path, NAME), 'utf8')).split('\n');

describe('The --compat file', () => {
  test('has its header once and only rows of its hours, also after a restart', async () => {
    await record(0, 1, 2);
    await record(3);
    expect(await linesNow()).toEqual([
      REFERENCE_CSV_HEADER,
      referenceCsvLine(rowAt(2)),
      referenceCsvLine(rowAt(3)),
      '',
    ]);
  });

  test.each([
    ['of a row', [2], '2026-11-25T09:15:05.048+05:30,NSE:SB'],
    ['of the header', [], 'timestamp,sym'],
  ])('is cut before a torn line %s', async (_what, before, torn) => {
    await record(...before);
    await appendFile(path.join(dataDir.path, NAME), torn);
    await record(3);
    const kept = before.map((index) => referenceCsvLine(rowAt(index)));
    expect(await linesNow()).toEqual([
      REFERENCE_CSV_HEADER,
      ...kept,
      referenceCsvLine(rowAt(3)),
      '',
    ]);
  });

  test('is reported if it cannot be written, and the day log continues', async () => {
    await mkdir(path.join(dataDir.path, NAME));
    await record(2, 3);
    expect(problems).toHaveLength(2);
    const log = await readFile(path.join(dataDir.path, 'days', DATE, 'day-0.v2.csv'), 'utf8');
    expect(log.trim().split('\n')).toHaveLength(3);
  });
});
