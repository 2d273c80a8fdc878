// The reference's sampling loop (dakshthapar/alpha-lab-core, data_collection/harvesting/smart_harvester.py at 7434125).
import { type Instant, SECOND, plus } from '../core/time.ts';

/** `time.sleep(0.05)` after each symbol's call, `time.sleep(5)` after each round; neither knows what the calls took. */
const AFTER_CALL = 50;
const AFTER_ROUND = 5 * SECOND;

/** The stamps of its rounds, taken before the first call, as its CSV file has them. */
export function referenceStamps(
  opensAt: Instant,
  closesAt: Instant,
  symbols: number,
  callMs: number,
): readonly Instant[] {
  const stamps: Instant[] = [];
  let now = opensAt;
  while (now < closesAt) {
    stamps.push(now);
    now = plus(now, symbols * (callMs + AFTER_CALL) + AFTER_ROUND);
  }
  return stamps;
}
