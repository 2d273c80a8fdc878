// What a day's rows come to for somebody who looks at them: by symbol and minute, and what was recorded at the close.
import type { PhaseName } from '../market/phases.ts';
import { type Instant, MINUTE, instant } from '../time.ts';
import type { Level } from './book.ts';
import type { PlannedSlot } from './coverage.ts';

/** One row, as far as the figures need it. */
export interface Snapshot {
  readonly symbol: string;
  readonly slot: Instant;
  /** Null where the recording does not tell, such as an imported one. */
  readonly requestedAt: Instant | null;
  readonly receivedAt: Instant;
  /** Best first. */
  readonly bids: readonly Pick<Level, 'price' | 'quantity'>[];
  readonly asks: readonly Pick<Level, 'price' | 'quantity'>[];
  readonly lastPrice: number | null;
  readonly volume: number | null;
  readonly totalBuyQuantity: number | null;
  readonly totalSellQuantity: number | null;
  /** Its symbol's; null outside of every phase. */
  readonly phase: PhaseName | null;
}

export interface MinuteFigures {
  readonly minute: Instant;
  /** Median, in basis points of the middle; null where no snapshot has both sides, or while no orders match. */
  readonly spread: number | null;
  /** Median of (bid − ask) ÷ (bid + ask) quantity over the recorded levels, from −1 to 1; null as above. */
  readonly imbalance: number | null;
}

export interface CloseFigures {
  readonly symbol: string;
  readonly phase: PhaseName;
  readonly snapshots: number;
  readonly from: Instant;
  readonly until: Instant;
  /** Rupees. */
  readonly firstPrice: number | null;
  readonly lastPrice: number | null;
  /** Shares that the day's volume grew by. */
  readonly traded: number | null;
  readonly totalBuyQuantity: number | null;
  readonly totalSellQuantity: number | null;
}

/** Milliseconds from the request to the answer. */
export interface LatencyFigures {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly longest: number;
  /** Upper edges, each twice the one before; the last takes what is longer. */
  readonly bins: readonly { readonly upTo: number; readonly count: number }[];
}

export interface DayFigures {
  readonly symbols: readonly {
    readonly symbol: string;
    readonly minutes: readonly MinuteFigures[];
  }[];
  readonly close: readonly CloseFigures[];
  /** Null where no row tells when it was asked for. */
  readonly latency: LatencyFigures | null;
}

const CLOSE: readonly PhaseName[] = [
  'CLOSE_CALC',
  'CAS_REF',
  'CAS_ENTRY',
  'CAS_LIMIT',
  'CAS_MATCH',
];

interface MinuteValues {
  readonly spreads: number[];
  readonly imbalances: number[];
}

/** Slots of one minute, by what became of them. */
type States = Map<PlannedSlot['state'], number>;

const FIRST_BIN_MS = 25;
const BINS = 9;

/**
 * Keeps some numbers of each row: a day is at most the 100,000 calls that the broker allows.
 *
 * @param hasPhases whether the calendar knows the day; of any other every book counts as one in which orders match
 */
export function startFigures({ hasPhases }: { readonly hasPhases: boolean }) {
  const symbols = new Map<string, Map<number, MinuteValues>>();
  const close = new Map<string, CloseFigures & { readonly volume: number | null }>();
  const latencies: number[] = [];

  return {
    add(row: Snapshot): void {
      if (row.requestedAt !== null) latencies.push(row.receivedAt - row.requestedAt);
      const minutes = symbols.get(row.symbol) ?? new Map<number, MinuteValues>();
      symbols.set(row.symbol, minutes);
      const at = Math.floor(row.slot / MINUTE) * MINUTE;
      const minute = minutes.get(at) ?? { spreads: [], imbalances: [] };
      minutes.set(at, minute);
      // Auction books cross by design, and a book before the opening or after the close is nobody's price.
      const spread = row.phase === 'CONTINUOUS' || !hasPhases ? spreadOf(row) : null;
      if (spread !== null) minute.spreads.push(spread);
      const imbalance = spread === null ? null : imbalanceOf(row);
      if (imbalance !== null) minute.imbalances.push(imbalance);
      if (row.phase === null || !CLOSE.includes(row.phase)) return;
      const key = `${row.symbol} ${row.phase}`;
      close.set(key, closeWith(close.get(key), row, row.phase));
    },
    figures: (): DayFigures => ({
      symbols: [...symbols]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([symbol, minutes]) => ({
          symbol,
          minutes: [...minutes]
            .sort(([a], [b]) => a - b)
            .map(([at, { spreads, imbalances }]) => ({
              minute: instant(at),
              spread: median(spreads),
              imbalance: median(imbalances),
            })),
        })),
      close: [...close.values()]
        .map(({ volume: _volume, ...each }) => each)
        .sort((a, b) => (a.symbol === b.symbol ? a.from - b.from : a.symbol < b.symbol ? -1 : 1)),
      latency: latencyOf(latencies),
    }),
  };
}

