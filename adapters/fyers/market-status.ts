// Asks the broker whether the market is open (Fyers API v3, "Market Status").
import * as z from 'zod/mini';
import { isPermissionRefused } from '../../core/broker-answer.ts';
import { lenientArray } from '../../core/text.ts';
import type { FyersReply } from './http.ts';
import type { RestGuard } from './rate-guard.ts';

export interface MarketStatusCall {
  /** Fyers' API, without a trailing slash. */
  readonly apiUrl: string;
  /** `<app id>:<access token>` */
  readonly authorization: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly guard: Pick<RestGuard, 'call'>;
  /** Kept between calls: an authorization without the permission is not used again. */
  readonly memory?: { notPermitted: string | null };
}

/** Numbers from the documentation. */
const NSE = 10;
const CASH = 10;

const answer = z.object({
  s: z.literal('ok'),
  marketStatus: lenientArray(
    z.object({
      exchange: z.number(),
      segment: z.number(),
      market_type: z.string(),
      status: z.string(),
    }),
  ),
});

/**
 * Status of NSE's cash market in upper case: `OPEN`, `CLOSE`, `CLOSED`, `PREOPEN` and so on. Null
 * if the broker does not answer, or if the app does not have the permission for this call, which is
 * separate from market data's.
 */
export async function marketStatus(call: MarketStatusCall): Promise<string | null> {
  const { apiUrl, guard, memory, ...request } = call;
  if (memory?.notPermitted === call.authorization) return null;
  const url = `${apiUrl}/data/marketStatus`;
  const reply = await guard.call({ url, method: 'GET', ...request });
  const body = bodyOf(reply);
  if (memory !== undefined && reply?.kind === 'answered' && isPermissionRefused(reply)) {
    memory.notPermitted = call.authorization;
  }
  const parsed = answer.safeParse(body);
  if (!parsed.success) return null;
  const cash = parsed.data.marketStatus.find(
    ({ exchange, segment, market_type }) =>
      exchange === NSE && segment === CASH && market_type === 'NORMAL',
  );
  return cash?.status.trim().toUpperCase() ?? null;
}

function bodyOf(reply: FyersReply | null): unknown {
  return reply?.kind === 'answered' ? reply.body : null;
}
