// Keeps the latest values of each HSM topic. The stream has no sequence numbers, so a lost message
// cannot be detected; only silence can. A topic is known from its snapshot, which also has its
// divisor. An item is applied completely before the topic is read.
import type { DayEvent } from '../recording/day-events.ts';
import type { Instant } from '../time.ts';
import { CUMULATIVE_FIELDS, type FieldMap, TOPIC_FIELDS, type TopicKind } from './hsm-fields.ts';
import { ABSENT, decodeHsmData } from './hsm-frame.ts';
import indices from './index-names.json' with { type: 'json' };

export interface HsmTopic {
  readonly kind: TopicKind;
  /** Such as `dp|nse_cm|3045`. */
  readonly name: string;
  readonly receivedAt: Instant;
  /** Rupees, counts or epoch seconds; null: the broker has not sent a value. */
  value(field: string): number | null;
}

interface AppliedItem {
  /** Null if the topic has had no snapshot or is of an unknown kind; the item is then skipped. */
  readonly name: string | null;
  readonly kind: 'snapshot' | 'update' | 'lite';
}

export interface HsmTopics {
  /** Returns null, and applies nothing, if the frame is truncated or foreign. */
  apply(
    frame: Uint8Array,
    receivedAt: Instant,
  ): { readonly message: number | null; readonly items: readonly AppliedItem[] } | null;
  /** The topic changes with the next frame, so copy its values to keep them. */
  topic(name: string): HsmTopic | null;
}

interface Snapshot {
  readonly name: string;
  readonly divisor: number;
  readonly values: readonly number[];
}

class Topic implements HsmTopic {
  readonly kind: TopicKind;
  readonly name: string;
  readonly #divisor: number;
  readonly #values: number[];
  receivedAt: Instant;

  constructor(kind: TopicKind, { name, divisor, values }: Snapshot, receivedAt: Instant) {
    [this.kind, this.name, this.#divisor, this.receivedAt] = [kind, name, divisor, receivedAt];
    this.#values = TOPIC_FIELDS[kind].map((_, place) => values[place] ?? ABSENT);
  }

  update(values: readonly number[], receivedAt: Instant): void {
    const count = Math.min(this.#values.length, values.length);
    for (let place = 0; place < count; place += 1) {
      const value = values[place] ?? ABSENT;
      if (value !== ABSENT) this.#values[place] = value;
    }
    this.receivedAt = receivedAt;
  }

  value(field: string): number | null {
    const found = FIELDS[this.kind].get(field);
    const raw = found === undefined ? ABSENT : (this.#values[found.place] ?? ABSENT);
    if (found === undefined || raw === ABSENT) return null;
    if (found.isPrice) return raw / this.#divisor;
    return raw < 0 && found.isCumulative ? raw + 2 ** 32 : raw;
  }
}

interface TopicOptions {
  /** From the login's answer: acknowledge every so many messages; 0 if messages have no number. */
  readonly acknowledgeEvery: number;
  /** Null if the login's answer has none. */
  readonly map: FieldMap | null;
}

export function startHsmTopics({ acknowledgeEvery, map }: TopicOptions): HsmTopics {
  const byId = new Map<number, Topic>();
  const byName = new Map<string, Topic>();
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
          const topic = new Topic(kind, item, receivedAt);
          byId.set(item.topic, topic);
          byName.set(topic.name, topic);
          return { name: topic.name, kind: item.kind };
        }
        const topic = byId.get(item.topic) ?? null;
        topic?.update(item.values, receivedAt);
        return { name: topic?.name ?? null, kind: item.kind };
      });
      return { message: data.message, items };
    },
    topic: (name) => byName.get(name) ?? null,
  };
}

const FIELDS = { dp: fieldsOf('dp'), sf: fieldsOf('sf'), if: fieldsOf('if') };

function fieldsOf(kind: TopicKind) {
  return new Map(
    TOPIC_FIELDS[kind].map(({ name, isPrice }, place) => [
      name,
      { place, isPrice, isCumulative: CUMULATIVE_FIELDS.has(name) },
    ]),
  );
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

/** A topic of an index has the index's name instead of the exchange's number. */
const INDEX_NAMES: ReadonlyMap<string, string> = new Map(Object.entries(indices.names));

/** @param symbol of an index, which ends in `-INDEX` */
export function isStreamedIndex(symbol: string): boolean {
  return INDEX_NAMES.has(symbol);
}

/** Exchange, segment and expiry precede the exchange's own number. */
const PREFIX_LENGTH = 10;

export interface SymbolTopics {
  /** Null for an index, which has no book. */
  readonly depth: string | null;
  readonly quote: string;
}

/** Returns null if the symbol's topics are not known. */
export function topicsFor(symbol: string, fyToken: string | null): SymbolTopics | null {
  if (symbol.endsWith('-INDEX')) {
    const name = INDEX_NAMES.get(symbol);
    const segment = symbol.startsWith('BSE:') ? 'bse_cm' : 'nse_cm';
    return name === undefined ? null : { depth: null, quote: `if|${segment}|${name}` };
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
