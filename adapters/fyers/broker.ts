// The broker's authentication API. The answer's body decides, then its message, then the HTTP status (facts/fyers §1.7).
import * as z from 'zod/mini';
import {
  type AccessToken,
  type AuthCode,
  type RefreshToken,
  parseAccessToken,
  parseRefreshToken,
} from '../../core/config.ts';
import type { App, Broker, MintAnswer, Proof, RefusedBy } from '../../core/ports.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { appIdHash } from '../../core/token/digest.ts';
import { type FyersAnswer, type FyersReply, type FyersRequest, callFyers } from './http.ts';

export interface BrokerOptions {
  /** Without a trailing slash. */
  readonly apiUrl: string;
  /** Told every token that the broker hands out, so that a log can hide it. */
  readonly onSecret: (value: string) => void;
  /** Told the time of each answer, so that this machine's clock can be compared with it. */
  readonly onServerTime?: (serverTime: Instant) => void;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10 * SECOND;
const LONGEST_DETAIL = 200;
/** Any share that trades: a depth read proves a token whose app may not read the profile. */
const PROOF_SYMBOL = 'NSE:SBIN-EQ';

const Envelope = z.object({
  s: z.catch(z.string(), ''),
  code: z.catch(z.nullable(z.number()), null),
  message: z.catch(z.string(), ''),
});
type Envelope = z.infer<typeof Envelope>;
const Minted = z.object({ access_token: z.string(), refresh_token: z.catch(z.string(), '') });
const Profile = z.object({ data: z.object({ fy_id: z.string() }) });

/** -16 has three meanings, so only the message tells the policy from a fault of ours. */
const POLICY = /SEBI|currently disabled/i;
const REFUSALS: ReadonlyMap<number, RefusedBy> = new Map([
  [-8, 'refresh-token'],
  [-17, 'refresh-token'],
  [-352, 'app-secret'],
  [-371, 'app-secret'],
  [-374, 'auth-code'],
  [-413, 'auth-code'],
  [-437, 'auth-code'],
  [-501, 'refresh-token'],
  [-502, 'pin'],
]);
const RATE_LIMITED: ReadonlySet<number> = new Set([429, -429, -353]);
/** The broker does not take this token from this app. */
const NOT_TAKEN: ReadonlySet<number> = new Set([-8, -15, -16, -17, -352]);
const NOT_PERMITTED = -373;

export function fyersBroker(options: BrokerOptions): Broker {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const call = async (request: FyersRequest): Promise<FyersReply> => {
    const reply = await callFyers(request);
    const serverTime = reply.kind === 'answered' ? reply.serverTime : null;
    if (serverTime !== null) options.onServerTime?.(serverTime);
    return reply;
  };
  const mint = async (
    path: string,
    json: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<MintAnswer> => {
    const url = `${options.apiUrl}/api/v3/${path}`;
    const reply = await call({ url, method: 'POST', json, timeoutMs, signal });
    return mintAnswer(reply, Object.values(json), options.onSecret);
  };
  const read = (path: string, app: string, token: AccessToken, signal: AbortSignal) =>
    call({
      url: `${options.apiUrl}${path}`,
      method: 'GET',
      authorization: `${app}:${token}`,
      timeoutMs,
      signal,
    });
  return {
    refresh: (app: App, token: RefreshToken, pin, signal) =>
      mint(
        'validate-refresh-token',
        { grant_type: 'refresh_token', appIdHash: appIdHash(app), refresh_token: token, pin },
        signal,
      ),
    exchange: (app: App, code: AuthCode, signal) =>
      mint(
        'validate-authcode',
        { grant_type: 'authorization_code', appIdHash: appIdHash(app), code },
        signal,
      ),
    async prove(app, token, signal) {
      const profile = await read('/api/v3/profile', app, token, signal);
      if (profile.kind === 'answered' && envelopeOf(profile)?.code === NOT_PERMITTED) {
        // Authenticated, and the app has the Market Data permission only, as it should.
        const path = `/data/depth?symbol=${encodeURIComponent(PROOF_SYMBOL)}&ohlcv_flag=1`;
        return proofOf(await read(path, app, token, signal));
      }
      return proofOf(profile);
    },
  };
}

function mintAnswer(
  reply: FyersReply,
  sent: readonly string[],
  onSecret: (value: string) => void,
): MintAnswer {
  if (reply.kind !== 'answered') return reply;
  const envelope = envelopeOf(reply);
  if (isRateLimited(reply, envelope)) return notWorkedOn(reply);
  if (envelope?.s === 'ok') return mintedAnswer(reply, onSecret);
  const by = envelope === null ? null : refusedBy(envelope);
  // The broker's own "not now" (RFC 9110, 15.6.4): unlike 502 and 504 it says that nothing was worked on.
  if (by === null && reply.status === 503) return notWorkedOn(reply);
  // A gateway's page or a fault inside the broker: the request may have been worked on.
  if (envelope === null || (by === null && reply.status >= 500)) {
    return { kind: 'silent', detail: detailOf(reply, envelope, sent) };
  }
  return { kind: 'refused', by: by ?? 'unrecognised', detail: detailOf(reply, envelope, sent) };
}

function notWorkedOn({ retryAfterMs }: FyersAnswer): MintAnswer {
  return { kind: 'unreachable', ...(retryAfterMs === null ? {} : { retryAfterMs }) };
}

function mintedAnswer(reply: FyersAnswer, onSecret: (value: string) => void): MintAnswer {
  const body = Minted.safeParse(reply.body);
  const accessToken = parseAccessToken(body.success ? body.data.access_token : '');
  if (!body.success || !accessToken.ok) {
    const detail = `HTTP ${String(reply.status)}, success without an access token.`;
    return { kind: 'refused', by: 'unrecognised', detail };
  }
  onSecret(accessToken.value);
  const refreshToken = parseRefreshToken(body.data.refresh_token);
  if (!refreshToken.ok) return { kind: 'minted', accessToken: accessToken.value };
  onSecret(refreshToken.value);
  return { kind: 'minted', accessToken: accessToken.value, refreshToken: refreshToken.value };
}

/** Null for an answer that is in no list. */
function refusedBy({ code, message }: Envelope): RefusedBy | null {
  if (POLICY.test(message)) return 'policy';
  // What a wrong PIN is answered with is not established: one report says -502, another "invalid pin" under -501.
  if (/\bpin\b/i.test(message)) return 'pin';
  return REFUSALS.get(code ?? 0) ?? null;
}

/** Dead only by the broker's own word; whatever else is not an answer to the question. */
function proofOf(reply: FyersReply): Proof {
  if (reply.kind !== 'answered') return { kind: 'unreachable' };
  const envelope = envelopeOf(reply);
  if (envelope?.s === 'ok') {
    const profile = Profile.safeParse(reply.body);
    return { kind: 'live', fyId: profile.success ? profile.data.data.fy_id : null };
  }
  return { kind: NOT_TAKEN.has(envelope?.code ?? 0) ? 'dead' : 'unreachable' };
}

function envelopeOf({ body }: FyersAnswer): Envelope | null {
  const parsed = Envelope.safeParse(body);
  return parsed.success ? parsed.data : null;
}

function isRateLimited({ status }: FyersAnswer, envelope: Envelope | null): boolean {
  return status === 429 || RATE_LIMITED.has(envelope?.code ?? 0);
}

/** What came, without anything that was sent and anything that looks like a token. */
function detailOf(
  { status, rest }: FyersAnswer,
  envelope: Envelope | null,
  sent: readonly string[],
): string {
  const words = envelope?.message ?? rest.replaceAll(/\s+/g, ' ');
  const scrubbed = sent
    .reduce((text, value) => text.replaceAll(value, '[hidden]'), words)
    .replace(/[\w-]{16,}(?:\.[\w-]+)+/g, '[hidden]')
    .slice(0, LONGEST_DETAIL);
  const code = envelope === null ? 'no JSON' : `code ${String(envelope.code)}`;
  return `HTTP ${String(status)}, ${code}: ${scrubbed}`;
}
