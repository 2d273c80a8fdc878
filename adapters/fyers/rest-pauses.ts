// Decides when not to ask for a book: after a rate limit or a foreign page, with a token or for a symbol that was refused.
import type { AccessToken } from '../../core/config.ts';
import type { HoleReason } from '../../core/depth/coverage.ts';
import { type Instant, MINUTE, plus } from '../../core/time.ts';
import type { Refusal } from './depth-refusal.ts';
import type { RestGuard } from './rest-guard.ts';

/** How long a refusal is believed before it is tried once more; a token may have been fixed at the broker. */
const BELIEVED = MINUTE;
/** The key of the pause for every symbol; no symbol is spelled so. */
const TOKEN = 'token';

interface Pause {
  readonly reason: HoleReason;
  readonly from: Instant;
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
  /** One that is over is forgotten, and so is one that would begin later: the clock was set back. */
  const active = (key: string, at: Instant): Pause | undefined => {
    const pause = pauses.get(key);
    if (pause === undefined) return undefined;
    const { from, until } = pause;
    if (from - (until - from) <= at && at < until) return pause;
    pauses.delete(key);
    return undefined;
  };
  return {
    /** Why not to call, or null: call. */
    reasonFor({ symbol, token, sentAt }: DepthCall): HoleReason | null {
      const limited = guard.reason();
      if (limited !== null) return limited;
      for (const key of [TOKEN, symbol]) {
        const pause = active(key, sentAt);
        if (pause !== undefined && (pause.token ?? token) === token) return pause.reason;
      }
      return null;
    },
    note({ reason, retryAfterMs, concerns }: Refusal, call: DepthCall, from: Instant): void {
      const { symbol, token, sentAt } = call;
      const until = plus(from, BELIEVED);
      switch (concerns) {
        case 'account':
          if (reason === 'rate-limited') guard.limited(sentAt, retryAfterMs);
          else guard.foreign(sentAt);
          return;
        case 'token':
          pauses.set(TOKEN, { reason, from, until, token });
          return;
        case 'symbol':
          pauses.set(symbol, { reason, from, until });
          return;
        case 'call':
      }
    },
  };
}
