// Keeps the true time of a simulated month, and runs the steps that are scheduled in it.
import type { Instant } from '../../core/time.ts';

export interface Timeline {
  readonly now: () => Instant;
  /** Schedules a step. Steps of one time run in the order of scheduling. */
  schedule(at: Instant, run: () => void | Promise<void>): void;
  /** Advances to `to`, which steps may move, and runs the steps on the way. Stops early if `canContinue` becomes false. */
  advance(to: () => Instant, canContinue?: () => boolean): Promise<void>;
}

interface Step {
  readonly at: Instant;
  readonly run: () => void | Promise<void>;
}

export function newTimeline(start: Instant, onAdvance: (now: Instant) => void): Timeline {
  let now = start;
  const steps: Step[] = [];
  const setNow = (to: Instant): void => {
    if (to <= now) return;
    now = to;
    onAdvance(to);
  };
  return {
    now: () => now,
    schedule(at, run) {
      const later = steps.findIndex((step) => step.at > at);
      steps.splice(later === -1 ? steps.length : later, 0, { at, run });
    },
    async advance(to, canContinue = () => true) {
      for (
        let step = steps[0];
        canContinue() && step !== undefined && step.at <= to();
        step = steps[0]
      ) {
        steps.shift();
        setNow(step.at);
        await step.run();
      }
      if (canContinue()) setNow(to());
    },
  };
}
