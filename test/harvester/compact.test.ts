import { rm } from 'node:fs/promises';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import type { Book } from '../../core/recording/book.ts';
import { SECOND, plus } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { NO_FACTS, OPENS_AT, sampleRow, shortSession } from '../support/depth.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const SYMBOL = 'NSE:SBIN-EQ';
const session = shortSession();

const folder = makeFolderPerTest();

/** Records a minute, half of it in continuous trading, and compacts it. */
async function recordAndCompact(
  bookAt: (index: number) => Partial<Book>,
  lastClose: number | null,
  closedByAuction = () => false,
) {
  const days = dayFolders(folder.path);
  const logs = await days.open(session.date);
  const { opensAt, closesAt } = session;
  const plan = { symbols: [SYMBOL], everySeconds: 5, opensAt, closesAt, from: opensAt };
  const of = { feed: 'rest', session: 'special', certainty: 'inferred', source: 'test' };
  await logs.record([
    { event: 'plan', at: opensAt, ...plan, ...of },
    { event: 'symbol', at: opensAt, symbol: SYMBOL, ...NO_FACTS, tick: 0.05, lastClose },
  ]);
  await logs.append(
    Array.from({ length: 12 }, (_, index) =>
      sampleRow(SYMBOL, plus(OPENS_AT, index * 5 * SECOND), bookAt(index)),
    ),
  );
  await logs.close();
  const day = days.folder(session.date);
  const { date } = session;
  const manifest = await compactDay({ folder: day, date, shard: 0, session, closedByAuction });
  const rows = await parquetReadObjects({
    file: await asyncBufferFromFile(day.pathOf('depth.parquet')),
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    columns: ['marks'],
  });
  return { manifest, marks: rows.map((row): unknown => row['marks']) };
}

describe('compactDay', () => {
  test('keeps every row, marks a crossed row of continuous trading, and counts it in the manifest', async () => {
    const crossed = { bids: [{ price: 428, quantity: 1, orders: 1 }] };
    const { manifest, marks } = await recordAndCompact(
      (index) => (index === 2 || index === 8 ? crossed : {}),
      null,
    );
    expect(marks).toEqual(Array.from({ length: 12 }, (_, n) => (n === 8 ? 'crossed' : null)));
    expect(manifest.quality).toMatchObject({
      red: true,
      marks: { crossed: 1 },
      symbols: [{ symbol: SYMBOL, rows: 12, continuousRows: 6, red: ['crossed'] }],
    });
  });

  test('judges by the tick and the last close of the day’s events', async () => {
    const odd = { asks: [{ price: 427.42, quantity: 1, orders: 1 }] };
    const { manifest, marks } = await recordAndCompact((index) => (index === 3 ? odd : {}), 850.4);
    expect(marks[3]).toBe('off-tick');
    expect(manifest.quality.symbols).toMatchObject([{ previousCloseDiffers: true }]);
  });

  test('compares the previous close with the last price exactly only after a closing auction', async () => {
    // The broker's previous close is 425.20.
    const differs = async (lastClose: number, byAuction: boolean) => {
      const { manifest } = await recordAndCompact(
        () => ({}),
        lastClose,
        () => byAuction,
      );
      await rm(path.join(folder.path, 'days'), { recursive: true });
      return manifest.quality.symbols[0]?.previousCloseDiffers;
    };
    expect(await differs(425.25, true)).toBe(false);
    expect(await differs(425.5, true)).toBe(true);
    expect(await differs(425.5, false)).toBe(false);
    expect(await differs(467.7, false)).toBe(true);
  });

  test('rejects only after its parallel work has ended', async () => {
    await recordAndCompact(() => ({}), null);
    const day = dayFolders(folder.path).folder(session.date);
    let zipped = false;
    const failing = {
      ...day,
      manifest: () => Promise.resolve(null),
      writeParquet: () => Promise.reject(new Error('no room')),
      zipLogs: async () => {
        const facts = await day.zipLogs();
        zipped = true;
        return facts;
      },
    };
    await expect(
      compactDay({ folder: failing, date: session.date, shard: 0, session }),
    ).rejects.toThrow('no room');
    expect(zipped).toBe(true);
  });
});
