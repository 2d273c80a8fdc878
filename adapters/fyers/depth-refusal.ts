// Maps a depth call without a book to a hole reason, by the class of the answer
// (`core/broker-answer.ts`).
import {
  classifyAnswer,
  describeAnswer,
  isPermissionRefused,
  isTokenRefused,
} from '../../core/broker-answer.ts';
import type { HoleReason } from '../../core/recording/coverage.ts';
import type { FyersReply } from './http.ts';

export interface Refusal {
  readonly reason: HoleReason;
  readonly retryAfterMs?: number;
  /** The broker's message, for the log; absent if there was no answer. */
  readonly detail?: string;
  /** Calls that would get the same answer: `account` means every call of the account. */
  readonly concerns: 'call' | 'symbol' | 'token' | 'account';
}

/** Fyers API v3, "Error codes": an invalid symbol. */
const UNKNOWN_SYMBOL = -300;

/**
 * This URL is not served, which does not affect other calls: a firewall would answer differently.
 */
const NOT_SERVED: ReadonlySet<number> = new Set([404, 405, 410]);

/**
 * Classifies a reply without a book.
 *
 * @param sent values that the detail must not repeat
 */
export function refusalOf(reply: FyersReply, sent: readonly string[] = []): Refusal {
  if (reply.kind === 'silent') return { reason: 'timeout', concerns: 'call' };
  if (reply.kind === 'unreachable') {
    return { reason: 'unreachable', concerns: 'call', detail: reply.problem };
  }
  const detail = describeAnswer(reply, sent);
  const found = classifyAnswer(reply);
  switch (found.kind) {
    case 'ok':
    case 'malformed':
      return { reason: 'malformed-answer', concerns: 'call', detail };
    case 'rate-limited':
      return {
        reason: 'rate-limited',
        concerns: 'account',
        detail,
        ...(found.retryAfterMs === null ? {} : { retryAfterMs: found.retryAfterMs }),
      };
    case 'refused':
      if (found.code === UNKNOWN_SYMBOL) {
        return { reason: 'unknown-symbol', concerns: 'symbol', detail };
      }
      if (isTokenRefused(reply)) return { reason: 'token-refused', concerns: 'token', detail };
      return {
        reason: 'broker-error',
        concerns: isPermissionRefused(reply) ? 'token' : 'symbol',
        detail,
      };
    case 'not-fyers':
      return {
        reason: 'broker-error',
        concerns: NOT_SERVED.has(reply.status) ? 'call' : 'account',
        detail,
      };
    case 'unavailable':
    case 'unanswered':
      return { reason: 'broker-error', concerns: 'call', detail };
  }
}
