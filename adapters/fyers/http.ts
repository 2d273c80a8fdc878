// Makes one HTTP call to Fyers, with a timeout and without retries. An HTTP error status is
// returned, not thrown.
import type { BrokerAnswer } from '../../core/broker-answer.ts';
import { toError } from '../../core/errors.ts';
import { DAY, type Instant, SECOND, parseHttpDate } from '../../core/time.ts';
import { parseJson } from '../../core/text.ts';

export type FyersReply =
  | ({
      readonly kind: 'answered';
      /**
       * The broker's clock, from `Date`; null if there is no such header, or if the answer is from
       * a cache.
       */
      readonly serverTime: Instant | null;
    } & BrokerAnswer)
  /**
   * The request may have been sent, but no complete answer arrived. `problem` describes it for
   * people.
   */
  | { readonly kind: 'silent'; readonly problem: string }
  /** No byte of the request was sent. `problem` describes why, for people. */
  | { readonly kind: 'unreachable'; readonly problem: string };

export interface FyersRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** `<app id>:<access token>`, without "Bearer" (Fyers API v3, "Request structure"). */
  readonly authorization?: string;
  readonly json?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Cloudflare refuses Python's default agent (error 1010), so we always send our own. */
export const USER_AGENT = 'fyers-token-refresh/1';
/** Far longer than the part that is shown, so that a masked value is never cut in two. */
const MAX_REST_LENGTH = 4_096;
/**
 * Codes of Node and OpenSSL for a certificate that is untrusted, not yet valid, expired, or of
 * another host.
 */
const CERTIFICATE_CODE = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|CRL|INVALID_CA|HOSTNAME_MISMATCH/;

/** @throws only the signal's own reason; every network fault is returned. */
export async function callFyers(request: FyersRequest): Promise<FyersReply> {
  // Loaded on first use: most runs of a function need no call to the broker, and loading takes
  // long.
  const { default: got, RequestError, TimeoutError } = await import('got');
  try {
    const response = await got(request.url, {
      method: request.method,
      headers: {
        'user-agent': USER_AGENT,
        ...(request.authorization === undefined ? {} : { authorization: request.authorization }),
      },
      // A request that may have an effect uses a new connection. The other end may have closed a
      // kept connection, and the request would appear sent but unanswered.
      ...(request.json === undefined
        ? {}
        : { json: request.json, agent: { http: false, https: false } as const }),
      throwHttpErrors: false,
      followRedirect: false,
      retry: { limit: 0 },
      // Without a separate limit, a failed connection would appear to be a request without an
      // answer.
      timeout: { ...reachingWithin(request.timeoutMs), request: request.timeoutMs },
      signal: request.signal,
    });
    const body = parseJson(response.body);
    return {
      kind: 'answered',
      status: response.statusCode,
      body,
      rest: body === null ? response.body.slice(0, MAX_REST_LENGTH) : '',
      retryAfterMs: retryAfter(response.headers),
      serverTime:
        response.headers.age === undefined ? parseHttpDate(response.headers.date ?? '') : null,
    };
  } catch (caught) {
    request.signal.throwIfAborted();
    if (!(caught instanceof RequestError)) throw caught;
    const { timings, code } = caught;
    // A request is written as soon as its connection, and with https the handshake on it, is made.
    const { connect, secureConnect } = timings ?? {};
    const isReady = new URL(request.url).protocol === 'https:' ? secureConnect : connect;
    const isTooLate =
      caught instanceof TimeoutError &&
      ['lookup', 'connect', 'secureConnect'].includes(caught.event);
    const problem = describeFailure(new URL(request.url).host, code, toError(caught).message);
    return isReady === undefined || isTooLate
      ? { kind: 'unreachable', problem }
      : { kind: 'silent', problem };
  }
}

function describeFailure(host: string, code: string, message: string): string {
  if (CERTIFICATE_CODE.test(code)) {
    return `The certificate of ${host} is not trusted (${code}). Check this machine's clock, and whether a proxy or a virus scanner intercepts the connection.`;
  }
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${host} could not be resolved (${code}).`;
    case 'ETIMEDOUT':
      return `${host} did not answer in time.`;
    default:
      return `The connection to ${host} failed (${/^[A-Z][A-Z0-9_]+$/.test(code) ? code : message.slice(0, 80)}).`;
  }
}

/** Below the limit of the whole request, so that these expire first. */
function reachingWithin(timeoutMs: number) {
  const most = Math.floor(timeoutMs * 0.6);
  return { lookup: most, connect: most, secureConnect: most };
}

/**
 * Milliseconds from `X-Retry-After-Ms`, or from `Retry-After` in seconds or as a date (RFC 9110,
 * 10.2.3). A date is compared with the answer's own `Date`, so that this machine's clock does not
 * matter. At most a day.
 */
function retryAfter(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): number | null {
  const text = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : 'absent';
  };
  const asked = [
    Number(text('x-retry-after-ms')),
    Number(text('retry-after')) * SECOND,
    (parseHttpDate(text('retry-after')) ?? NaN) - (parseHttpDate(text('date')) ?? NaN),
  ];
  const ms = asked.find((each) => each >= 0);
  return ms === undefined ? null : Math.min(ms, DAY);
}
