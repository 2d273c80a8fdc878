// Whether the account may be called now: not after a rate limit, and after the second one not that day.
import type { Clock } from '../../core/ports.ts';
import { type Instant, type IstDate, MINUTE, SECOND, istDateAt, plus } from '../../core/time.ts';

/** Rate limits hit on a date; outlives the process, because the broker's own count does. */
export interface StrikeStore {
  read(date: IstDate): Promise<number>;
  /** Never throws: a count that is not on disk costs no slot. */
  write(date: IstDate, strikes: number): Promise<void>;
}

export interface RestGuard {
  /** Reads what an earlier process has kept of today. The rest counts on it. */
  ready(): Promise<void>;
  /** Why not to call now, or null: call. */
  reason(): 'rate-limited' | 'blocked-for-the-day' | null;
  /** A call was refused for its rate. */
  limited(sentAt: Instant, retryAfterMs?: number): void;
  /** Waits until every strike is on disk. */
  saved(): Promise<void>;
}

/**
 * Fyers blocks an account for the rest of the day when it goes over a minute's limit more than three times. We stop
 * at the second, so that the account's other programs keep theirs.
 */
const STRIKES_ALLOWED = 2;

interface Day {
  readonly date: IstDate | null;
  readonly strikes: number;
  /** When the last strike was noted. */
  readonly notedAt: number;
  readonly until: number;
}

export function restGuard(store: StrikeStore, clock: Clock): RestGuard {
  let kept: Day = { date: null, strikes: 0, notedAt: -Infinity, until: -Infinity };
  let saving: Promise<void> = Promise.resolve();
  const today = (): Day & { readonly date: IstDate } => {
    const date = istDateAt(clock.now());
    return kept.date === date ? { ...kept, date } : { ...kept, date, strikes: 0 };
  };
  return {
    async ready() {
      const { date } = today();
      if (kept.date !== date) kept = { ...kept, date, strikes: await store.read(date) };
    },
    reason() {
      const { strikes, until } = today();
      if (strikes >= STRIKES_ALLOWED) return 'blocked-for-the-day';
      return clock.now() < until ? 'rate-limited' : null;
    },
    limited(sentAt, retryAfterMs = MINUTE) {
      const [now, day] = [clock.now(), today()];
      const until = Math.max(day.until, plus(now, Math.ceil(Math.max(retryAfterMs, SECOND))));
      kept = { ...day, until };
      // The calls of one burst are refused together, however slowly they are answered: that is one strike.
      if (sentAt <= day.notedAt) return;
      kept = { ...kept, strikes: day.strikes + 1, notedAt: now };
      saving = store.write(day.date, kept.strikes);
    },
    saved: () => saving,
  };
}
