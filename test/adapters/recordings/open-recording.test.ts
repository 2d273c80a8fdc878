import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  failedReadError,
  openRecording,
  type Recording,
} from '../../../adapters/recordings/open-recording.ts';
import { unpacked } from '../../../adapters/recordings/unzip.ts';
import { REFERENCE_CSV_HEADER } from '../../../core/recording/csv-files.ts';
import { CSV_HEADER, RECORDED_COLUMNS } from '../../../core/recording/columns.ts';
import {
  type RecordedRow,
  bookOf,
  numberColumn,
  textColumn,
} from '../../../core/recording/rows.ts';
import { plus } from '../../../core/time.ts';
import { OPENS_AT, sampleRow } from '../../support/depth.ts';
import { recordDay } from '../../support/recorded-day.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const dataDir = makeFolderPerTest();

const open = (what: string | null) =>
  openRecording({ what, dataDir: dataDir.path, cwd: dataDir.path });
const inDay = (name: string) => path.join(dataDir.path, 'days', '2026-11-25', name);

async function rowsOf(recording: Recording): Promise<readonly (RecordedRow | null)[]> {
  return Array.fromAsync(recording.rows());
}

async function namesOf(recording: Recording): Promise<readonly string[]> {
  const [symbol, slot, phase] = [textColumn('symbol'), numberColumn('slot'), textColumn('phase')];
  return (await rowsOf(recording)).map((row) =>
    row === null
      ? 'unreadable'
      : `${String(symbol(row))} ${String(Number(slot(row)) - OPENS_AT)} ${String(phase(row))}`,
  );
}

