// Reimplements the reference's sampling loop (dakshthapar/alpha-lab-core,
// data_collection/harvesting/smart_harvester.py at 7434125).
import {
  HOUR,
  type Instant,
  type IstDate,
  MINUTE,
  SECOND,
  addDays,
  istDateAt,
  istInstant,
  plus,
} from '../core/time.ts';

/**
 * `time.sleep(0.05)` after each symbol's call, `time.sleep(5)` after each round; neither subtracts
 * the duration of the calls.
 */
const AFTER_CALL = 50;
const AFTER_ROUND = 5 * SECOND;
const OPENS = '09:15';
const CLOSES = '15:30';

/** One pass over the symbols, with one call for each. */
export interface Round {
  /** Time of its first call. */
  readonly at: Instant;
  /** Timestamp of its rows, and the date of the file that they are in. */
  readonly stamp: Instant;
  readonly file: IstDate;
}

/** @param callMs duration of a call that starts at an instant */
export function referenceRounds(
  from: Instant,
  until: Instant,
  symbols: number,
  callMs: (at: Instant) => number,
): readonly Round[] {
  const rounds: Round[] = [];
  let now = marketOpen(from);
  while (now < until) {
    // Read once in a round; the pause does not read it again.
    const stamp = now;
    if (isOver(stamp)) now = istInstant(addDays(istDateAt(stamp), 1), OPENS);
    if (now >= until) break;
    rounds.push({ at: now, stamp, file: istDateAt(stamp) });
    for (let symbol = 0; symbol < symbols; symbol += 1) now = plus(now, callMs(now) + AFTER_CALL);
    now = plus(now, AFTER_ROUND);
  }
  return rounds;
}

/** `wait_for_market_open`, which the reference calls once. */
function marketOpen(now: Instant): Instant {
  const today = istDateAt(now);
  if (now > istInstant(today, CLOSES)) return istInstant(addDays(today, 1), OPENS);
  return now < istInstant(today, OPENS) ? istInstant(today, OPENS) : now;
}

/** `now.hour >= 15 and now.minute >= 30`. */
function isOver(at: Instant): boolean {
  const time = at - istInstant(istDateAt(at), '00:00');
  return time >= 15 * HOUR && time % HOUR >= 30 * MINUTE;
}
