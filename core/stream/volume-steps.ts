// Finds steps of the day's traded volume in the HSM records of a frame log. The broker sends no list
// of trades: it sends the sum of the day about once a second, with the last price. A step is thus one
// trade or several, at one price or several, and its side is not known. Volume that was traded in a
// gap of the connection is in no step, because neither its time nor its price is known.
import type { DayEvent } from '../recording/day-events.ts';
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
/** A larger step over the wrap is the volume of the day before, which starts over. */
const MAX_STEP_OVER_WRAP = 2 ** 28;

/** @param topics as of `quoteTopicsIn` */
export function startVolumeSteps(topics: ReadonlyMap<string, string>): VolumeSteps {
  const state = startStreamState();
  /** Of the connection so far, by symbol. */
  const volumes = new Map<string, number>();
  const numbers = new Map<string, number>();
  const stepOf = (name: string | null, receivedAt: number): readonly VolumeStep[] => {
    const symbol = name === null ? undefined : topics.get(name);
    const topic = name === null ? null : (state.hsm()?.topic(name) ?? null);
    const volume = topic?.value('vol_traded_today') ?? null;
    const price = topic?.value('ltp') ?? 0;
    if (symbol === undefined || volume === null || price <= 0) return [];
    const before = volumes.get(symbol) ?? volume;
    volumes.set(symbol, volume);
    const difference = volume - before;
    const quantity = difference + WRAP <= MAX_STEP_OVER_WRAP ? difference + WRAP : difference;
    // The broker may correct the sum downwards, and starts it over each day.
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
