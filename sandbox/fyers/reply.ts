// Computes Fyers' answer to one request. Wire formats, limits and refusals follow the documentation of API v3 and
// reports of its users; if the real answer is unknown, the comment says so.
import { createHash } from 'node:crypto';
import { authCodeForm, loginPage, webLogout } from './auth.ts';
import { depth, marketStatus, namesIn, profile, quotes, symbolTokens, tbtAddress } from './data.ts';
import { history } from './history.ts';
import { UNUSED, countCall } from './limits.ts';
import { masterFile } from './master.ts';
import { exchangeAuthCode, refreshAccessToken } from './mint.ts';
import { refusal } from './refusals.ts';
import {
  success,
  type LoggedRequest,
  type SimulatedRequest,
  type SimulatedResponse,
  type SimulatorState,
} from './state.ts';
import { SECOND } from './time.ts';
import { appIdHash, checkToken, type SimulatedApp } from './tokens.ts';

/** Changes `state` in place: usage, ledger, used codes, wrong PINs and request log. `now` is epoch milliseconds. */
export function reply(
  state: SimulatorState,
  request: SimulatedRequest,
  now: number,
): SimulatedResponse {
  const response = answer(state, request, now);
  state.requests.push({
    at: now,
    method: request.method,
    path: request.path,
    symbol: request.query.get('symbol'),
    status: response.status,
    code: codeOf(response),
    ...digests(state, request),
  });
  return response;
}

function answer(state: SimulatorState, request: SimulatedRequest, now: number): SimulatedResponse {
  if (state.isDown) {
    return { status: 503, headers: { 'content-type': 'text/plain' }, body: 'Service Unavailable' };
  }
  const route = `${request.method} ${request.path}`;
  if (route === 'GET /api/v3/generate-authcode') return loginPage(state, request, now);
  if (route === 'POST /api/v3/generate-authcode') return authCodeForm(state, request, now);
  if (route === 'GET /logout') return webLogout(state, request);
  // Cloudflare in front of the API refuses these user agents in plain text.
  if (request.userAgent === '' || request.userAgent.startsWith('Python-urllib')) {
    return { status: 403, headers: { 'content-type': 'text/plain' }, body: 'error code: 1010' };
  }
  // Public files of another host: no app, no limit.
  const master = masterFile(request.path, state.symbols, now);
  if (master !== null) return master;
  const fields = request.method === 'POST' ? parseFields(request.body) : {};
  const limited = limit(state, accountOf(state, request, fields), now);
  if (limited !== null) return limited;
  switch (route) {
    case 'POST /api/v3/validate-authcode':
      return exchangeAuthCode(state, fields, now);
    case 'POST /api/v3/validate-refresh-token':
      return refreshAccessToken(state, fields, now);
    case 'GET /api/v3/profile':
      return authorized(state, request, now, profile);
    case 'GET /data/marketStatus':
      return authorized(state, request, now, (app) => marketStatus(state, app, now));
    case 'GET /data/depth':
      return authorized(state, request, now, () => depth(state, request.query, now));
    case 'GET /data/quotes':
      return authorized(state, request, now, () =>
        quotes(state, namesIn(request.query.get('symbols')), now),
      );
    case 'POST /data/quotes':
      return authorized(state, request, now, () => quotes(state, namesIn(fields['symbols']), now));
    case 'GET /data/history':
      return authorized(state, request, now, () => history(state, request.query, now));
    case 'POST /data/symbol-token':
      return authorized(state, request, now, () =>
        symbolTokens(state, namesIn(fields['symbols']), now),
      );
    case 'GET /indus/home/tbtws':
      return authorized(state, request, now, () => tbtAddress(state));
    case 'POST /api/v3/logout':
      return authorized(state, request, now, (_app, token) => {
        state.revoked.add(token);
        return success({ s: 'ok', code: 200, message: 'You are logged out' });
      });
    default:
      return refusal('notFound');
  }
}

function authorized(
  state: SimulatorState,
  request: SimulatedRequest,
  now: number,
  serve: (app: SimulatedApp, token: string) => SimulatedResponse,
): SimulatedResponse {
  const { app, token } = authorizationOf(state, request);
  const check =
    app === undefined ? 'invalid' : checkToken(state.seed, app, 'access_token', token, now);
  const isRevoked = state.revoked.has(token);
  if (app !== undefined && check === 'valid' && !isRevoked) return serve(app, token);
  if (request.path.startsWith('/data/')) return refusal('dataTokenRefused');
  if (request.path === '/api/v3/logout') return refusal('logoutRefused');
  if (check === 'expired') return refusal('tokenExpired');
  return refusal(isRevoked ? 'tokenRevoked' : 'tokenRefused');
}

/** `<app id>:<access token>`, without "Bearer"; the official SDKs request symbol tokens with the access token alone. */
function authorizationOf(
  state: SimulatorState,
  { authorization, path }: SimulatedRequest,
): { readonly app: SimulatedApp | undefined; readonly token: string } {
  const colon = authorization.indexOf(':');
  if (colon === -1 && path === '/data/symbol-token') {
    // Checks the signature only, not the expiry.
    const isOf = (app: SimulatedApp) =>
      checkToken(state.seed, app, 'access_token', authorization, Infinity) === 'expired';
    return { app: state.apps.find(isOf), token: authorization };
  }
  const id = authorization.slice(0, Math.max(0, colon));
  return { app: state.apps.find((app) => app.id === id), token: authorization.slice(colon + 1) };
}

/** Limits apply per account; calls without an account share one. */
function accountOf(
  state: SimulatorState,
  request: SimulatedRequest,
  fields: Readonly<Record<string, unknown>>,
): string {
  const app =
    authorizationOf(state, request).app ??
    state.apps.find((candidate) => appIdHash(candidate) === fields['appIdHash']);
  return app?.fyId ?? '';
}

function limit(state: SimulatorState, account: string, now: number): SimulatedResponse | null {
  const { usage, waitMs } = countCall(state.usages.get(account) ?? UNUSED, now);
  state.usages.set(account, usage);
  if (waitMs === null) return null;
  return {
    status: 429,
    headers: {
      'content-type': 'application/json',
      'retry-after': String(Math.ceil(waitMs / SECOND)),
    },
    body: '{"message":"request limit reached","code":429,"s":"error"}',
  };
}

/** Digests that let a test count equal PIN calls and codes. The four-digit PIN is only included together with a token. */
function digests(
  state: SimulatorState,
  { path, body }: SimulatedRequest,
): Pick<LoggedRequest, 'input' | 'grant'> {
  const digest = (...values: readonly unknown[]) =>
    createHash('sha256')
      .update(JSON.stringify([state.seed, ...values]))
      .digest('hex')
      .slice(0, 12);
  if (path === '/api/v3/validate-authcode') return { grant: digest(parseFields(body)['code']) };
  if (path !== '/api/v3/validate-refresh-token') return {};
  const { refresh_token: token, pin } = parseFields(body);
  return { input: digest(token, typeof token === 'string' && token !== '' ? pin : null) };
}

function parseFields(body: string): Readonly<Record<string, unknown>> {
  try {
    const fields: unknown = JSON.parse(body);
    return typeof fields === 'object' && fields !== null ? { ...fields } : {};
  } catch {
    return {};
  }
}

function codeOf({ status, body }: SimulatedResponse): number | null {
  // A successful answer's code is 200 or absent; skip the parse, because books are many.
  if (status < 400) return null;
  const code = /"code":(-?\d+)/.exec(body)?.[1];
  return code === undefined ? null : Number(code);
}