describe('A recording', () => {
  test('of a running day has the lines of its day log without an incomplete last line', async () => {
    await recordDay({ dataDir: dataDir.path, state: 'running' });
    const whole = await namesOf(await open('2026-11-25'));
    expect(whole).toHaveLength(24);
    expect(whole.slice(0, 3)).toEqual([
      'NSE:SBIN-EQ 0 null',
      'NSE:INFY-EQ 0 null',
      'NSE:SBIN-EQ 5000 null',
    ]);
    await appendFile(inDay('day-0.v2.csv'), '2026-11-25T09:01:00.000+05:30,NSE:SB');
    expect(await namesOf(await open('2026-11-25'))).toEqual(whole);
    await appendFile(inDay('day-0.v2.csv'), '\n');
    expect(await namesOf(await open(null))).toEqual([...whole, 'unreadable']);
  });

  test('of a running day has a slot once if a failing disk left it in two files', async () => {
    await recordDay({ dataDir: dataDir.path, state: 'running' });
    const whole = await namesOf(await open('2026-11-25'));
    const lines = (await readFile(inDay('day-0.v2.csv'), 'utf8')).split('\n');
    // The header, and the two rows of the last slot again.
    await writeFile(inDay('day-1.v2.csv'), [lines[0], ...lines.slice(-3)].join('\n'));
    expect(await namesOf(await open('2026-11-25'))).toEqual(whole);
    // A single file is not compared with its neighbours.
    expect(await namesOf(await open(inDay('day-1.v2.csv')))).toEqual(whole.slice(-2));
  });

  test('of a closed day has the rows of its Parquet in order of receipt, events and manifest', async () => {
    await recordDay({ dataDir: dataDir.path });
    const recording = await open(null);
    expect(recording).toMatchObject({ kind: 'day', date: '2026-11-25' });
    expect(recording.columns.has('phase')).toBe(true);
    expect((await namesOf(recording)).slice(11, 15)).toEqual([
      'NSE:INFY-EQ 25000 PREOPEN_ENTRY',
      'NSE:SBIN-EQ 30000 CONTINUOUS',
      'NSE:INFY-EQ 30000 CONTINUOUS',
      'NSE:SBIN-EQ 35000 CONTINUOUS',
    ]);
    expect((await recording.manifest())?.rows).toBe(24);
    expect((await recording.events()).map(({ event }) => event)).toContain('session-over');
  });

  test('has the same observed cells from the folder, the Parquet and the compressed log', async () => {
    await recordDay({ dataDir: dataDir.path });
    const observed = async (what: string) =>
      (await rowsOf(await open(what))).map((row) => row?.slice(0, CSV_HEADER.split(',').length));
    const parquet = await observed(inDay('depth.parquet'));
    expect(parquet).toHaveLength(24);
    expect(await observed(inDay('day.log.gz'))).toEqual(parquet);
    expect(await observed(inDay('day-0.v2.csv'))).toEqual(parquet);
    expect(await observed(path.dirname(inDay('x')))).toEqual(parquet);
    const [first] = await rowsOf(await open(inDay('depth.parquet')));
    expect(bookOf(first ?? [])).toEqual(
      sampleRow('NSE:SBIN-EQ', OPENS_AT, { totalBuyQuantity: 1_000 }).book,
    );
    expect(first).toHaveLength(RECORDED_COLUMNS.length);
  });

  test('of the reference has null for a zero that means a missing value', async () => {
    const levels = '427.25,4738,427.2,10,0,0,0,0,0.0,0,427.4,2193,0,7,0,0,0,0,0,0';
    const line = `2025-12-26T09:15:05.250123+05:30,NSE:SBIN-EQ,0,120,0,${levels}`;
    const file = path.join(dataDir.path, 'market_depth_2025-12-26.csv');
    await writeFile(file, `${REFERENCE_CSV_HEADER}\n${line}\nnonsense\n`);
    const recording = await open('market_depth_2025-12-26.csv');
    expect(recording).toMatchObject({ kind: 'reference', date: '2025-12-26', day: null });
    const [row, bad] = await rowsOf(recording);
    expect(bad).toBeNull();
    expect(row?.slice(2, 7)).toEqual([null, 120, null, 427.25, 4738]);
    expect(bookOf(row ?? []).bids).toHaveLength(2);
    // A price of zero with a quantity was observed.
    expect(bookOf(row ?? []).asks.at(-1)).toEqual({ price: 0, quantity: 7, orders: null });
    expect([recording.columns.has('ltp'), recording.columns.has('slot')]).toEqual([true, false]);
    await writeFile(`${file}.gz`, gzipSync(await readFile(file)));
    expect(await rowsOf(await open(`${file}.gz`))).toEqual([row, null]);
  });

  test.each([
    ['2026-11-24', /2026-11-24 is not in .* one day, 2026-11-25\..*--s3/],
    ['absent.csv', /There is no file .*absent\.csv/],
    ['.', /is not the folder of a day/],
    ['other.csv', /is not a recording/],
    ['v1.csv', /v1\.csv does not have version 2.*no column slot/],
    ['cut.gz', /^\S+cut\.gz is damaged/],
    ['cut.parquet', /^\S+cut\.parquet is damaged/],
  ])('%s cannot be opened or read, and the error names the problem', async (what, problem) => {
    await recordDay({ dataDir: dataDir.path });
    await writeFile(path.join(dataDir.path, 'other.csv'), 'a,b\n1,2\n');
    await writeFile(path.join(dataDir.path, 'v1.csv'), `${REFERENCE_CSV_HEADER},extra\n`);
    const [zipped, parquet] = await Promise.all(
      ['day.log.gz', 'depth.parquet'].map((name) => readFile(inDay(name))),
    );
    await writeFile(path.join(dataDir.path, 'cut.gz'), zipped?.subarray(0, 300) ?? '');
    await writeFile(path.join(dataDir.path, 'cut.parquet'), parquet?.subarray(0, 3_000) ?? '');
    await expect(open(what).then(rowsOf)).rejects.toThrow(problem);
  });

  test('cannot be opened if no day is recorded', async () => {
    await expect(open(null)).rejects.toThrow(/There is no recorded day/);
  });

  test('cannot be opened if its manifest is of another version', async () => {
    await recordDay({ dataDir: dataDir.path });
    const text = await readFile(inDay('manifest.json'), 'utf8');
    await writeFile(inDay('manifest.json'), text.replace('"version": 2', '"version": 1'));
    await expect(open(null)).rejects.toThrow(/manifest is of another version/);
  });

  test('can be read again from its beginning', async () => {
    await recordDay({ dataDir: dataDir.path });
    const recording = await open(null);
    for await (const row of recording.rows()) {
      expect(row?.[0]).toBe(plus(OPENS_AT, 48));
      break;
    }
    expect(await rowsOf(recording)).toHaveLength((60 / 5) * 2);
  });
});

describe('A file that cannot be read', () => {
  test.each([
    ['EACCES', 'platform.disk'],
    ['EIO', 'platform.disk'],
    ['Z_DATA_ERROR', 'platform.integrity'],
    [undefined, 'platform.integrity'],
  ])('with the code %s is an error %s', (code, kind) => {
    const cause = Object.assign(new Error('why'), { code });
    expect(failedReadError('day.csv', cause)).toMatchObject({ code: kind });
  });

  test('rejects, and leaves no stream whose error nothing handles', async () => {
    await expect(unpacked(path.join(dataDir.path, 'absent.csv.gz'))).rejects.toThrow('ENOENT');
    await setTimeout(20);
  });
});
