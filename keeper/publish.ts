// Publishes a proven token with one write, and provides the retry and best-effort helpers around it.
import type { AccessToken } from '../core/config/values.ts';
import { toError } from '../core/errors.ts';
import type { MintAnswer, Proof } from '../core/ports.ts';
import { BROKER_RETRY, nextTry, type RetryPlan } from '../core/retry.ts';
import type { Instant } from '../core/time.ts';
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
