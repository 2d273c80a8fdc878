// Computes retry times with full jitter: each wait is a random part of a ceiling that doubles (AWS Architecture Blog,
// "Exponential Backoff And Jitter").
import { type Instant, MINUTE, SECOND, plus } from './time.ts';

export interface RetryPlan {
  readonly firstCeilingMs: number;
  readonly highestCeilingMs: number;
  /** All retries begin within this time. */
  readonly withinMs: number;
}

/**
 * For calls that never reached the broker. One minute leaves a run of two calls enough time before its own limit of two
 * minutes.
 */
export const BROKER_RETRY: RetryPlan = {
  firstCeilingMs: SECOND,
  highestCeilingMs: 16 * SECOND,
  withinMs: MINUTE,
};

/** For a login, while a person waits in front of an empty page. */
export const LOGIN_RETRY: RetryPlan = { ...BROKER_RETRY, withinMs: 15 * SECOND };

/**
 * Returns the time of the next attempt, or null if the plan is used up.
 *
 * @param failures failed calls so far, at least 1.
 * @param random from 0 up to 1.
 * @param retryAfterMs requested by the other side: waited in full, with the jitter added.
 */
export function nextTry(
  plan: RetryPlan,
  times: { readonly startedAt: Instant; readonly now: Instant },
  failures: number,
  random: number,
  retryAfterMs = 0,
): Instant | null {
  const ceilingMs = Math.min(plan.highestCeilingMs, plan.firstCeilingMs * 2 ** (failures - 1));
  const at = plus(times.now, Math.ceil(retryAfterMs) + Math.floor(random * ceilingMs));
  return at - times.startedAt <= plan.withinMs ? at : null;
}
