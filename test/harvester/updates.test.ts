// Tests the file of updates that compaction makes from recorded frames.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { frameSegments } from '../../adapters/recordings/frame-segments.ts';
import { countParquetRows } from '../../adapters/recordings/parquet/rows.ts';
import { OBJECTS } from '../../core/config/names.ts';
import { parseManifest } from '../../core/recording/manifest.ts';
import { UPDATE_COLUMNS } from '../../core/stream/update-rows.ts';
import { formatIso, type Instant, MINUTE, plus, SECOND } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { shipDay } from '../../harvester/upload.ts';
import { OPENS_AT, sampleRow, shortSession } from '../support/depth.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { strictRecorder } from '../support/recorded-stream.ts';
import { encodeTbtMessage, levelsMessage } from '../support/tbt-message.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const [SBIN, INFY, TCS] = ['NSE:SBIN-EQ', 'NSE:INFY-EQ', 'NSE:TCS-EQ'];
const session = { ...shortSession(), closesAt: plus(OPENS_AT, 10 * MINUTE) };

const folder = makeFolderPerTest();

const day = () => dayFolders(folder.path).folder(session.date);

async function writeLogs(feed: string): Promise<void> {
  const logs = await dayFolders(folder.path).open(session.date);
  const { opensAt, closesAt } = session;
  const plan = { symbols: [SBIN, INFY], everySeconds: 5, opensAt, closesAt, from: opensAt };
  const of = { feed, session: 'special', certainty: 'inferred', source: 'test' };
  await logs.record([{ event: 'plan', at: opensAt, ...plan, ...of }]);
  await logs.append([sampleRow(SBIN, OPENS_AT)]);
  await logs.close();
}

function message(symbol: string, sequence: number, isSnapshot: boolean): Uint8Array {
  const level = (price: number) => ({ num: 0, price, quantity: sequence, orders: 1 });
  const sides = { bids: [level(80_000)], asks: isSnapshot ? [level(80_005)] : [] };
  const feedTime = 1_795_000_000;
  return encodeTbtMessage(levelsMessage({ symbol, sequence, isSnapshot, feedTime, ...sides }));
}

/** Three segments of a minute: two books, then differences of one, then a new connection. */
async function writeFrames(): Promise<void> {
  let now: Instant = OPENS_AT;
  const recorder = strictRecorder(frameSegments(day().pathOf('.')), { now: () => now });
  const sealed = async (segments: number): Promise<void> => {
    now = plus(now, MINUTE);
    recorder.step();
    while ((await day().frames.names()).length < segments) {
      await new Promise((done) => setTimeout(done, 2));
    }
  };
  recorder.mark(1, now, { mark: 'opened', name: 'tbt 1' });
  recorder.frame(1, now, message(SBIN, 1, true));
  recorder.frame(1, now, message(INFY, 1, true));
  now = plus(now, 2 * SECOND);
  recorder.frame(1, now, message(SBIN, 2, false));
  await sealed(1);
  recorder.frame(1, now, message(SBIN, 3, false));
  await sealed(2);
  recorder.mark(1, now, { mark: 'closed' });
  recorder.mark(1, plus(now, SECOND), { mark: 'opened', name: 'tbt 1' });
  recorder.frame(1, plus(now, SECOND), message(SBIN, 1, true));
  // The end of the session is a row, but no gap of the manifest.
  recorder.mark(1, session.closesAt, { mark: 'closed' });
  await recorder.close();
}

/** More rows of one symbol than a row group has, and the first books of two others. */
async function writeManyRows(): Promise<void> {
  const recorder = strictRecorder(frameSegments(day().pathOf('.')), { now: () => OPENS_AT });
  const closes = plus(OPENS_AT, SECOND);
  recorder.mark(1, OPENS_AT, { mark: 'opened', name: 'tbt 1' });
  recorder.frame(1, OPENS_AT, message(TCS, 1, true));
  for (let sequence = 1; sequence <= 210; sequence += 1) {
    recorder.frame(1, OPENS_AT, wholeBook(SBIN, sequence));
  }
  recorder.frame(1, OPENS_AT, message(INFY, 1, true));
  recorder.mark(1, closes, { mark: 'closed' });
  await recorder.close();
}

