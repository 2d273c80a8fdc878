// Compares the day in the bucket with the simulator's ledger, which records the served books.
import { zstdDecompressSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { parquetReadObjects } from 'hyparquet';
import { OBJECTS } from '../../core/config/names.ts';
import { FyersError } from '../../core/errors.ts';
import type { IstDate } from '../../core/time.ts';
import type { Emulator } from '../aws/emulator.ts';
import { type LedgerEntry, withBook } from '../fyers/ledger.ts';
import type { FyersSimulator } from '../fyers/server.ts';
import { clientOptions, disposable } from './token.ts';

export interface DayInBucket {
  /** A symbol that has rows. */
  readonly symbol: string;
  readonly objects: readonly { readonly key: string; readonly bytes: number }[];
  readonly expected: number;
  readonly received: number;
  readonly explained: number;
  /** Slots without a row, by reason. */
  readonly holes: Readonly<Record<string, number>>;
  /** Symbols whose sums in the Parquet file differ from the ledger's; empty if correct. */
  readonly differences: readonly string[];
}

type Sums = Pick<
  LedgerEntry,
  | 'books'
  | 'lastPaise'
  | 'totalBuyQuantity'
  | 'totalSellQuantity'
  | 'bidPaise'
  | 'bidQuantity'
  | 'askPaise'
  | 'askQuantity'
>;

/** @throws FyersError `platform.integrity` if the day is not in the bucket. */
export async function dayInBucket(
  emulator: Emulator,
  bucket: string,
  date: IstDate,
  ledger: Readonly<Record<string, LedgerEntry>>,
): Promise<DayInBucket> {
  using s3 = disposable(new S3Client({ ...clientOptions(emulator), forcePathStyle: true }));
  const prefix = OBJECTS.dayPrefix(date, '0');
  const { Contents = [] } = await s3.client.send(
    new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }),
  );
  const objects = Contents.map(({ Key = '', Size = 0 }) => ({ key: Key, bytes: Size }));
  const read = async (name: string): Promise<Uint8Array> => {
    const Key = OBJECTS.dayFile(date, '0', name);
    if (!objects.some(({ key }) => key === Key)) {
      throw new FyersError(
        'platform.integrity',
        `${Key} is not in the bucket.`,
        `Is ${date} a trading day? If so, check the harvester's log.`,
      );
    }
    const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key }));
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  };
  const manifest = JSON.parse(Buffer.from(await read('manifest.json')).toString()) as {
    readonly expected: number;
    readonly received: number;
    readonly explained: number;
    readonly holes: Readonly<Record<string, number>>;
  };
  const recorded = await sumsOf(await read('depth.parquet'));
  const { expected, received, explained, holes } = manifest;
  return {
    symbol: [...recorded.keys()][0] ?? '',
    objects,
    expected,
    received,
    explained,
    holes,
    differences: findDifferences(recorded, ledger),
  };
}

/** Returns the books served since `before`, because proving a token reads a book that is not recorded. */
export function servedSince(
  before: Readonly<Record<string, LedgerEntry>>,
  after: Readonly<Record<string, LedgerEntry>>,
): Readonly<Record<string, LedgerEntry>> {
  const fields = Object.entries(after).flatMap(([symbol, entry]) => {
    const served = { ...entry };
    for (const field of Object.keys(entry) as (keyof LedgerEntry)[]) {
      served[field] -= before[symbol]?.[field] ?? 0;
    }
    return served.books === 0 ? [] : [[symbol, served] as const];
  });
  return Object.fromEntries(fields);
}

/** The market at each slot, of the symbols that were streamed: a row is the last book before its slot. */
export function streamedAt(
  slots: readonly number[],
  { state, streams }: FyersSimulator,
): Readonly<Record<string, LedgerEntry>> {
  const ledger = new Map<string, LedgerEntry>();
  for (const symbol of streams.sent.keys()) {
    for (const slot of slots) {
      ledger.set(symbol, withBook(ledger.get(symbol), state.bookOf(symbol, slot)));
    }
  }
  return Object.fromEntries(ledger);
}

async function sumsOf(parquet: Uint8Array): Promise<ReadonlyMap<string, Sums>> {
  const file = new Uint8Array(parquet).buffer;
  const rows = await parquetReadObjects({
    file,
    compressors: { ZSTD: (input) => new Uint8Array(zstdDecompressSync(input)) },
  });
  const sums = new Map<string, Sums>();
  for (const row of rows) {
    const symbol = String(row['symbol']);
    sums.set(symbol, addRow(sums.get(symbol), row));
  }
  return sums;
}

const LEVELS = [1, 2, 3, 4, 5];

function addRow(before: Sums | undefined, row: Readonly<Record<string, unknown>>): Sums {
  const whole = (...names: readonly string[]) =>
    names.reduce((sum, name) => sum + Number(row[name]), 0);
  const paise = (...names: readonly string[]) =>
    names.reduce((sum, name) => sum + Math.round(Number(row[name]) * 100), 0);
  const levels = (side: string) => LEVELS.map((level) => `${side}_${String(level)}`);
  return {
    books: (before?.books ?? 0) + 1,
    lastPaise: (before?.lastPaise ?? 0) + paise('ltp'),
    totalBuyQuantity: (before?.totalBuyQuantity ?? 0) + whole('total_buy_qty'),
    totalSellQuantity: (before?.totalSellQuantity ?? 0) + whole('total_sell_qty'),
    bidPaise: (before?.bidPaise ?? 0) + paise(...levels('bid_px')),
    bidQuantity: (before?.bidQuantity ?? 0) + whole(...levels('bid_qty')),
    askPaise: (before?.askPaise ?? 0) + paise(...levels('ask_px')),
    askQuantity: (before?.askQuantity ?? 0) + whole(...levels('ask_qty')),
  };
}

function findDifferences(
  recorded: ReadonlyMap<string, Sums>,
  ledger: Readonly<Record<string, LedgerEntry>>,
): readonly string[] {
  const symbols = new Set([...recorded.keys(), ...Object.keys(ledger)]);
  return [...symbols].flatMap((symbol) => {
    const ours = recorded.get(symbol);
    const theirs = ledger[symbol];
    if (ours === undefined) return [`${symbol}: served, not recorded`];
    if (theirs === undefined) return [`${symbol}: recorded, never served`];
    return (Object.keys(ours) as (keyof Sums)[])
      .filter((field) => ours[field] !== theirs[field])
      .map(
        (field) =>
          `${symbol}: ${field} recorded ${String(ours[field])}, served ${String(theirs[field])}`,
      );
  });
}
