// Publishes a proven token with one write, and provides the retry and best-effort helpers around it. Retries have full
// jitter: each wait is a random part of a ceiling that doubles (AWS Architecture Blog, "Exponential Backoff And
// Jitter").
import type { AccessToken } from '../core/config/values.ts';
import { toError } from '../core/errors.ts';
import type { MintAnswer, Proof } from '../core/ports.ts';
import { type Instant, MINUTE, SECOND, plus } from '../core/time.ts';
import { displayFingerprint } from '../core/token/digest.ts';
import {
  brokerHalted,
  brokerUnreachable,
  depthRefused,
  tokenPublished,
  upkeepFailed,
} from '../core/token/log.ts';
import { decodeToken } from '../core/token/jwt.ts';
import type { KeeperPorts } from './ports.ts';

type Publishing = Pick<KeeperPorts, 'store' | 'events'>;

/** The caller must have proven that the token is live and belongs to the right account. */
export async function publish({ store, events }: Publishing, token: AccessToken): Promise<void> {
  await store.write('FYERS_ACCESS_TOKEN', token);
  events.log(tokenPublished(shownToken(token)));
}

/** Warns if the token is live and the harvester cannot record with it. */
export function reportDepth({ events }: Pick<KeeperPorts, 'events'>, proof: Proof | null): void {
  if (proof?.kind === 'live' && proof.depthRefused !== undefined) {
    events.log(depthRefused(proof.depthRefused));
  }
}

/** Logs a failure instead of throwing it: work after a publish must not fail the run. */
export async function bestEffort(
  { events }: Pick<KeeperPorts, 'events'>,
  what: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (caught) {
    events.log(upkeepFailed(what, toError(caught).message));
  }
}

export function shownToken(token: string) {
  return {
    fingerprint: displayFingerprint(token),
    validUntil: decodeToken(token)?.expiresAt ?? null,
  };
}

interface RetryPlan {
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
 * Repeats the call while it does not reach the broker, within the plan's time (a minute) after the run's start. An answer, a
 * missing answer, a refusal, a rate limit and a foreign page are not retried: the call may have counted, or a retry would make
 * it worse.
 */
export async function retrying<T extends MintAnswer | Proof>(
  { clock, events, random }: Pick<KeeperPorts, 'clock' | 'events' | 'random'>,
  startedAt: Instant,
  signal: AbortSignal,
  call: () => Promise<T>,
  plan: RetryPlan = BROKER_RETRY,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    const answer = await call();
    if (answer.kind === 'rate-limited' || answer.kind === 'not-fyers') {
      events.log(brokerHalted(answer.kind, answer.detail));
    }
    if (answer.kind !== 'unreachable') return answer;
    const now = clock.now();
    const asked = 'retryAfterMs' in answer ? answer.retryAfterMs : undefined;
    const at = nextTry(plan, { startedAt, now }, failures, random(), asked);
    events.log(brokerUnreachable(failures, at, answer.detail));
    if (at === null) return answer;
    await clock.sleepUntil(at, signal);
  }
}

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
