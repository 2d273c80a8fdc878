// Finds steps of the day's traded volume in the HSM records of a frame log. The broker sends no list
// of trades: it sends the sum of the day about once a second, with the last price. A step is thus one
// trade or several, at one price or several, and its side is not known. Volume that was traded in a
// gap of the connection is in no step, because neither its time nor its price is known.
//
// The sum may fall: the broker corrects it, or sends an older one once. So a step is only the part
// above the largest sum of the connection and day; one that falls and returns is not counted again.
// A new day is known by the date of the last trade. Until the first trade of the new day that date is
// the old one, although the sum is 0 already: then its first step is the part above this sum.
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
  /** Records are missing here, because a part of the log is damaged. */
  interrupt(): void;
}

/** Symbols by the HSM topic of their quote; an index has no volume. */
export function quoteTopicsIn(events: readonly DayEvent[]): ReadonlyMap<string, string> {
  return symbolsByTopic(events, ({ depth, quote }) => (depth === null ? null : quote));
}

/** The volume is 32 bits wide. */
const WRAP = 2 ** 32;
/** If a change over the wrap would be larger, the volume did not pass the wrap. */
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

/** Returns the change over the wrap if that is small, otherwise the plain difference. */
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
