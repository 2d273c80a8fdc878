// How fast one harvester calls, whatever has made it late: over windows that slide, as the broker may count them.
import type { SamplingPlan } from './config.ts';
import { BURST } from './rate-plan.ts';
import { type Instant, MINUTE, SECOND, plus } from './time.ts';

export interface Pace {
  /** The first instant, not before `from`, at which `calls` more may go out together; at most a burst of them. */
  earliest(from: Instant, calls: number): Instant;
  /** A call goes out. */
  sent(at: Instant): void;
}

/**
 * A burst in any second, and in any minute one burst more than the plan asks for: that is how fast a slot that began
 * late is made up for. Ten harvesters, with 150 calls of plans between them, stay within the account's 200 so.
 */
export function paceOf({ symbols, everySeconds }: SamplingPlan): Pace {
  const perMinute = (symbols.length * MINUTE) / (everySeconds * SECOND) + BURST;
  let recent: readonly Instant[] = [];
  return {
    earliest(from, calls) {
      // A clock that was set back has sent nothing yet.
      const before = recent.filter((at) => at <= from);
      const free = (most: number, windowMs: number): Instant => {
        const oldest = before.at(calls - most - 1);
        return oldest === undefined ? from : plus(oldest, windowMs);
      };
      return later(from, later(free(BURST, SECOND), free(perMinute, MINUTE)));
    },
    sent(at) {
      recent = [...recent.slice(1 - perMinute), at];
    },
  };
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}
