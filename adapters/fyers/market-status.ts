// Whether the broker thinks that the market trades (Fyers API v3, "Market Status").
import * as z from 'zod/mini';
import type { RestGuard } from './rest-guard.ts';

export interface MarketStatusCall {
  /** Fyers' API, without a trailing slash. */
  readonly apiUrl: string;
  /** `<app id>:<access token>` */
  readonly authorization: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly guard: Pick<RestGuard, 'call'>;
}

/** As the documentation numbers them. */
const NSE = 10;
const CASH = 10;

const answer = z.object({
  s: z.literal('ok'),
  marketStatus: z.array(
    z.object({
      exchange: z.number(),
      segment: z.number(),
      market_type: z.string(),
      status: z.string(),
    }),
  ),
});

/**
 * Of NSE's cash market: `OPEN`, `CLOSED`, `PREOPEN` and so on. Null where the broker does not tell: the call stands under
 * another permission than market data, which an app need not have, and a network may fail.
 */
export async function marketStatus(call: MarketStatusCall): Promise<string | null> {
  const { apiUrl, guard, ...request } = call;
  const reply = await guard.call({ url: `${apiUrl}/data/marketStatus`, method: 'GET', ...request });
  const parsed = answer.safeParse(reply?.kind === 'answered' ? reply.body : null);
  if (!parsed.success) return null;
  const ours = parsed.data.marketStatus.find(
    ({ exchange, segment, market_type }) =>
      exchange === NSE && segment === CASH && market_type === 'NORMAL',
  );
  return ours?.status ?? null;
}
