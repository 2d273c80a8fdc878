// What Fyers answers to one request. The wire formats, limits and refusals are those of the documentation of API v3
// and of what its users report; where the real answer is not known, the comment says so.
import { authCodeForm, exchangeAuthCode, loginPage, refreshAccessToken } from './auth.ts';
import { depth, marketStatus, profile } from './data.ts';
import { UNUSED, countCall } from './limits.ts';
import {
  failure,
  type SimulatedRequest,
  type SimulatedResponse,
  type SimulatorState,
} from './state.ts';
import { SECOND } from './time.ts';
import { appIdHash, checkToken, type SimulatedApp } from './tokens.ts';

/** Changes `state` in place: usage, ledger, spent codes and request log. `now` is epoch milliseconds. */
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
  });
  return response;
}

function answer(state: SimulatorState, request: SimulatedRequest, now: number): SimulatedResponse {
  const route = `${request.method} ${request.path}`;
  if (route === 'GET /api/v3/generate-authcode') return loginPage(state, request);
  if (route === 'POST /api/v3/generate-authcode') return authCodeForm(state, request, now);
  // Cloudflare stands before the API and refuses these agents in plain text.
  if (request.userAgent === '' || request.userAgent.startsWith('Python-urllib')) {
    return { status: 403, headers: { 'content-type': 'text/plain' }, body: 'error code: 1010' };
  }
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
      return authorized(state, request, now, () => marketStatus(now));
    case 'GET /data/depth':
      return authorized(state, request, now, () => depth(state, request.query.get('symbol'), now));
    default:
      return failure(404, -99, 'Not found');
  }
}

function authorized(
  state: SimulatorState,
  request: SimulatedRequest,
  now: number,
  serve: (app: SimulatedApp) => SimulatedResponse,
): SimulatedResponse {
  const { app, token } = authorizationOf(state, request);
  const check =
    app === undefined ? 'invalid' : checkToken(state.seed, app, 'access_token', token, now);
  if (app !== undefined && check === 'valid') return serve(app);
  if (request.path.startsWith('/data/')) return failure(401, -15, 'Please provide valid token');
  return check === 'expired'
    ? failure(401, -8, 'Your token has expired. Please generate a token')
    : failure(401, -16, 'Could not authenticate the user');
}

/** `<app id>:<access token>`, without "Bearer". */
function authorizationOf(
  state: SimulatorState,
  { authorization }: SimulatedRequest,
): { readonly app: SimulatedApp | undefined; readonly token: string } {
  const colon = authorization.indexOf(':');
  const id = authorization.slice(0, Math.max(0, colon));
  return { app: state.apps.find((app) => app.id === id), token: authorization.slice(colon + 1) };
}

/** The limits are the account's; a caller that names none shares one. */
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

function parseFields(body: string): Readonly<Record<string, unknown>> {
  try {
    const fields: unknown = JSON.parse(body);
    return typeof fields === 'object' && fields !== null ? { ...fields } : {};
  } catch {
    return {};
  }
}

function codeOf({ status, body }: SimulatedResponse): number | null {
  // A good answer's code is 200 or absent; looking for it would cost a parse of every book.
  if (status < 400) return null;
  const code = /"code":(-?\d+)/.exec(body)?.[1];
  return code === undefined ? null : Number(code);
}
