import type { MintAnswer, Proof } from '../core/ports.ts';
import { BROKER_RETRY, type RetryPlan, nextTry } from '../core/retry.ts';
import type { Instant } from '../core/time.ts';
import { brokerHalted, brokerUnreachable } from '../core/token/events.ts';
import type { KeeperPorts } from './ports.ts';

/**
 * Calls again while the call does not reach the broker, within the plan's time (a minute) of the run's start. An answer, a silence, a
 * refusal, a rate limit and a foreign page are not repeated here: they may have counted, or repeating makes them worse.
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
      events.emit(brokerHalted(answer.kind, answer.detail));
    }
    if (answer.kind !== 'unreachable') return answer;
    const now = clock.now();
    const asked = 'retryAfterMs' in answer ? answer.retryAfterMs : undefined;
    const at = nextTry(plan, { startedAt, now }, failures, random(), asked);
    events.emit(brokerUnreachable(failures, at, answer.detail));
    if (at === null) return answer;
    await clock.sleepUntil(at, signal);
  }
}
