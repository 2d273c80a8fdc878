// Computes the sampling grid: exact instants from a session's opening (inclusive) to its close (exclusive). A late slot does
// not shift the grid.
import { type Instant, SECOND, plus } from '../time.ts';
import type { SessionPlan } from './phases.ts';

/** @param everySeconds checked by `parseSampling`: a whole number, at least 1 */
export function slotsOf(plan: SessionPlan, everySeconds: number): readonly Instant[] {
  return Array.from({ length: slotCount(plan, everySeconds) }, (_, index) =>
    plus(plan.opensAt, index * everySeconds * SECOND),
  );
}

export function slotCount(plan: SessionPlan, everySeconds: number): number {
  return Math.ceil((plan.closesAt - plan.opensAt) / (everySeconds * SECOND));
}

/** The first slot at or after `at`; null if the session has none. */
export function slotAtOrAfter(
  plan: SessionPlan,
  everySeconds: number,
  at: Instant,
): Instant | null {
  const every = everySeconds * SECOND;
  const index = Math.max(0, Math.ceil((at - plan.opensAt) / every));
  return index < slotCount(plan, everySeconds) ? plus(plan.opensAt, index * every) : null;
}
