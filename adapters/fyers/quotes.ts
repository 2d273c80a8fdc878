// Gets the last prices of a few symbols in one call (Fyers API v3, "Quotes": at most fifty
// symbols).
import * as z from 'zod/mini';
import { lenientArray } from '../../core/text.ts';
import type { RestGuard } from './rate-guard.ts';

export interface QuotesCall {
  /** Fyers' API, without a trailing slash. */
  readonly apiUrl: string;
  readonly symbols: readonly string[];
  /** `<app id>:<access token>` */
  readonly authorization: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly guard: Pick<RestGuard, 'call'>;
}

const answer = z.object({
  s: z.literal('ok'),
  d: lenientArray(z.object({ n: z.string(), v: z.object({ lp: z.number() }) })),
});

/** Rupees by symbol. A symbol without a price is absent; if the call fails, the map is empty. */
export async function lastPrices(call: QuotesCall): Promise<ReadonlyMap<string, number>> {
  const { apiUrl, symbols, authorization, timeoutMs, signal, guard } = call;
  if (symbols.length === 0) return new Map();
  const query = new URLSearchParams({ symbols: symbols.join(',') });
  const url = `${apiUrl}/data/quotes?${query.toString()}`;
  const reply = await guard.call({ url, method: 'GET', authorization, timeoutMs, signal });
  const parsed = answer.safeParse(reply?.kind === 'answered' ? reply.body : null);
  const entries = parsed.success ? parsed.data.d : [];
  return new Map(entries.flatMap(({ n, v }) => (v.lp > 0 ? [[n, v.lp] as const] : [])));
}
