// Computes Indian time (+05:30 all year), independently of core/time.ts. All instants are epoch milliseconds.

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const IST_OFFSET = 5 * HOUR + 30 * MINUTE;

/** 00:00 IST of the instant's day. */
export function istMidnight(at: number): number {
  return Math.floor((at + IST_OFFSET) / DAY) * DAY - IST_OFFSET;
}

/** 1 January 1970 was a Thursday. */
export function isWeekend(at: number): boolean {
  const days = Math.floor((at + IST_OFFSET) / DAY);
  return [2, 3].includes(days % 7);
}

/** The first 06:00 IST after `at`, when an access token minted at `at` expires. */
export function nextSixOclock(at: number): number {
  return istMidnight(at - 6 * HOUR) + DAY + 6 * HOUR;
}
