// Full jitter: each wait is a random part of a ceiling that doubles (AWS Architecture Blog, "Exponential Backoff And Jitter").
import { type Instant, MINUTE, SECOND, plus } from './time.ts';

export interface RetryPlan {
  readonly firstCeilingMs: number;
  readonly highestCeilingMs: number;
  /** All retries begin within this time. */
  readonly withinMs: number;
}

/** For calls that never reached the broker. One minute leaves a run of two calls time before its own limit of two. */
export const BROKER_RETRY: RetryPlan = {
  firstCeilingMs: SECOND,
  highestCeilingMs: 16 * SECOND,
  withinMs: MINUTE,
};

/** For a login, while a person looks at an empty page. */
export const LOGIN_RETRY: RetryPlan = { ...BROKER_RETRY, withinMs: 15 * SECOND };

/**
 * When to try again, or null when the plan is spent.
 *
 * @param failures calls that failed so far, at least 1.
 * @param random from 0 up to 1.
 * @param retryAfterMs what the other side asked for: waited for in full, the jitter on top.
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
