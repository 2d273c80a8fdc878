// Steps that fall due between slots. There are no timers: whoever passes by asks, so a clock that jumps is exact.
import { type Instant, plus } from '../core/time.ts';

export interface IntervalTask {
  readonly at: () => Instant;
  /** Runs the step when it is due, then not again for its interval. */
  pass(now: Instant): Promise<void>;
}

/**
 * @param start when it is first due. The step must not throw.
 * @param since where `start` is no time of day but an interval away: when that began
 */
export function every(
  start: Instant,
  everyMs: number,
  step: () => Promise<void>,
  since: Instant | null = null,
): IntervalTask {
  let [next, last] = [start, since];
  return {
    at: () => next,
    async pass(now) {
      // A clock that is before the last time was set back: the step does not wait until it has caught up.
      const isSetBack = last !== null && now < last;
      if (now < next && !isSetBack) return;
      last = now;
      next = plus(now, everyMs);
      await step();
    },
  };
}