/** A stretch of minutes of one symbol that went alike. */
export interface CoverageRun {
  readonly symbol: string;
  readonly from: Instant;
  readonly to: Instant;
  /** What most of the minute's missing slots were; unexplained where one is. */
  readonly state: PlannedSlot['state'];
}

/** Slot by slot in, minute by minute out, joined where neighbours are alike. */
export function coverageRuns(slots: Iterable<PlannedSlot>): readonly CoverageRun[] {
  const bySymbol = new Map<string, Map<number, States>>();
  for (const { symbol, slot, state } of slots) {
    const minutes = bySymbol.get(symbol) ?? new Map<number, States>();
    bySymbol.set(symbol, minutes);
    const at = Math.floor(slot / MINUTE) * MINUTE;
    const states = minutes.get(at) ?? new Map<PlannedSlot['state'], number>();
    minutes.set(at, states);
    states.set(state, (states.get(state) ?? 0) + 1);
  }
  return [...bySymbol].flatMap(([symbol, minutes]) => {
    const runs: CoverageRun[] = [];
    for (const [at, states] of [...minutes].sort(([a], [b]) => a - b)) {
      const [from, to, state] = [instant(at), instant(at + MINUTE), worstOf(states)];
      const last = runs.at(-1);
      if (last?.state === state && last.to === from) runs[runs.length - 1] = { ...last, to };
      else runs.push({ symbol, from, to, state });
    }
    return runs;
  });
}

function worstOf(states: States): PlannedSlot['state'] {
  if (states.has('unexplained')) return 'unexplained';
  const missing = [...states].filter(([state]) => state !== 'received');
  return missing.sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'received';
}

function spreadOf({ bids: [bid], asks: [ask] }: Snapshot): number | null {
  const [low, high] = [bid?.price ?? 0, ask?.price ?? 0];
  return low > 0 && high > 0 ? (20_000 * (high - low)) / (high + low) : null;
}

function imbalanceOf({ bids, asks }: Snapshot): number | null {
  const [bid, ask] = [bids, asks].map((side) =>
    side.reduce((sum, { quantity }) => sum + (quantity ?? 0), 0),
  );
  return bid === undefined || ask === undefined || bid + ask === 0
    ? null
    : (bid - ask) / (bid + ask);
}

function closeWith(
  before: (CloseFigures & { readonly volume: number | null }) | undefined,
  row: Snapshot,
  phase: PhaseName,
) {
  const { symbol, slot, lastPrice, volume, totalBuyQuantity, totalSellQuantity } = row;
  const first = before ?? {
    snapshots: 0,
    from: slot,
    firstPrice: lastPrice,
    volume,
  };
  return {
    symbol,
    phase,
    snapshots: first.snapshots + 1,
    from: first.from,
    until: slot,
    firstPrice: first.firstPrice,
    lastPrice,
    traded: volume === null || first.volume === null ? null : volume - first.volume,
    totalBuyQuantity,
    totalSellQuantity,
    volume: first.volume,
  };
}

function latencyOf(values: readonly number[]): LatencyFigures | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const edges = Array.from({ length: BINS }, (_, index) => FIRST_BIN_MS * 2 ** index);
  const upTo = (edge: number | undefined) =>
    edge === undefined ? 0 : sorted.filter((value) => value <= edge).length;
  return {
    count: sorted.length,
    median: rank(sorted, 0.5),
    p95: rank(sorted, 0.95),
    p99: rank(sorted, 0.99),
    longest: rank(sorted, 1),
    bins: edges.map((edge, index) => {
      const until = index === BINS - 1 ? sorted.length : upTo(edge);
      return { upTo: edge, count: until - upTo(edges[index - 1]) };
    }),
  };
}

function median(values: readonly number[]): number | null {
  return values.length === 0
    ? null
    : rank(
        values.toSorted((a, b) => a - b),
        0.5,
      );
}

/** The nearest rank of numbers that are sorted. */
function rank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}
