// Keeps what a stream sent, small enough for millions of messages: for each message of a symbol its
// receive time, its number and a digest of the whole book after it.
import type { Instant } from '../core/time.ts';

export interface SymbolLedger {
  readonly symbol: string;
  readonly count: () => number;
  /** Milliseconds since 1970. */
  at(entry: number): number;
  sequence(entry: number): number;
  digest(entry: number): number;
}

export type Ledger = ReturnType<typeof startLedger>;

export function startLedger(symbols: readonly string[]) {
  const all = symbols.map((symbol) => symbolLedger(symbol));
  let messages = 0;
  return {
    symbols: all as readonly SymbolLedger[],
    messages: () => messages,
    enter(symbol: number, at: Instant, sequence: number, digest: number): void {
      all[symbol]?.enter(at, sequence, digest);
      messages += 1;
    },
  };
}

function symbolLedger(symbol: string): SymbolLedger & {
  enter(at: Instant, sequence: number, digest: number): void;
} {
  let times = new Float64Array(1_024);
  let numbers = new Uint32Array(2 * times.length);
  let count = 0;
  return {
    symbol,
    count: () => count,
    at: (entry) => times[entry] ?? NaN,
    sequence: (entry) => numbers[2 * entry] ?? 0,
    digest: (entry) => numbers[2 * entry + 1] ?? 0,
    enter(at, sequence, digest) {
      if (count === times.length) {
        const [longer, more] = [new Float64Array(2 * count), new Uint32Array(4 * count)];
        longer.set(times);
        more.set(numbers);
        [times, numbers] = [longer, more];
      }
      times[count] = at;
      numbers[2 * count] = sequence;
      numbers[2 * count + 1] = digest;
      count += 1;
    },
  };
}

/** The digest of a book is the sum of those of its levels, modulo 2^32. */
export function digestOfLevel(
  place: number,
  pricePaise: number,
  quantity: number,
  orders: number,
): number {
  let mixed = Math.imul(place + 1, 0x9e37_79b1) ^ Math.imul(pricePaise + 1, 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35) ^ Math.imul(quantity + 1, 0x27d4_eb2f);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x1656_67b1) ^ Math.imul(orders + 1, 0x9e37_79b1);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
