// The login page, the auth code and the two ways to an access token.
import {
  failure,
  success,
  type SimulatedRequest,
  type SimulatedResponse,
  type SimulatorState,
} from './state.ts';
import { appIdHash, checkToken, mintToken, type SimulatedApp, type TokenKind } from './tokens.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The stand-in for Fyers' second factor: the simulator's page accepts only this. */
export const ONE_TIME_PASSWORD = '000000';

/** `GET /api/v3/generate-authcode`: a form in place of Fyers' own pages. */
export function loginPage(state: SimulatorState, { query }: SimulatedRequest): SimulatedResponse {
  const problem = problemOf(state, query);
  return problem ?? page(200, query, '');
}

/** The form's answer: a redirect to the app, or the page once more. */
export function authCodeForm(
  state: SimulatorState,
  request: SimulatedRequest,
  now: number,
): SimulatedResponse {
  const form = new URLSearchParams(request.body);
  const problem = problemOf(state, form);
  if (problem !== null) return problem;
  const app = appOf(state, form);
  if (form.get('otp') !== ONE_TIME_PASSWORD || form.get('pin') !== app?.pin) {
    return page(401, form, 'The one-time password or the PIN is wrong.');
  }
  const to = new URL(app.redirectUri);
  to.searchParams.set('s', 'ok');
  to.searchParams.set('code', '200');
  to.searchParams.set('message', '');
  to.searchParams.set('auth_code', mint(state, app, 'auth_code', now));
  to.searchParams.set('state', form.get('state') ?? '');
  return { status: 302, headers: { location: to.href }, body: '' };
}

/** `POST /api/v3/validate-authcode` */
export function exchangeAuthCode(
  state: SimulatorState,
  fields: Fields,
  now: number,
): SimulatedResponse {
  const app = provenApp(state, fields, 'authorization_code');
  if ('status' in app) return app;
  const { code } = fields;
  if (typeof code !== 'string' || code === '') {
    return failure(400, -374, 'Please provide authorization code.');
  }
  if (
    state.spentCodes.has(code) ||
    checkToken(state.seed, app, 'auth_code', code, now) !== 'valid'
  ) {
    return failure(400, -437, 'invalid auth code');
  }
  state.spentCodes.add(code);
  return success({
    s: 'ok',
    code: 200,
    message: '',
    access_token: mint(state, app, 'access_token', now),
    // Still handed out with fifteen days to live, although nothing accepts it any more.
    refresh_token: mint(state, app, 'refresh_token', now),
  });
}

/** `POST /api/v3/validate-refresh-token`: switched off since 1 April 2026, whatever is sent. */
export function refreshAccessToken(
  state: SimulatorState,
  fields: Fields,
  now: number,
): SimulatedResponse {
  if (state.refresh === 'refused') {
    const message = 'Refresh token API is currently disabled to comply with SEBI regulations.';
    return failure(400, -16, message);
  }
  const app = provenApp(state, fields, 'refresh_token');
  if ('status' in app) return app;
  const token = fields['refresh_token'];
  if (
    typeof token !== 'string' ||
    (token !== app.honoured && checkToken(state.seed, app, 'refresh_token', token, now) !== 'valid')
  ) {
    return failure(400, -501, 'Please provide valid refresh token');
  }
  // The real code and words for a wrong PIN are not established; this is one public report.
  if (fields['pin'] !== app.pin) return failure(400, -502, 'invalid pin');
  return success({
    s: 'ok',
    code: 200,
    message: '',
    access_token: mint(state, app, 'access_token', now),
  });
}

function provenApp(
  state: SimulatorState,
  fields: Fields,
  grantType: string,
): SimulatedApp | SimulatedResponse {
  if (fields['grant_type'] !== grantType) return failure(400, -441, 'invalid grant type');
  const app = state.apps.find((candidate) => appIdHash(candidate) === fields['appIdHash']);
  return app ?? failure(400, -371, 'Please provide sha256 hash of appId and app secret');
}

function mint(state: SimulatorState, app: SimulatedApp, kind: TokenKind, now: number): string {
  state.minted += 1;
  return mintToken(state.seed, app, kind, now, state.minted);
}

function appOf(state: SimulatorState, query: URLSearchParams): SimulatedApp | undefined {
  return state.apps.find((app) => app.id === query.get('client_id'));
}

function problemOf(state: SimulatorState, query: URLSearchParams): SimulatedResponse | null {
  const app = appOf(state, query);
  if (app === undefined) return failure(400, -352, 'invalid app id');
  if (query.get('redirect_uri') !== app.redirectUri || query.get('response_type') !== 'code') {
    return failure(400, -50, 'Invalid input');
  }
  return null;
}

function page(status: number, query: URLSearchParams, problem: string): SimulatedResponse {
  const hidden = ['client_id', 'redirect_uri', 'response_type', 'state']
    .map((name) => `<input type="hidden" name="${name}" value="${escape(query.get(name) ?? '')}">`)
    .join('');
  const body = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Fyers (simulated)</title>
<h1>Simulated Fyers login</h1><p>${problem}</p>
<form method="post" action="/api/v3/generate-authcode">${hidden}
<label>One-time password (${ONE_TIME_PASSWORD}) <input name="otp" autocomplete="off"></label>
<label>PIN <input name="pin" type="password" autocomplete="off"></label>
<button>Log in</button></form></html>`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
