// Enforces the account's limits on REST calls (Fyers API v3, "Rate limits"): 10 a second, 200 a minute, 100,000 a
// day, and no calls for the rest of the day after the minute limit was exceeded more than three times.
import { DAY, MINUTE, SECOND, istMidnight } from './time.ts';

const MAX_CALLS_PER_SECOND = 10;
const MAX_CALLS_PER_MINUTE = 200;
const MAX_CALLS_PER_DAY = 100_000;
const MAX_STRIKES = 3;

export interface Usage {
  /** Instants of the last calls, at most 200, oldest first. */
  readonly recent: readonly number[];
  readonly midnight: number;
  readonly callsToday: number;
  /** Today's violations of the minute limit; each minute counts once. */
  readonly strikes: readonly number[];
}

export const UNUSED: Usage = { recent: [], midnight: 0, callsToday: 0, strikes: [] };

/**
 * Counts a call, including refused ones (a storm of retries counts), over sliding windows: stricter than fixed
 * windows, which the documentation neither confirms nor excludes. `waitMs` is null if the call may pass.
 */
export function countCall(
  usage: Usage,
  now: number,
): { readonly usage: Usage; readonly waitMs: number | null } {
  const midnight = istMidnight(now);
  const sameDay = usage.midnight === midnight;
  // If the clock was set back, start counting again.
  const recent = now < (usage.recent.at(-1) ?? now) ? [] : usage.recent;
  const overMinute = (recent.at(-MAX_CALLS_PER_MINUTE) ?? -Infinity) + MINUTE - now;
  const overSecond = (recent.at(-MAX_CALLS_PER_SECOND) ?? -Infinity) + SECOND - now;
  const before = sameDay ? usage.strikes : [];
  const isStrike = overMinute > 0 && now - (before.at(-1) ?? -Infinity) >= MINUTE;
  const strikes = isStrike ? [...before, now] : before;
  const callsToday = (sameDay ? usage.callsToday : 0) + 1;
  const blocked = callsToday > MAX_CALLS_PER_DAY || strikes.length > MAX_STRIKES;
  const waitMs = blocked ? midnight + DAY - now : Math.max(overMinute, overSecond);
  return {
    usage: {
      recent: [...recent.slice(1 - MAX_CALLS_PER_MINUTE), now],
      midnight,
      callsToday,
      strikes,
    },
    waitMs: waitMs > 0 ? waitMs : null,
  };
}
