// Compares a large file of updates with the ledger of what was sent: after each update the whole book
// is the one that the ledger has a digest of, and each message without an update is in a gap.
import { zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan } from 'hyparquet';
import { digestOfLevel, type Ledger, type SymbolLedger } from '../../bench/stream-ledger.ts';

const COLUMNS = [
  ...['symbol', 'received_at', 'update_number', 'sequence', 'side', 'level'],
  ...['price', 'quantity', 'orders', 'reason'],
];

/** The message is a snapshot of the book as it was known already, which is no update. */
export const UNCHANGED = 'unchanged';

export interface Matched {
  /** Updates by symbol, each the one of a message that was sent. */
  readonly found: ReadonlyMap<string, number>;
  /** Messages without an update, by the reason of the gap that they are in, or `UNCHANGED`. */
  readonly inGaps: ReadonlyMap<string, number>;
}

/**
 * @param levels of a side
 * @throws Error for the first update that differs, and for a message that is neither there nor in a gap
 */
export async function matchSentBooks(
  path: string,
  ledger: Ledger,
  levels: number,
): Promise<Matched> {
  const inGaps = new Map<string, number>();
  const followers = new Map(
    ledger.symbols.map((each) => [each.symbol, follow(each, levels, inGaps)]),
  );
  const file = await asyncBufferFromFile(path);
  const scan = await parquetScan({
    ...{ file, metadata: await parquetMetadataAsync(file) },
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    parsers: { timestampFromMicroseconds: Number },
  });
  for (const range of scan.ranges) {
    const columns: ArrayLike<unknown>[] = [];
    for (const column of COLUMNS) columns.push(await scan.readColumn({ ...range, column }));
    const [symbols, times, numbers, sequences, sides, depths, prices, quantities, orders, reasons] =
      columns as [ArrayLike<string>, ...ArrayLike<unknown>[]];
    for (let row = 0; row < range.rowEnd - range.rowStart; row += 1) {
      const follower = followers.get(symbols[row] ?? '');
      if (follower === undefined)
        throw new Error(`a symbol that was not sent: ${String(symbols[row])}`);
      const side = sides?.[row] ?? null;
      follower.begin(numbers?.[row], Number(times?.[row]), Number(sequences?.[row] ?? 0));
      if (side === null) follower.gap(String(reasons?.[row]));
      else {
        const place = Number(depths?.[row]) + (side === 'bid' ? 0 : levels);
        const paise = Math.round(100 * Number(prices?.[row]));
        follower.level(place, paise, Number(quantities?.[row]), Number(orders?.[row]));
      }
    }
  }
  const found = [...followers].map(([symbol, follower]) => [symbol, follower.end()] as const);
  return { found: new Map(found), inGaps };
}

function follow(ledger: SymbolLedger, levels: number, inGaps: Map<string, number>) {
  const book = new Float64Array(6 * levels).fill(NaN);
  let [digest, entry, found] = [0, 0, 0];
  /** As the last update left the book. */
  let known = 0;
  /** Before its first snapshot a book is not known either. */
  let gap: { reason: string; from: number } | null = { reason: 'before', from: 0 };
  let current: { number: unknown; at: number; sequence: number; isGap: boolean } | null = null;
  const pass = (): void => {
    const isUnchanged = ledger.digest(entry) === known;
    const isInGap = gap !== null && 1_000 * ledger.at(entry) >= gap.from;
    if (!isInGap && !isUnchanged) {
      const missing = `${ledger.symbol}: message ${String(entry)} is neither an update nor in a gap`;
      throw new Error(missing);
    }
    const reason = gap?.reason ?? UNCHANGED;
    inGaps.set(reason, (inGaps.get(reason) ?? 0) + 1);
    entry += 1;
  };
  const isSent = ({ at, sequence }: { at: number; sequence: number }): boolean =>
    ledger.at(entry) * 1_000 === at &&
    (sequence === 0 || ledger.sequence(entry) === sequence) &&
    ledger.digest(entry) === digest;
  const finish = (): void => {
    if (current === null || current.isGap) return;
    while (entry < ledger.count() && !isSent(current)) pass();
    if (entry === ledger.count()) {
      throw new Error(`${ledger.symbol}: update ${String(current.number)} was never sent`);
    }
    [gap, entry, found, known] = [null, entry + 1, found + 1, digest];
  };
  return {
    begin(number: unknown, at: number, sequence: number): void {
      if (current?.number === number) return;
      finish();
      current = { number, at, sequence, isGap: false };
    },
    gap(reason: string): void {
      gap = { reason, from: current?.at ?? 0 };
      if (current !== null) current.isGap = true;
    },
    level(place: number, paise: number, quantity: number, orders: number): void {
      const at = 3 * place;
      const [price = NaN, before = 0, count = 0] = book.subarray(at, at + 3);
      if (!Number.isNaN(price)) digest -= digestOfLevel(place, price, before, count);
      digest = (digest + digestOfLevel(place, paise, quantity, orders)) >>> 0;
      book[at] = paise;
      book[at + 1] = quantity;
      book[at + 2] = orders;
    },
    /** Returns the number of updates. */
    end(): number {
      finish();
      while (entry < ledger.count()) pass();
      return found;
    },
  };
}
