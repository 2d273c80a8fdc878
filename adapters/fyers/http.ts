// One HTTP call to Fyers: bounded, never retried here, and an answer is never thrown for its status.
import got, { RequestError, TimeoutError } from 'got';
import { DAY, type Instant, SECOND, parseHttpDate } from '../../core/time.ts';

export interface FyersAnswer {
  readonly status: number;
  /** Parsed JSON, or null where the body is not JSON (Cloudflare answers in HTML). */
  readonly body: unknown;
  /** The beginning of a body that is not JSON, for a report. */
  readonly rest: string;
  /** From `Retry-After` (seconds) or `X-Retry-After-Ms`; at most a day. */
  readonly retryAfterMs: number | null;
  /** Of the broker's clock, from `Date`; null where there is none, or an answer from a cache. */
  readonly serverTime: Instant | null;
}

export type FyersReply =
  | ({ readonly kind: 'answered' } & FyersAnswer)
  /** The request left this machine and no whole answer came back. */
  | { readonly kind: 'silent' }
  /** The request did not reach the broker. */
  | { readonly kind: 'unreachable' };

export interface FyersRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** `<app id>:<access token>`, without "Bearer" (Fyers API v3, "Request structure"). */
  readonly authorization?: string;
  readonly json?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Python's default agent is refused by Cloudflare (error 1010), so ours is always sent. */
export const USER_AGENT = 'fyers-token-refresh/1';
/** Far more than is shown, so that what is blanked is never cut in two. */
const LONGEST_REST = 4_096;
const BEFORE_SENDING = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** @throws only the signal's own reason; every network fault is a value. */
export async function callFyers(request: FyersRequest): Promise<FyersReply> {
  try {
    const response = await got(request.url, {
      method: request.method,
      headers: {
        'user-agent': USER_AGENT,
        ...(request.authorization === undefined ? {} : { authorization: request.authorization }),
      },
      // What may count is sent on a connection of its own: a kept one may have been closed at the other end, and the
      // request would look as if it were never answered.
      ...(request.json === undefined
        ? {}
        : { json: request.json, agent: { http: false, https: false } as const }),
      throwHttpErrors: false,
      followRedirect: false,
      retry: { limit: 0 },
      // Without a bound of its own, a connection that is never made would look like a request that was never answered.
      timeout: { ...reachingWithin(request.timeoutMs), request: request.timeoutMs },
      signal: request.signal,
    });
    const body = parseJson(response.body);
    return {
      kind: 'answered',
      status: response.statusCode,
      body,
      rest: body === null ? response.body.slice(0, LONGEST_REST) : '',
      retryAfterMs: retryAfter(response.headers),
      serverTime:
        response.headers.age === undefined ? parseHttpDate(response.headers.date ?? '') : null,
    };
  } catch (caught) {
    request.signal.throwIfAborted();
    if (caught instanceof TimeoutError) {
      return {
        kind: ['lookup', 'connect', 'secureConnect'].includes(caught.event)
          ? 'unreachable'
          : 'silent',
      };
    }
    if (caught instanceof RequestError) {
      return { kind: BEFORE_SENDING.has(caught.code) ? 'unreachable' : 'silent' };
    }
    throw caught;
  }
}

/** Below the bound of the whole request, so that they come first. */
function reachingWithin(timeoutMs: number) {
  const most = Math.floor(timeoutMs * 0.6);
  return { lookup: most, connect: most, secureConnect: most };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A day at most: an absurd number of milliseconds may lie beyond the last instant that there is. */
function retryAfter(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): number | null {
  const asked = [Number(headers['x-retry-after-ms']), Number(headers['retry-after']) * SECOND];
  const ms = asked.find((each) => each >= 0);
  return ms === undefined ? null : Math.min(ms, DAY);
}
