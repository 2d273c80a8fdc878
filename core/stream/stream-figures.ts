// Computes the figures of a stream's day from the records of its frames, in one pass: books of one
// symbol for the depth picture, messages a second, gaps, delay and sound time by symbol. Memory
// depends on the length of the session and the number of symbols and gaps, and not on the frames.
import { type Instant, instant, MINUTE, SECOND } from '../time.ts';
import { type FrameRecord, instantOf, receivedInstant } from './frame-log.ts';
import type { DeepLevel } from './level-values.ts';
import { type BookTopics, type Gap, type GapReason, startUpdates } from './updates.ts';
import type { Wide } from './tbt-frame.ts';

/** A sound book at the end of its interval. */
interface DepthColumn {
  readonly from: Instant;
  readonly to: Instant;
  readonly bids: readonly DeepLevel[];
  readonly asks: readonly DeepLevel[];
}

/** Milliseconds from the broker's feed time to the receipt. */
interface DelayFigures {
  /**
   * The unit of the feed time, known from its number of digits; the broker does not document it.
   */
  readonly unit: FeedUnit;
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly longest: number;
}

export interface StreamFigures {
  /** The symbol of the depth picture. */
  readonly symbol: string;
  readonly depth: readonly DepthColumn[];
  readonly minutes: readonly { readonly minute: Instant; readonly messagesPerSecond: number }[];
  /** Gaps within the session, ordered by their begin. */
  readonly gaps: readonly SessionGap[];
  /** Null if no update has a feed time of a known unit. */
  readonly delay: DelayFigures | null;
  readonly symbols: readonly {
    readonly symbol: string;
    readonly updates: number;
    /** Within the session until now. */
    readonly soundMs: number;
    readonly sessionMs: number;
  }[];
}

export interface SessionGap {
  readonly symbol: string;
  readonly reason: GapReason;
  readonly from: Instant;
  readonly to: Instant;
}

interface StreamOptions {
  readonly symbols: readonly string[];
  /** The symbol of the depth picture. */
  readonly symbol: string;
  readonly topics: BookTopics;
  readonly from: Instant;
  readonly until: Instant;
}

/** A seven-hour session has 84 columns. */
const MAX_COLUMNS = 90;

export function startStreamFigures(options: StreamOptions) {
  const { symbols, symbol, from, until } = options;
  const updates = startUpdates(options.topics);
  const delays = startDelays();
  const frames = new Map<number, number>();
  const counts = new Map<string, { updates: number; firstAt: number }>();
  const columnMs = Math.max(1, Math.ceil((until - from) / MAX_COLUMNS / MINUTE)) * MINUTE;
  const depth: DepthColumn[] = [];
  let end = from + columnMs;
  const sampleUntil = (at: number): void => {
    for (; end <= at && end - columnMs < until; end += columnMs) sample();
  };
  const sample = (): void => {
    const book = updates.book(symbol);
    if (book?.flaw !== null) return;
    const { bids, asks } = book;
    depth.push({ from: instant(end - columnMs), to: instant(Math.min(end, until)), bids, asks });
  };
  return {
    add(record: FrameRecord): void {
      const at = receivedInstant(record);
      sampleUntil(at);
      if (record.kind === 'frame') {
        const minute = Math.floor(at / MINUTE) * MINUTE;
        frames.set(minute, (frames.get(minute) ?? 0) + 1);
      }
      for (const each of updates.apply(record)) {
        if (each.kind === 'gap') continue;
        const count = counts.get(each.symbol) ?? { updates: 0, firstAt: at };
        counts.set(each.symbol, count);
        count.updates += 1;
        delays.add(at, each.feedTime);
      }
    },
    /** Call this where records are missing. */
    interrupt(): void {
      updates.interrupt();
    },
    /** Call this at the end of the log of a closed day. */
    end(): void {
      updates.end();
    },
    figures(): StreamFigures {
      sampleUntil(until);
      const clipped = updates.gaps().flatMap((gap) => clip(gap, from, until));
      return {
        ...{ symbol, depth, gaps: clipped, delay: delays.figures() },
        minutes: ratesOf(frames, from, until),
        symbols: symbols.map((each) => {
          const { updates: number = 0, firstAt = until } = counts.get(each) ?? {};
          const missing = clipped
            .filter((gap) => gap.symbol === each && gap.to > firstAt)
            .reduce((sum, gap) => sum + gap.to - Math.max(gap.from, firstAt), 0);
          const soundMs = Math.max(0, until - Math.max(firstAt, from) - missing);
          return { symbol: each, updates: number, soundMs, sessionMs: until - from };
        }),
      };
    },
  };
}

/** @param frames by the beginning of their minute */
function ratesOf(
  frames: ReadonlyMap<number, number>,
  from: Instant,
  until: Instant,
): StreamFigures['minutes'] {
  return [...frames]
    .filter(([minute]) => minute >= from && minute < until)
    .sort(([a], [b]) => a - b)
    .map(([minute, count]) => ({
      minute: instant(minute),
      messagesPerSecond: (count * SECOND) / MINUTE,
    }));
}

function clip(gap: Gap, from: Instant, until: Instant): readonly SessionGap[] {
  const { symbol, reason } = gap;
  const [begin, end] = [gap.from, gap.to ?? until * 1_000].map((at) =>
    Math.min(until, Math.max(from, instantOf(at))),
  );
  if (begin === undefined || end === undefined || end <= begin) return [];
  return [{ symbol, reason, from: instant(begin), to: instant(end) }];
}

const UNITS = { 10: 's', 13: 'ms', 16: 'µs', 19: 'ns' } as const;
type FeedUnit = (typeof UNITS)[keyof typeof UNITS];
/** Units of the feed time in one millisecond. */
const PER_MS: Readonly<Record<FeedUnit, number>> = { s: 0.001, ms: 1, µs: 1_000, ns: 1_000_000 };
/** A larger difference comes from another clock and is not a delay. */
const MAX_DELAY_MS = 60 * SECOND;

/** Counts whole milliseconds, so the percentiles are exact. */
function startDelays() {
  const counts = new Map<number, number>();
  let [unit, count]: [FeedUnit | null, number] = [null, 0];
  return {
    add(receivedAt: number, feedTime: Wide | null): void {
      const found = unitOf(feedTime);
      unit ??= found;
      if (feedTime === null || found === null || found !== unit) return;
      const delay = receivedAt - Math.floor(Number(feedTime) / PER_MS[found]);
      const clipped = Math.max(-MAX_DELAY_MS, Math.min(MAX_DELAY_MS, delay));
      counts.set(clipped, (counts.get(clipped) ?? 0) + 1);
      count += 1;
    },
    figures(): DelayFigures | null {
      if (unit === null) return null;
      const sorted = [...counts].sort(([a], [b]) => a - b);
      const at = (share: number): number => {
        let left = Math.max(1, Math.ceil(count * share));
        for (const [delay, number] of sorted) if ((left -= number) <= 0) return delay;
        return NaN;
      };
      const [median, p95, p99, longest] = [at(0.5), at(0.95), at(0.99), at(1)];
      return { unit, count, median, p95, p99, longest };
    },
  };
}

function unitOf(feedTime: Wide | null): FeedUnit | null {
  if (feedTime === null) return null;
  return (
    Object.entries(UNITS).find(([digits]) => String(feedTime).length === Number(digits))?.[1] ??
    null
  );
}
