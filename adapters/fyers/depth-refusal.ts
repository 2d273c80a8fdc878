// Why a depth call brought no book. Fyers' body decides before the HTTP status, which some paths get wrong.
import * as z from 'zod/mini';
import type { HoleReason } from '../../core/depth/coverage.ts';
import type { FyersReply } from './http.ts';

export interface Refusal {
  readonly reason: HoleReason;
  readonly retryAfterMs?: number;
}

/** Codes of Fyers API v3, "Error codes"; -352 and -15…-17 all say that this app and token don't open the door. */
const REASONS: ReadonlyMap<number, HoleReason> = new Map([
  [-300, 'unknown-symbol'],
  [-8, 'token-refused'],
  [-15, 'token-refused'],
  [-16, 'token-refused'],
  [-17, 'token-refused'],
  [-352, 'token-refused'],
  [-353, 'rate-limited'],
  [-429, 'rate-limited'],
  [429, 'rate-limited'],
]);

const envelope = z.object({ s: z.string(), code: z.optional(z.number()) });

/** For a reply that held no book. */
export function refusalOf(reply: FyersReply): Refusal {
  if (reply.kind === 'silent') return { reason: 'timeout' };
  if (reply.kind === 'unreachable') return { reason: 'unreachable' };
  const reason = reasonOf(reply.status, reply.body);
  return reason === 'rate-limited' && reply.retryAfterMs !== null
    ? { reason, retryAfterMs: reply.retryAfterMs }
    : { reason };
}

function reasonOf(status: number, body: unknown): HoleReason {
  const parsed = envelope.safeParse(body);
  const known = parsed.success ? REASONS.get(parsed.data.code ?? 0) : undefined;
  if (known !== undefined) return known;
  if (status === 429) return 'rate-limited';
  if (status === 401) return 'token-refused';
  if (status !== 200) return 'broker-error';
  return parsed.success && parsed.data.s !== 'ok' ? 'broker-error' : 'malformed-answer';
}
