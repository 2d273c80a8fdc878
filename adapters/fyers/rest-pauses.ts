// When not to ask for a book: after a rate limit, with a token that was refused, for a symbol that the broker doesn't know.
import type { AccessToken } from '../../core/config.ts';
import type { HoleReason } from '../../core/depth/coverage.ts';
import { type Instant, MINUTE, plus } from '../../core/time.ts';
import type { Refusal } from './depth-refusal.ts';
import type { RestGuard } from './rest-guard.ts';

/** How long a refusal is believed before it is tried once more; a token may have been fixed at the broker. */
const BELIEVED = MINUTE;

interface Pause {
  readonly reason: HoleReason;
  readonly until: Instant;
  /** Only for calls with this token. */
  readonly token?: AccessToken;
}

interface DepthCall {
  readonly symbol: string;
  readonly token: AccessToken;
  readonly sentAt: Instant;
}

export function pausesOf(guard: RestGuard) {
  const pauses = new Map<string, Pause>();
  return {
    /** Why not to call, or null: call. */
    reasonFor({ symbol, token, sentAt }: DepthCall): HoleReason | null {
      const limited = guard.reason();
      if (limited !== null) return limited;
      for (const key of ['token-refused', symbol]) {
        const pause = pauses.get(key);
        const isOver = pause === undefined || sentAt >= pause.until;
        if (!isOver && (pause.token ?? token) === token) return pause.reason;
      }
      return null;
    },
    note({ reason, retryAfterMs }: Refusal, call: DepthCall, receivedAt: Instant): void {
      const { symbol, token, sentAt } = call;
      const until = plus(receivedAt, BELIEVED);
      if (reason === 'rate-limited') guard.limited(sentAt, retryAfterMs);
      if (reason === 'token-refused') pauses.set('token-refused', { reason, until, token });
      if (reason === 'unknown-symbol') pauses.set(symbol, { reason, until });
    },
  };
}
