// Tracks which symbols of a socket still need a snapshot: all after the connection opens, and each
// after a gap. A symbol that gets none for 15 s is subscribed again, once; after 15 s more, the
// socket is opened again. If that does not help either, the symbol is given up until it delivers a
// frame, because one symbol without trades must not interrupt the others. Delivered frames are
// counted here, because an accepted subscription does not prove that frames arrive.
import { type Instant, plus, SECOND } from '../../../core/time.ts';

const SNAPSHOT_WITHIN_MS = 15 * SECOND;

interface Wanted {
  since: Instant;
  isAskedAgain: boolean;
}

export class Subscriptions {
  readonly #symbols: readonly string[];
  readonly #wanted = new Map<string, Wanted>();
  readonly #lastAt = new Map<string, Instant>();
  readonly #askedAt = new Map<string, Instant>();
  /** Symbols that delivered nothing even after the socket was opened again. */
  readonly #givenUp = new Set<string>();
  #hasDelivered = false;
  #counts = new Map<string, number>();
  #latest: Instant | null = null;
  #checkedAt: Instant | null = null;

  constructor(symbols: readonly string[]) {
    this.#symbols = symbols;
  }

  /** Call this when all symbols have been subscribed. */
  began(now: Instant): void {
    this.#wanted.clear();
    this.#hasDelivered = false;
    for (const symbol of this.#symbols) {
      this.#wanted.set(symbol, { since: now, isAskedAgain: false });
    }
  }

  /**
   * Subscribes the symbol again at the next step, because it needs a new snapshot; at most every
   * 15 s.
   */
  requireSnapshot(symbol: string, now: Instant): void {
    if (this.#wanted.has(symbol)) return;
    const atOnce = plus(now, -SNAPSHOT_WITHIN_MS);
    const asked = this.#askedAt.get(symbol) ?? atOnce;
    this.#wanted.set(symbol, { since: asked > atOnce ? asked : atOnce, isAskedAgain: false });
  }

  /** As `requireSnapshot`, for all symbols. */
  requireAllSnapshots(now: Instant): void {
    for (const symbol of this.#symbols) this.requireSnapshot(symbol, now);
  }

  delivered(symbol: string, isWhole: boolean, now: Instant): void {
    if (isWhole) {
      this.#wanted.delete(symbol);
      this.#givenUp.delete(symbol);
    }
    this.#hasDelivered = true;
    this.#lastAt.set(symbol, now);
    this.#latest = now;
    this.#counts.set(symbol, (this.#counts.get(symbol) ?? 0) + 1);
  }

  /**
   * Returns the symbols to subscribe again, and in `reconnect` a symbol for which the socket must be
   * opened again: a second subscription did not help, and either it is not given up or the whole
   * socket has delivered nothing.
   */
  due(now: Instant): { readonly again: readonly string[]; readonly reconnect: string | null } {
    this.#followClock(now);
    const late = [...this.#wanted].filter(([, { since }]) => now - since >= SNAPSHOT_WITHIN_MS);
    const again = late.filter(([, { isAskedAgain }]) => !isAskedAgain);
    for (const [symbol, each] of again) {
      [each.since, each.isAskedAgain] = [now, true];
      this.#askedAt.set(symbol, now);
    }
    const inVain = late.filter((each) => !again.includes(each)).map(([symbol]) => symbol);
    const isTried = (symbol: string): boolean => this.#hasDelivered && this.#givenUp.has(symbol);
    const reconnect = inVain.find((symbol) => !isTried(symbol)) ?? null;
    if (reconnect !== null) for (const symbol of inVain) this.#givenUp.add(symbol);
    return { again: again.map(([symbol]) => symbol), reconnect };
  }

  /** Symbols without a frame since the instant. */
  silentSince(from: Instant): readonly string[] {
    return this.#symbols.filter((symbol) => (this.#lastAt.get(symbol) ?? 0) < from);
  }

  /** The time of the latest frame of any symbol; null before the first. */
  get lastAt(): Instant | null {
    return this.#latest;
  }

  /** Frames by symbol since the last call. */
  takeCounts(): ReadonlyMap<string, number> {
    const taken = this.#counts;
    this.#counts = new Map();
    return new Map(this.#symbols.map((symbol) => [symbol, taken.get(symbol) ?? 0]));
  }

  /** If the clock was set back, moves future times to now. */
  #followClock(now: Instant): void {
    const isBack = this.#checkedAt !== null && now < this.#checkedAt;
    this.#checkedAt = now;
    if (!isBack) return;
    for (const each of this.#wanted.values()) if (each.since > now) each.since = now;
    for (const times of [this.#lastAt, this.#askedAt]) {
      for (const [symbol, at] of times) if (at > now) times.set(symbol, now);
    }
    if (this.#latest !== null && this.#latest > now) this.#latest = now;
  }
}

/** Splits names into the groups that one socket, or one frame, can carry. */
export function chunksOf(names: readonly string[], size: number): readonly (readonly string[])[] {
  const count = Math.ceil(names.length / size);
  return Array.from({ length: count }, (_, n) => names.slice(n * size, (n + 1) * size));
}