/** Each value of all hundred levels is new. */
function wholeBook(symbol: string, sequence: number): Uint8Array {
  const side = Array.from({ length: 50 }, (_, num) => ({
    ...{ num, price: 80_000 + num, quantity: sequence, orders: 1 },
  }));
  const sent = { symbol, sequence, isSnapshot: sequence === 1, bids: side, asks: side };
  return encodeTbtMessage(levelsMessage(sent));
}

function compacted() {
  const { date } = session;
  return compactDay({ folder: day(), date, shard: 0, session });
}

async function rows(): Promise<readonly Record<string, unknown>[]> {
  return parquetReadObjects({
    file: await asyncBufferFromFile(day().pathOf('updates.parquet')),
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    parsers: { timestampFromMicroseconds: Number },
  });
}

describe('The updates of a day', () => {
  test('are rows by symbol and update, with a gap where the connection was closed', async () => {
    await writeLogs('tbt');
    await writeFrames();
    const manifest = await compacted();
    const all = await rows();
    expect(Object.keys(all[0] ?? {})).toEqual(UPDATE_COLUMNS.map(({ name }) => name));
    const shown = all
      .filter(({ level }) => level === null || level === 0n)
      .map(({ symbol, update_number: number, side, quantity, reason }) => [
        ...[symbol, Number(number), side, quantity === null ? null : Number(quantity), reason],
      ]);
    expect(shown).toEqual([
      [INFY, 1, 'bid', 1, 'first'],
      [INFY, 1, 'ask', 1, 'first'],
      [INFY, 2, null, null, 'closed'],
      [SBIN, 1, 'bid', 1, 'first'],
      [SBIN, 1, 'ask', 1, 'first'],
      [SBIN, 2, 'bid', 2, null],
      [SBIN, 3, 'bid', 3, 'minute'],
      [SBIN, 3, 'ask', 1, 'minute'],
      [SBIN, 4, null, null, 'closed'],
      [SBIN, 5, 'bid', 1, 'reconnect'],
      [SBIN, 5, 'ask', 1, 'reconnect'],
      [SBIN, 6, null, null, 'closed'],
    ]);
    const at = all.findIndex((row) => row['symbol'] === SBIN && row['update_number'] === 2n);
    expect(all[at]).toEqual({
      ...{ symbol: SBIN, received_at: 1_000 * plus(OPENS_AT, 2 * SECOND), update_number: 2n },
      ...{ feed_time: 1_795_000_000n, sequence: 2n, socket: 1n, side: 'bid', level: 0n },
      ...{ price: 800, quantity: 2n, orders: 1n, is_snapshot: false, reason: null },
    });
    expect(all[at + 1]).toMatchObject({ is_snapshot: true, side: 'bid', level: 0n });
    const closedAt = plus(OPENS_AT, 2 * MINUTE + 2 * SECOND);
    const gap = { from: formatIso(closedAt), reason: 'closed' };
    expect(manifest.updates).toEqual({
      ...{ updates: 5, rows: all.length },
      symbols: [
        {
          ...{ symbol: INFY, updates: 1, rows: 101, maxAge: 0, gaps: 1 },
          gapList: [{ ...gap, to: null }],
        },
        {
          ...{ symbol: SBIN, updates: 4, rows: 303, maxAge: 60, gaps: 1 },
          gapList: [{ ...gap, to: formatIso(plus(closedAt, SECOND)) }],
        },
      ],
    });
    expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
    expect(await countParquetRows(day().pathOf('updates.parquet'))).toBe(all.length);
  });

  test('of symbols with few rows share a row group, and those with many begin one', async () => {
    await writeLogs('tbt');
    await writeManyRows();
    const { updates } = await compacted();
    expect(updates?.symbols.map(({ rows: count }) => count)).toEqual([101, 21_001, 101]);
    const file = await asyncBufferFromFile(day().pathOf('updates.parquet'));
    const groups = (await parquetMetadataAsync(file)).row_groups;
    const bounds = groups.map(({ columns }) => columns[0]?.meta_data?.statistics);
    expect(bounds.map((each) => [each?.min_value, each?.max_value])).toEqual([
      [INFY, INFY],
      [SBIN, SBIN],
      [SBIN, TCS],
    ]);
    expect(groups.map(({ num_rows }) => num_rows)).toEqual([101n, 20_000n, 1_102n]);
    const symbols = (await rows()).map(({ symbol }) => symbol);
    expect(symbols).toEqual(
      [INFY, SBIN, TCS].flatMap((symbol, n) =>
        new Array<string>(n === 1 ? 21_001 : 101).fill(symbol),
      ),
    );
  });

  test('are a file of the manifest, stored under a folder of its own', async () => {
    await writeLogs('tbt');
    await writeFrames();
    const manifest = await compacted();
    expect(manifest.files.map(({ name }) => name)).toContain('updates.parquet');
    const objects = memoryBucket();
    expect(await shipDay({ folder: day(), objects, date: session.date, shard: 0 })).toBe('shipped');
    const prefix = OBJECTS.dayPrefix(session.date, '0');
    const key = `${prefix}updates/updates.parquet`;
    expect(objects.stored.get(key)).toEqual(await readFile(day().pathOf('updates.parquet')));
    const patterns = OBJECTS.dayFilePatterns('0').map((each) => each.replaceAll('?', '.'));
    expect(patterns.some((each) => new RegExp(`^${each}$`).test(key))).toBe(true);
  });

  test('go on after a damaged segment, which is a gap', async () => {
    await writeLogs('tbt');
    await writeFrames();
    const [, second = ''] = await day().frames.names();
    await writeFile(day().pathOf(second), 'damaged');
    const { updates } = await compacted();
    expect(updates?.symbols[1]).toMatchObject({
      ...{ symbol: SBIN, updates: 3, gaps: 1 },
      gapList: [
        {
          from: formatIso(plus(OPENS_AT, 2 * SECOND)),
          to: formatIso(plus(OPENS_AT, 2 * MINUTE + 3 * SECOND)),
          reason: 'damaged',
        },
      ],
    });
    expect((await rows()).at(-2)).toMatchObject({ reason: 'reconnect' });
  });

  test('are made again after a compaction that was killed, and are the same then', async () => {
    await writeLogs('tbt');
    await writeFrames();
    await writeFile(day().pathOf('updates.rows.partial'), 'half of a row');
    await writeFile(day().pathOf('updates.parquet.partial'), 'half of a file');
    const first = await compacted();
    await rm(day().pathOf('manifest.json'));
    expect(await compacted()).toEqual(first);
    const left = await readdir(day().pathOf('.'));
    expect(left.filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('that cannot be written leave nothing but the frames', async () => {
    await writeLogs('tbt');
    await writeFrames();
    const archive = day();
    const failing = {
      ...archive,
      writeParquet: (...given: Parameters<typeof archive.writeParquet>) =>
        given[2] === undefined
          ? archive.writeParquet(...given)
          : Promise.reject(new Error('no space')),
    };
    const { date } = session;
    await expect(compactDay({ folder: failing, date, shard: 0, session })).rejects.toThrow(
      'no space',
    );
    const left = await readdir(day().pathOf('.'));
    expect(left.filter((name) => name.startsWith('updates') || name === 'manifest.json')).toEqual(
      [],
    );
    expect((await compacted()).updates?.updates).toBe(5);
  });

  test('do not exist if the feed polls, and the manifest does not have them', async () => {
    await writeLogs('rest');
    const manifest = await compacted();
    expect('updates' in manifest || 'frames' in manifest).toBe(false);
    expect(manifest.files.map(({ name }) => name)).not.toContain('updates.parquet');
    expect((await readdir(day().pathOf('.'))).some((name) => name.startsWith('updates'))).toBe(
      false,
    );
  });
});
