// Finds steps of the day's traded volume in the HSM records of a frame log. The broker sends no list of trades: about
// once a second it sends the day's sum and the last price. So a step is one or more trades, at one or more prices, and
// its side is not known. Volume that was traded while the connection was closed is in no step, because neither its time
// nor its price is known.
//
// The sum may fall, if the broker corrects it or sends an old one. So a step is only the part above the largest sum of
// the connection and day, and volume that falls and returns is not counted twice. The date of the last trade shows that
// a new day has begun. Before the first trade of a new day the broker still sends the old date with the sum 0; the
// first step is then the part above this sum.
import type { DayEvent } from '../recording/day-events.ts';
import { instant, istDateAt, SECOND } from '../time.ts';
import type { FrameRecord } from './frame-log.ts';
import { symbolsByTopic } from './hsm-topics.ts';
import { HSM_SOCKET, startStreamState } from './stream-state.ts';

export interface VolumeStep {
  readonly symbol: string;
  /** Counts the symbol's steps, from 1. */
  readonly number: number;
  /** Microseconds since 1970. */
  readonly receivedAt: number;
  /** The last price at the step. */
  readonly price: number;
  readonly quantity: number;
}

export interface VolumeSteps {
  apply(record: FrameRecord): readonly VolumeStep[];
  /** Call this where records are missing, because a part of the log is damaged. */
  interrupt(): void;
}

/** Symbols by the HSM topic of their quote; an index has no volume. */
export function quoteTopicsIn(events: readonly DayEvent[]): ReadonlyMap<string, string> {
  return symbolsByTopic(events, ({ depth, quote }) => (depth === null ? null : quote));
}

/** The volume is a 32-bit number and wraps at this value. */
const WRAP = 2 ** 32;
/** A larger change across the wrap is implausible, so the volume then did not wrap. */
const MAX_CHANGE_OVER_WRAP = 2 ** 28;

/** The volumes of a symbol in the current connection. */
interface Seen {
  readonly last: number;
  readonly largest: number;
  /** Time of the last trade in the message with the largest volume, in epoch seconds; 0 if there was none. */
  readonly tradedAt: number;
}

/** @param topics from `quoteTopicsIn` */
export function startVolumeSteps(topics: ReadonlyMap<string, string>): VolumeSteps {
  const state = startStreamState();
  const volumes = new Map<string, Seen>();
  const numbers = new Map<string, number>();
  const stepOf = (name: string | null, receivedAt: number): readonly VolumeStep[] => {
    const symbol = name === null ? undefined : topics.get(name);
    const topic = name === null ? null : (state.hsm()?.topic(name) ?? null);
    const volume = topic?.value('vol_traded_today') ?? null;
    const price = topic?.value('ltp') ?? 0;
    if (symbol === undefined || volume === null || price <= 0) return [];
    const tradedAt = topic?.value('last_traded_time') ?? 0;
    const seen = volumes.get(symbol) ?? { last: volume, largest: volume, tradedAt };
    const change = changeOf(seen.largest, volume);
    const hasFallen = change < 0 || seen.last < seen.largest;
    const isNewDay = hasFallen && !isSameDay(tradedAt, seen.tradedAt);
    if (change <= 0 && !isNewDay) {
      volumes.set(symbol, { ...seen, last: volume });
      return [];
    }
    volumes.set(symbol, { last: volume, largest: volume, tradedAt });
    const quantity = isNewDay ? volume - Math.min(seen.last, volume) : change;
    if (quantity <= 0) return [];
    const number = (numbers.get(symbol) ?? 0) + 1;
    numbers.set(symbol, number);
    return [{ symbol, number, receivedAt, price, quantity }];
  };
  return {
    apply(record) {
      const { kind, socket, receivedAt } = record;
      if (socket !== HSM_SOCKET && kind === 'frame') return [];
      const change = state.apply(record);
      if (change.kind === 'hsm') {
        const names = new Set(change.items.map(({ name }) => name));
        return [...names].flatMap((name) => stepOf(name, receivedAt));
      }
      const isOther = change.kind === 'opened' || change.kind === 'closed';
      if (change.kind !== 'none' && !(isOther && socket !== HSM_SOCKET)) volumes.clear();
      return [];
    },
    interrupt() {
      state.interrupt();
      volumes.clear();
    },
  };
}

/** Returns the change across the wrap if that is small, otherwise the plain difference. */
function changeOf(before: number, volume: number): number {
  const change = volume - before;
  const overWrap = change < 0 ? change + WRAP : change - WRAP;
  return Math.abs(overWrap) <= MAX_CHANGE_OVER_WRAP ? overWrap : change;
}

/** Compares the dates in India. */
function isSameDay(...seconds: readonly [number, number]): boolean {
  const [one, other] = seconds.map((each) => istDateAt(instant(each * SECOND)));
  return one === other;
}
