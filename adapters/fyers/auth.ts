// Calls the broker's authentication API and maps each class of answer to an outcome for the keeper.
import * as z from 'zod/mini';
import {
  type AccessToken,
  type AuthCode,
  type RefreshToken,
  parseAccessToken,
  parseRefreshToken,
} from '../../core/config/values.ts';
import {
  type BrokerAnswer,
  classifyAnswer,
  describeAnswer,
  isPermissionRefused,
  isTokenRefused,
} from '../../core/broker-answer.ts';
import type { App, Broker, MintAnswer, Proof, RefusedBy } from '../../core/ports.ts';
import { type Instant, SECOND } from '../../core/time.ts';
import { appIdHash } from '../../core/token/digest.ts';
import { type FyersReply, type FyersRequest, callFyers } from './http.ts';

export interface BrokerOptions {
  /** Without a trailing slash. */
  readonly apiUrl: string;
  /** Called with every token that the broker issues, so that a log can mask it. */
  readonly onSecret: (value: string) => void;
  /** Called with the time of each answer, so that it can be compared with this machine's clock. */
  readonly onServerTime?: (serverTime: Instant) => void;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10 * SECOND;
/** Any share that trades. */
const PROOF_SYMBOL = 'NSE:SBIN-EQ';

const Minted = z.object({ access_token: z.string(), refresh_token: z.catch(z.string(), '') });
const Profile = z.object({ data: z.object({ fy_id: z.string() }) });

/**
 * Code -16 has three meanings, so only the message distinguishes the policy from a fault of this
 * program.
 */
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
    async prove(app, token, signal, reads = 'profile') {
      const profile = await read('/api/v3/profile', app, token, signal);
      // The token is valid, and the app has only the Market Data permission, as intended.
      const isDepthOnly = profile.kind === 'answered' && isPermissionRefused(profile);
      const proof = proofOf(profile, [app, token]);
      if (!isDepthOnly && (proof.kind !== 'live' || reads === 'profile')) return proof;
      const path = `/data/depth?symbol=${encodeURIComponent(PROOF_SYMBOL)}&ohlcv_flag=1`;
      const depth = proofOf(await read(path, app, token, signal), [app, token]);
      if (isDepthOnly) return depth.kind === 'live' ? { kind: 'live', fyId: null } : depth;
      // A missing answer from a busy or unreachable broker does not mean that depth is refused.
      return depth.kind === 'dead' || depth.kind === 'refused'
        ? { ...proof, depthRefused: depth.detail ?? '' }
        : proof;
    },
  };
}

function mintAnswer(
  reply: FyersReply,
  sent: readonly string[],
  onSecret: (value: string) => void,
): MintAnswer {
  if (reply.kind === 'silent') return { kind: 'silent', detail: reply.problem };
  if (reply.kind === 'unreachable') return { kind: 'unreachable', detail: reply.problem };
  const detail = describeAnswer(reply, sent);
  const found = classifyAnswer(reply);
  switch (found.kind) {
    case 'ok':
      return mintedAnswer(reply, onSecret);
    case 'refused':
      return { kind: 'refused', by: refusedBy(found) ?? 'unrecognised', detail };
    case 'rate-limited':
      return { kind: 'rate-limited', retryAfterMs: found.retryAfterMs, detail };
    case 'not-fyers':
      return { kind: 'not-fyers', detail };
    case 'unavailable':
      return {
        kind: 'unreachable',
        ...(found.retryAfterMs === null ? {} : { retryAfterMs: found.retryAfterMs }),
        detail,
      };
    case 'unanswered':
    case 'malformed':
      return { kind: 'silent', detail };
  }
}

function mintedAnswer(reply: BrokerAnswer, onSecret: (value: string) => void): MintAnswer {
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
function refusedBy({
  code,
  message,
}: {
  readonly code: number | null;
  readonly message: string;
}): RefusedBy | null {
  if (POLICY.test(message)) return 'policy';
  // The answer to a wrong PIN is not established: one report has -502, another "invalid pin" under
  // -501.
  if (/\bpin\b/i.test(message)) return 'pin';
  return REFUSALS.get(code ?? 0) ?? null;
}

/** Dead only if the broker refuses the token; any other answer is inconclusive. */
function proofOf(reply: FyersReply, sent: readonly string[]): Proof {
  if (reply.kind !== 'answered') return { kind: 'unreachable', detail: reply.problem };
  const detail = describeAnswer(reply, sent);
  const found = classifyAnswer(reply);
  switch (found.kind) {
    case 'ok': {
      const profile = Profile.safeParse(reply.body);
      return { kind: 'live', fyId: profile.success ? profile.data.data.fy_id : null };
    }
    case 'refused':
      return { kind: isTokenRefused(reply) ? 'dead' : 'refused', detail };
    case 'rate-limited':
      return { kind: 'rate-limited', retryAfterMs: found.retryAfterMs, detail };
    case 'not-fyers':
      return { kind: 'not-fyers', detail };
    case 'unavailable':
    case 'unanswered':
    case 'malformed':
      return { kind: 'unreachable', detail };
  }
}
