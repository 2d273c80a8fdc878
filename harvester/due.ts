// Steps that fall due between slots. There are no timers: whoever passes by asks, so a clock that jumps is exact.
import { type Instant, plus } from '../core/time.ts';

export interface Due {
  readonly at: () => Instant;
  /** Runs the step when it is due, then not again for its interval. */
  pass(now: Instant): Promise<void>;
}

/** @param start when it is first due. The step must not throw. */
export function due(start: Instant, everyMs: number, step: () => Promise<void>): Due {
  let next = start;
  return {
    at: () => next,
    async pass(now) {
      if (now < next) return;
      next = plus(now, everyMs);
      await step();
    },
  };
}
