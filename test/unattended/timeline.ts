// True time, and what happens in it.
import type { Instant } from '../../core/time.ts';

export interface Agenda {
  readonly now: () => Instant;
  /** Does something when that time comes; what shares a time happens in the order of asking. */
  at(when: Instant, happens: () => void | Promise<void>): void;
  /** Time passes until `to`, which may move meanwhile, and what was to happen in it happens; or for as long as it is so. */
  pass(to: () => Instant, whileSo?: () => boolean): Promise<void>;
}

interface Step {
  readonly at: Instant;
  readonly happens: () => void | Promise<void>;
}

export function newAgenda(start: Instant, onAdvance: (now: Instant) => void): Agenda {
  let now = start;
  const steps: Step[] = [];
  const advance = (to: Instant): void => {
    if (to <= now) return;
    now = to;
    onAdvance(to);
  };
  return {
    now: () => now,
    at(when, happens) {
      const later = steps.findIndex(({ at }) => at > when);
      steps.splice(later === -1 ? steps.length : later, 0, { at: when, happens });
    },
    async pass(to, whileSo = () => true) {
      for (
        let step = steps[0];
        whileSo() && step !== undefined && step.at <= to();
        step = steps[0]
      ) {
        steps.shift();
        advance(step.at);
        await step.happens();
      }
      if (whileSo()) advance(to());
    },
  };
}
