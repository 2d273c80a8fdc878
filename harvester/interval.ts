// Runs steps that fall due between slots. There are no timers: the loop calls `runIfDue` with the
// current time, so a clock that jumps causes no drift.
import { type Instant, plus } from '../core/time.ts';

export interface IntervalTask {
  readonly at: () => Instant;
  /** Runs the step if it is due, then not again for its interval. */
  runIfDue(now: Instant): Promise<void>;
}

/**
 * The step must not throw.
 *
 * @param start when the step is first due
 * @param since start of the interval that ends at `start`,
 * if `start` is an interval and not a time of day
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
    async runIfDue(now) {
      // A time before the last run means that the clock was set back: run now instead of waiting
      // until it catches up.
      const isSetBack = last !== null && now < last;
      if (now < next && !isSetBack) return;
      last = now;
      next = plus(now, everyMs);
      await step();
    },
  };
}
