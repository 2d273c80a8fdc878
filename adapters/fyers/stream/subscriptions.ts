// Tracks which symbols of a socket have delivered what they must: a snapshot since the connection,
// and after each gap. A symbol without one for 15 s is subscribed again, once; after 15 s more, the
// socket is opened again. If that was in vain too, the symbol is given up until it delivers, because
// one symbol without trades must not cost the others their books. Delivered frames are counted
// here: a subscription proves nothing.
import { type Instant, plus, SECOND } from '../../../core/time.ts';

const SNAPSHOT_WITHIN_MS = 15 * SECOND;

interface Wanted {
  since: Instant;
  isAskedAgain: boolean;
}

export interface Subscriptions {
  /** All symbols are subscribed now. */
  began(now: Instant): void;
  /** The symbol needs a new snapshot: it is subscribed again at once. */
  lack(symbol: string, now: Instant): void;
  /** The same for all symbols. */
  lackAll(now: Instant): void;
  delivered(symbol: string, isWhole: boolean, now: Instant): void;
  /** reconnect: a symbol was asked again in vain, and is not given up or the whole socket is mute. */
  due(now: Instant): { readonly again: readonly string[]; readonly reconnect: string | null };
  /** Symbols without a frame since the instant. */
  silentSince(from: Instant): readonly string[];
  /** When the latest frame of any symbol arrived; null before the first. */
  readonly lastAt: () => Instant | null;
  /** Frames by symbol since the last call. */
  takeCounts(): ReadonlyMap<string, number>;
}

export function subscriptionsOf(symbols: readonly string[]): Subscriptions {
  const wanted = new Map<string, Wanted>();
  const lastAt = new Map<string, Instant>();
  /** Symbols for which the socket was opened again in vain. */
  const givenUp = new Set<string>();
  let hasDelivered = false;
  const askedAt = new Map<string, Instant>();
  let checkedAt: Instant | null = null;
  /** If the clock was set back, no time stays in the future. */
  const followClock = (now: Instant): void => {
    const isBack = checkedAt !== null && now < checkedAt;
    checkedAt = now;
    if (!isBack) return;
    for (const each of wanted.values()) if (each.since > now) each.since = now;
    for (const times of [lastAt, askedAt]) {
      for (const [symbol, at] of times) if (at > now) times.set(symbol, now);
    }
    if (latest !== null && latest > now) latest = now;
  };
  let counts = new Map<string, number>();
  let latest: Instant | null = null;
  const lack = (symbol: string, now: Instant): void => {
    if (wanted.has(symbol)) return;
    // At once, but not more often than every 15 s.
    const atOnce = plus(now, -SNAPSHOT_WITHIN_MS);
    const asked = askedAt.get(symbol) ?? atOnce;
    wanted.set(symbol, { since: asked > atOnce ? asked : atOnce, isAskedAgain: false });
  };
  return {
    began(now) {
      wanted.clear();
      hasDelivered = false;
      for (const symbol of symbols) wanted.set(symbol, { since: now, isAskedAgain: false });
    },
    lack,
    lackAll(now) {
      for (const symbol of symbols) lack(symbol, now);
    },
    delivered(symbol, isWhole, now) {
      if (isWhole) {
        wanted.delete(symbol);
        givenUp.delete(symbol);
      }
      hasDelivered = true;
      lastAt.set(symbol, now);
      latest = now;
      counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    },
    due(now) {
      followClock(now);
      const late = [...wanted].filter(([, { since }]) => now - since >= SNAPSHOT_WITHIN_MS);
      const again = late.filter(([, { isAskedAgain }]) => !isAskedAgain);
      for (const [symbol, each] of again) {
        [each.since, each.isAskedAgain] = [now, true];
        askedAt.set(symbol, now);
      }
      const inVain = late.filter((each) => !again.includes(each)).map(([symbol]) => symbol);
      const reconnect = inVain.find((symbol) => !hasDelivered || !givenUp.has(symbol)) ?? null;
      if (reconnect !== null) for (const symbol of inVain) givenUp.add(symbol);
      return { again: again.map(([symbol]) => symbol), reconnect };
    },
    silentSince: (from) => symbols.filter((symbol) => (lastAt.get(symbol) ?? 0) < from),
    lastAt: () => latest,
    takeCounts() {
      const taken = counts;
      counts = new Map();
      return new Map(symbols.map((symbol) => [symbol, taken.get(symbol) ?? 0]));
    },
  };
}

/** Splits names into the groups that one socket, or one frame, can carry. */
export function chunksOf(names: readonly string[], size: number): readonly (readonly string[])[] {
  const count = Math.ceil(names.length / size);
  return Array.from({ length: count }, (_, n) => names.slice(n * size, (n + 1) * size));
}
