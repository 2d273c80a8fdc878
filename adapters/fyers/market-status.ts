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
 * Returns the status of NSE's cash market in upper case: `OPEN`, `CLOSE`, `CLOSED`, `PREOPEN` and so on. Returns null
 * if the broker does not answer, if the signal comes first, or if the app lacks the permission for this call, which is
 * separate from that for market data.
 */
export async function marketStatus(call: MarketStatusCall): Promise<string | null> {
  const { apiUrl, guard, memory, ...request } = call;
  if (memory?.notPermitted === call.authorization) return null;
  const url = `${apiUrl}/data/marketStatus`;
  const reply = await guard.call({ url, method: 'GET', ...request }).catch((caught: unknown) => {
    if (request.signal.aborted) return null;
    throw caught;
  });
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

interface QuotesCall {
  /** Fyers' API, without a trailing slash. */
  readonly apiUrl: string;
  readonly symbols: readonly string[];
  /** `<app id>:<access token>` */
  readonly authorization: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly guard: Pick<RestGuard, 'call'>;
}

const quotesAnswer = z.object({
  s: z.literal('ok'),
  d: lenientArray(z.object({ n: z.string(), v: z.object({ lp: z.number() }) })),
});

/**
 * Gets the last prices of at most fifty symbols in one call (Fyers API v3, "Quotes"), in rupees by symbol. A symbol
 * without a price is absent; if the call fails, the map is empty.
 */
export async function lastPrices(call: QuotesCall): Promise<ReadonlyMap<string, number>> {
  const { apiUrl, symbols, authorization, timeoutMs, signal, guard } = call;
  if (symbols.length === 0) return new Map();
  const query = new URLSearchParams({ symbols: symbols.join(',') });
  const url = `${apiUrl}/data/quotes?${query.toString()}`;
  const reply = await guard.call({ url, method: 'GET', authorization, timeoutMs, signal });
  const parsed = quotesAnswer.safeParse(reply?.kind === 'answered' ? reply.body : null);
  const entries = parsed.success ? parsed.data.d : [];
  return new Map(entries.flatMap(({ n, v }) => (v.lp > 0 ? [[n, v.lp] as const] : [])));
}
