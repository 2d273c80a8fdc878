import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DAY_LOG,
  linesOf,
  openDayLog,
  openEventLog,
  partsIn,
  readEventLog,
} from '../../../adapters/recordings/segmented-log.ts';
import { CSV_HEADER, csvLine } from '../../../core/recording/columns.ts';
import { SECOND, plus } from '../../../core/time.ts';
import { OPENS_AT, sampleRow } from '../../support/depth.ts';
import { faultyDisk } from '../../support/faulty-disk.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const folder = makeFolderPerTest();

const rowAt = (index: number) => sampleRow('NSE:SBIN-EQ', plus(OPENS_AT, index * 5 * SECOND));
const textOf = (...rows: readonly number[]) =>
  [CSV_HEADER, ...rows.map((index) => csvLine(rowAt(index)))].map((line) => `${line}\n`).join('');

async function append(...rows: readonly number[]): Promise<number> {
  const log = await openDayLog(folder.path);
  await log.append(rows.map(rowAt));
  await log.close();
  return log.cutBytes;
}

describe('The day log', () => {
  test('begins with its header, and continues in the same file after it is opened again', async () => {
    await append(0, 1);
    await append(2);
    expect(await readFile(path.join(folder.path, 'day-0.v2.csv'), 'utf8')).toBe(textOf(0, 1, 2));
  });

  test('cuts a torn last line of any length', async () => {
    const file = path.join(folder.path, 'day-0.v2.csv');
    const last = `${csvLine(rowAt(1))}\n`;
    for (let bytes = 0; bytes < last.length; bytes += 1) {
      await writeFile(file, textOf(0) + last.slice(0, bytes));
      expect(await append(2)).toBe(bytes);
      expect(await readFile(file, 'utf8')).toBe(textOf(0, 2));
    }
    await writeFile(file, textOf(0) + last);
    expect(await append(2)).toBe(0);
    expect(await readFile(file, 'utf8')).toBe(textOf(0, 1, 2));
  });

  test('writes its header again if the header is torn', async () => {
    const file = path.join(folder.path, 'day-0.v2.csv');
    await writeFile(file, CSV_HEADER.slice(0, 40));
    await append(0);
    expect(await readFile(file, 'utf8')).toBe(textOf(0));
  });

  test('begins a new file if fdatasync fails, and does not write to the old one again', async () => {
    const disk = faultyDisk();
    const log = await openDayLog(folder.path, disk);
    await log.append([rowAt(0)]);
    disk.fail('datasync', 1);
    expect(await log.append([rowAt(1)])).toBe('replaced');
    expect(await log.append([rowAt(2)])).toBe('appended');
    await log.close();
    const parts = (await partsIn(folder.path, DAY_LOG)).map(({ file }) => file);
    expect(parts.map((part) => path.basename(part))).toEqual(['day-0.v2.csv', 'day-1.v2.csv']);
    // The row may be in the failed file, and must be in the new one.
    expect(await readFile(parts[0] ?? '', 'utf8')).toBe(textOf(0, 1));
    expect(await readFile(parts[1] ?? '', 'utf8')).toBe(textOf(1, 2));
    expect(await append(3)).toBe(0);
    expect(await readFile(parts[1] ?? '', 'utf8')).toBe(textOf(1, 2, 3));
  });

  test('rejects if the new file fails too, and continues in a third one', async () => {
    const disk = faultyDisk();
    const log = await openDayLog(folder.path, disk);
    await log.append([rowAt(0)]);
    disk.fail('appendFile', 2);
    await expect(log.append([rowAt(1)])).rejects.toMatchObject({ code: 'platform.disk' });
    expect(await log.append([rowAt(2)])).toBe('replaced');
    await log.close();
    const parts = (await partsIn(folder.path, DAY_LOG)).map(({ file }) => path.basename(file));
    // The new file that failed is removed.
    expect(parts).toEqual(['day-0.v2.csv', 'day-2.v2.csv']);
  });

  test('does not remove a file that it did not create', async () => {
    const disk = faultyDisk();
    const log = await openDayLog(folder.path, disk);
    await log.append([rowAt(0)]);
    await writeFile(path.join(folder.path, 'day-1.v2.csv'), textOf(5));
    disk.fail('appendFile', 1);
    await expect(log.append([rowAt(1)])).rejects.toMatchObject({ code: 'platform.disk' });
    expect(await readFile(path.join(folder.path, 'day-1.v2.csv'), 'utf8')).toBe(textOf(5));
    await log.close();
  });
});

describe('The event log', () => {
  test('has every line once and in order, without waiting between appends', async () => {
    const log = await openEventLog(folder.path);
    const at = (n: number) => plus(OPENS_AT, n * SECOND);
    await Promise.all(
      [0, 1, 2, 3].map((n) =>
        log.append([{ event: 'started', at: at(n), message: 'Recording' } as const]),
      ),
    );
    await log.close();
    expect((await readEventLog(folder.path)).map((event) => event.at)).toEqual(
      [0, 1, 2, 3].map(at),
    );
  });

  test('is read without a torn line', async () => {
    const note = { event: 'started', at: OPENS_AT, message: 'Recording' } as const;
    const log = await openEventLog(folder.path);
    await log.append([note]);
    await log.close();
    await appendFile(path.join(folder.path, 'events.jsonl'), '{"event":"stop');
    const again = await openEventLog(folder.path);
    expect(again.cutBytes).toBe(14);
    await again.append([{ ...note, event: 'stopped' }]);
    await again.close();
    expect((await readEventLog(folder.path)).map(({ event }) => event)).toEqual([
      'started',
      'stopped',
    ]);
  });
});

const HEADER = DAY_LOG.header.trimEnd();
/** Lines that are shorter and longer than a read block. */
const line = fc
  .tuple(fc.stringMatching(/^[a-zé,]{1,8}$/), fc.constantFrom(1, 1, 1, 400, 90_000))
  .map(([text, times]) => text.repeat(times));
const part = fc.array(fc.oneof({ weight: 9, arbitrary: line }, fc.constant(HEADER)), {
  minLength: 1,
  maxLength: 30,
});

describe('linesOf', () => {
  test('returns the lines of all files in order, without headers, and marks torn lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (parts, torn) => {
          for (const [index, lines] of parts.entries()) {
            const text = `${HEADER}\n${lines.join('\n')}${torn ? '' : '\n'}`;
            await writeFile(path.join(folder.path, DAY_LOG.nameOf(index)), text);
          }
          const found = (await Array.fromAsync(linesOf(folder.path, DAY_LOG))).flat();
          await Promise.all(
            parts.map((_, index) => rm(path.join(folder.path, DAY_LOG.nameOf(index)))),
          );
          const expected = parts.flatMap((lines) =>
            lines.map((text, at) => ({ text, torn: torn && at === lines.length - 1 })),
          );
          // A header without a line end is a torn line.
          expect(found).toEqual(expected.filter((each) => each.text !== HEADER || each.torn));
        },
      ),
      { numRuns: 60 },
    );
  });
});
