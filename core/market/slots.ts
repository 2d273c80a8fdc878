// The sampling grid: exact instants from a session's opening (inside) to its close (outside). Late never moves it.
import { type Instant, SECOND, plus } from '../time.ts';
import type { SessionPlan } from './phases.ts';

/** @param everySeconds as `parseSampling` lets through: whole, at least 1. */
export function slotsOf(plan: SessionPlan, everySeconds: number): readonly Instant[] {
  return Array.from({ length: slotCount(plan, everySeconds) }, (_, index) =>
    plus(plan.opensAt, index * everySeconds * SECOND),
  );
}

export function slotCount(plan: SessionPlan, everySeconds: number): number {
  return Math.ceil((plan.closesAt - plan.opensAt) / (everySeconds * SECOND));
}

/** The first slot that isn't before `at`; null when the session has no more. */
export function slotAtOrAfter(
  plan: SessionPlan,
  everySeconds: number,
  at: Instant,
): Instant | null {
  const every = everySeconds * SECOND;
  const index = Math.max(0, Math.ceil((at - plan.opensAt) / every));
  return index < slotCount(plan, everySeconds) ? plus(plan.opensAt, index * every) : null;
}
