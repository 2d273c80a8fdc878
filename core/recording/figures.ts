// Computes per-symbol and per-minute statistics, the figures of the close, and latencies for the report.
import type { PhaseName } from '../market/phases.ts';
import { type Instant, MINUTE, instant } from '../time.ts';
import type { Level } from './book.ts';
import type { PlannedSlot } from './coverage.ts';

/** The fields of a row that the figures need. */
export interface Snapshot {
  readonly symbol: string;
  readonly slot: Instant;
  /** Null if the recording does not have it, such as an imported one. */
  readonly requestedAt: Instant | null;
  readonly receivedAt: Instant;
  /** Best first. */
  readonly bids: readonly Pick<Level, 'price' | 'quantity'>[];
  readonly asks: readonly Pick<Level, 'price' | 'quantity'>[];
  readonly lastPrice: number | null;
  readonly volume: number | null;
  readonly totalBuyQuantity: number | null;
  readonly totalSellQuantity: number | null;
  /** The symbol's phase; null outside of every phase. */
  readonly phase: PhaseName | null;
}

export interface MinuteFigures {
  readonly minute: Instant;
  /** Median, in basis points of the mid price; null if no snapshot has both sides, or outside continuous trading. */
  readonly spread: number | null;
  /** Median of (bid − ask) ÷ (bid + ask) quantity over the recorded levels, from −1 to 1; null like `spread`. */
  readonly imbalance: number | null;
  /** The last price in the minute's last row with one, in rupees. */
  readonly price: number | null;
  /** Shares or contracts traded since the minute before, by the day's volume; null if no row has it. */
  readonly traded: number | null;
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
  /** Increase of the day's volume in shares. */
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
  /** Upper edges in milliseconds, each twice the one before; the last bin also contains all longer ones. */
  readonly bins: readonly { readonly upTo: number; readonly count: number }[];
}

export interface DayFigures {
  readonly symbols: readonly {
    readonly symbol: string;
    readonly minutes: readonly MinuteFigures[];
  }[];
  readonly close: readonly CloseFigures[];
  /** Null if no row has a request time, or if the clock stood still between request and answer, as in a simulation. */
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
  price: number | null;
  /** The day's volume in the minute's first and last row. */
  volumes: readonly [number, number] | null;
}

/** Number of slots of one minute by state. */
type States = Map<PlannedSlot['state'], number>;

const FIRST_BIN_MS = 25;
const BIN_COUNT = 9;

/**
 * Keeps some numbers of each row in memory, which is possible because the broker allows at most 100,000 calls a day.
 *
 * @param hasPhases whether the calendar has phases for the day; if not, every book counts as one of continuous trading
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
      const minute = minutes.get(at) ?? newMinute();
      minutes.set(at, minute);
      if (row.lastPrice !== null) minute.price = row.lastPrice;
      if (row.volume !== null) minute.volumes = [minute.volumes?.[0] ?? row.volume, row.volume];
      // Auction books cross by design, and nothing trades at a book before the opening or after the close.
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
          minutes: minuteFigures([...minutes].sort(([a], [b]) => a - b)),
        })),
      close: [...close.values()]
        .map(({ volume: _volume, ...each }) => each)
        .sort((a, b) => (a.symbol === b.symbol ? a.from - b.from : a.symbol < b.symbol ? -1 : 1)),
      latency: latencyOf(latencies),
    }),
  };
}

function newMinute(): MinuteValues {
  return { spreads: [], imbalances: [], price: null, volumes: null };
}

/** Takes the minutes of one symbol in the order of time. */
function minuteFigures(
  minutes: readonly (readonly [number, MinuteValues])[],
): readonly MinuteFigures[] {
  let before: number | null = null;
  return minutes.map(([at, { spreads, imbalances, price, volumes }]) => {
    const traded = volumes === null ? null : increaseOf(before ?? volumes[0], volumes[1]);
    before = volumes?.[1] ?? before;
    return {
      minute: instant(at),
      spread: median(spreads),
      imbalance: median(imbalances),
      price,
      traded,
    };
  });
}

/** Treats a falling volume as a restart from zero: before the opening the broker still sends that of the day before. */
function increaseOf(before: number, after: number): number {
  return after >= before ? after - before : after;
}

/** Consecutive minutes of one symbol with the same state. */
export interface CoverageRun {
  readonly symbol: string;
  readonly from: Instant;
  readonly to: Instant;
  /** The most frequent state of the minute's missing slots; unexplained if any slot is. */
  readonly state: PlannedSlot['state'];
}

/** Groups slots by minute and joins neighbouring minutes with the same state. */
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
  // Shorter latencies are impossible over a network: the clock stood still, as in a simulation.
  if (percentile(sorted, 0.95) < 1) return null;
  const edges = Array.from({ length: BIN_COUNT }, (_, index) => FIRST_BIN_MS * 2 ** index);
  const upTo = (edge: number | undefined) =>
    edge === undefined ? 0 : sorted.filter((value) => value <= edge).length;
  return {
    count: sorted.length,
    median: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    longest: percentile(sorted, 1),
    bins: edges.map((edge, index) => {
      const until = index === BIN_COUNT - 1 ? sorted.length : upTo(edge);
      return { upTo: edge, count: until - upTo(edges[index - 1]) };
    }),
  };
}

function median(values: readonly number[]): number | null {
  return values.length === 0
    ? null
    : percentile(
        values.toSorted((a, b) => a - b),
        0.5,
      );
}

/** Nearest-rank percentile of sorted numbers. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}
