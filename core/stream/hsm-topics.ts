// Keeps the latest values of each HSM topic. The stream has no sequence numbers: it sends the latest
// state, so only silence can be noticed. A topic is known from its snapshot, which also gives its
// divisor. An item is applied whole before anyone reads the topic.
import { STREAMED_INDEX } from '../config/stream-limits.ts';
import type { DayEvent } from '../recording/day-events.ts';
import type { Instant } from '../time.ts';
import { CUMULATIVE_FIELDS, type FieldMap, TOPIC_FIELDS, type TopicKind } from './hsm-fields.ts';
import { ABSENT, decodeHsmData } from './hsm-frame.ts';

export interface HsmTopic {
  readonly kind: TopicKind;
  /** Such as `dp|nse_cm|3045`. */
  readonly name: string;
  readonly receivedAt: Instant;
  /** Rupees, counts or epoch seconds; null: the broker has not sent a value. */
  value(field: string): number | null;
}

interface AppliedItem {
  /** Null: the topic has had no snapshot, or is of an unknown kind; the item is skipped. */
  readonly name: string | null;
  readonly kind: 'snapshot' | 'update' | 'lite';
}

export interface HsmTopics {
  /** Null: the frame is cut or foreign, and nothing is applied. */
  apply(
    frame: Uint8Array,
    receivedAt: Instant,
  ): { readonly message: number | null; readonly items: readonly AppliedItem[] } | null;
  topic(name: string): HsmTopic | null;
}

interface State {
  readonly kind: TopicKind;
  readonly name: string;
  readonly divisor: number;
  readonly values: Int32Array;
  receivedAt: Instant;
}

interface TopicOptions {
  /** From the login's answer: acknowledge every so many messages; 0: messages have no number. */
  readonly acknowledgeEvery: number;
  /** Null: the login's answer has none. */
  readonly map: FieldMap | null;
}

export function startHsmTopics({ acknowledgeEvery, map }: TopicOptions): HsmTopics {
  const byId = new Map<number, State>();
  const byName = new Map<string, State>();
  const form = {
    isNumbered: acknowledgeEvery > 0,
    liteCountOf: (topic: number, snapshots: ReadonlyMap<number, string>) => {
      const name = snapshots.get(topic) ?? byId.get(topic)?.name;
      const kind = name === undefined ? null : kindOf(name);
      return kind === null ? null : (map?.liteCounts[kind] ?? null);
    },
  };
  return {
    apply(frame, receivedAt) {
      const data = decodeHsmData(frame, form);
      if (data === null) return null;
      const items = data.items.map((item): AppliedItem => {
        if (item.kind === 'snapshot') {
          const kind = kindOf(item.name);
          if (kind === null) return { name: null, kind: item.kind };
          const values = new Int32Array(TOPIC_FIELDS[kind].length).fill(ABSENT);
          values.set(item.values.subarray(0, values.length));
          const { name, divisor } = item;
          const state: State = { kind, name, divisor, values, receivedAt };
          byId.set(item.topic, state);
          byName.set(name, state);
          return { name, kind: item.kind };
        }
        const state = byId.get(item.topic);
        if (state === undefined) return { name: null, kind: item.kind };
        const count = Math.min(state.values.length, item.values.length);
        for (let place = 0; place < count; place += 1) {
          const value = item.values[place] ?? ABSENT;
          if (value !== ABSENT) state.values[place] = value;
        }
        state.receivedAt = receivedAt;
        return { name: state.name, kind: item.kind };
      });
      return { message: data.message, items };
    },
    topic(name) {
      const state = byName.get(name);
      return state === undefined ? null : { ...state, value: (field) => valueOf(state, field) };
    },
  };
}

const PLACES: Readonly<Record<TopicKind, ReadonlyMap<string, number>>> = {
  dp: placesOf('dp'),
  sf: placesOf('sf'),
  if: placesOf('if'),
};

function placesOf(kind: TopicKind): ReadonlyMap<string, number> {
  return new Map(TOPIC_FIELDS[kind].map(({ name }, place) => [name, place]));
}

function valueOf({ kind, values, divisor }: State, field: string): number | null {
  const place = PLACES[kind].get(field);
  const raw = place === undefined ? ABSENT : (values[place] ?? ABSENT);
  if (place === undefined || raw === ABSENT) return null;
  if (TOPIC_FIELDS[kind][place]?.isPrice === true) return raw / divisor;
  return raw < 0 && CUMULATIVE_FIELDS.has(field) ? raw + 2 ** 32 : raw;
}

function kindOf(name: string): TopicKind | null {
  const kind = name.slice(0, name.indexOf('|'));
  return kind === 'dp' || kind === 'sf' || kind === 'if' ? kind : null;
}

// Derives a symbol's topics from its token in the symbol master, so that no call is needed.

/** The first four digits of a token: exchange and segment. */
const SEGMENTS: ReadonlyMap<string, string> = new Map([
  ['1010', 'nse_cm'],
  ['1011', 'nse_fo'],
  ['1012', 'cde_fo'],
  ['1020', 'nse_com'],
  ['1120', 'mcx_fo'],
  ['1210', 'bse_cm'],
  ['1211', 'bse_fo'],
  ['1212', 'bcs_fo'],
]);

/** An index is named, not numbered. */
const INDEX_NAMES: ReadonlyMap<string, string> = new Map([[STREAMED_INDEX, 'Nifty 50']]);

/** Exchange, segment and expiry precede the exchange's own number. */
const PREFIX_LENGTH = 10;

export interface SymbolTopics {
  /** Null for an index, which has no book. */
  readonly depth: string | null;
  readonly quote: string;
}

/** Null: the symbol's topics are not known. */
export function topicsFor(symbol: string, fyToken: string | null): SymbolTopics | null {
  if (symbol.endsWith('-INDEX')) {
    const name = INDEX_NAMES.get(symbol);
    return name === undefined ? null : { depth: null, quote: `if|nse_cm|${name}` };
  }
  const segment = SEGMENTS.get(fyToken?.slice(0, 4) ?? '');
  if (fyToken === null || segment === undefined) return null;
  const topic = `${segment}|${fyToken.slice(PREFIX_LENGTH)}`;
  return { depth: `dp|${topic}`, quote: `sf|${topic}` };
}

/**
 * Symbols by one of their topics, from the symbols' tokens in a day's event log.
 * @param topicOf null: the symbol is left out
 */
export function symbolsByTopic(
  events: readonly DayEvent[],
  topicOf: (topics: SymbolTopics) => string | null,
): ReadonlyMap<string, string> {
  const symbols = new Map<string, string>();
  for (const event of events) {
    if (event.event !== 'symbol') continue;
    const topics = topicsFor(event.symbol, event.fyToken);
    const topic = topics === null ? null : topicOf(topics);
    if (topic !== null) symbols.set(topic, event.symbol);
  }
  return symbols;
}
