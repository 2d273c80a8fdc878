// When not to call: after a rate limit, with a token that was refused, for a symbol that the broker doesn't know.
import type { AccessToken } from '../../core/config.ts';
import type { HoleReason } from '../../core/depth/coverage.ts';
import { type Instant, type IstDate, MINUTE, SECOND, plus } from '../../core/time.ts';
import type { Refusal } from './depth-refusal.ts';

/** Rate limits hit on a date; outlives the process, because the broker's own count does. */
export interface StrikeStore {
  read(date: IstDate): Promise<number>;
  /** Never throws: a count that is not on disk costs no slot. */
  write(date: IstDate, strikes: number): Promise<void>;
}

/**
 * Fyers blocks an account for the rest of the day when it goes over a minute's limit more than three times. We stop
 * at the second, so that the account's other programs keep theirs.
 */
const STRIKES_ALLOWED = 2;
/** How long a refusal is believed before it is tried once more; a token may have been fixed at the broker. */
const BELIEVED = MINUTE;

interface Pause {
  readonly reason: HoleReason;
  readonly from: Instant;
  readonly until: Instant;
  /** Only for calls with this token. */
  readonly token?: AccessToken;
}

/** @param date of the session: strikes count by the day. */
export async function pausesOf(strikes: StrikeStore, date: IstDate) {
  const pauses = new Map<string, Pause>();
  let count = await strikes.read(date);
  let saving: Promise<void> = Promise.resolve();

  /** One that is over is forgotten, and so is one that would begin later: the clock was set back. */
  const active = (key: string, at: Instant): Pause | undefined => {
    const pause = pauses.get(key);
    if (pause === undefined) return undefined;
    const { from, until } = pause;
    if (from - (until - from) <= at && at < until) return pause;
    pauses.delete(key);
    return undefined;
  };
  const limited = (at: Instant, retryAfterMs: number | undefined): void => {
    // The calls of one burst are refused together: that is one strike.
    if (active('rate-limited', at) !== undefined) return;
    pauses.set('rate-limited', {
      reason: 'rate-limited',
      from: at,
      until: plus(at, Math.ceil(Math.max(retryAfterMs ?? BELIEVED, SECOND))),
    });
    count += 1;
    saving = strikes.write(date, count);
  };

  return {
    /** Why not to call, or null: call. */
    reasonFor(symbol: string, token: AccessToken, at: Instant): HoleReason | null {
      if (count >= STRIKES_ALLOWED) return 'blocked-for-the-day';
      for (const key of ['rate-limited', 'token-refused', symbol]) {
        const pause = active(key, at);
        if (pause !== undefined && (pause.token ?? token) === token) return pause.reason;
      }
      return null;
    },
    note({ reason, retryAfterMs }: Refusal, symbol: string, token: AccessToken, at: Instant): void {
      const until = plus(at, BELIEVED);
      if (reason === 'rate-limited') limited(at, retryAfterMs);
      if (reason === 'token-refused')
        pauses.set('token-refused', { reason, from: at, until, token });
      if (reason === 'unknown-symbol') pauses.set(symbol, { reason, from: at, until });
    },
    /** Waits until every strike is on disk. */
    saved: () => saving,
  };
}
