// Creates a simulator with one app, and sends requests as the app's owner.
import { ONE_TIME_PASSWORD } from '../../../sandbox/fyers/auth.ts';
import { reply } from '../../../sandbox/fyers/reply.ts';
import {
  newState,
  type SimulatedResponse,
  type SimulatorOptions,
  type SimulatorState,
} from '../../../sandbox/fyers/state.ts';
import { mintToken, type SimulatedApp } from '../../../sandbox/fyers/tokens.ts';

export const SEED = 'test';
export const APP: SimulatedApp = {
  id: 'ABCD1234EF-100',
  secret: 'SECRET1234',
  pin: '4821',
  fyId: 'XA00001',
  redirectUri: 'https://trade.fyers.in/api-login/redirect-uri/index.html',
};
/** An app of another account. */
export const OTHER_APP: SimulatedApp = {
  ...APP,
  id: 'ZZZZ1234EF-100',
  secret: 'OTHER12345',
  pin: '7395',
  fyId: 'XB00002',
};
/** Both instants are on a Wednesday. */
export const SEVEN = Date.parse('2026-11-25T07:00:00+05:30');
export const NOON = Date.parse('2026-11-25T12:00:00+05:30');

export function simulator(options: Partial<SimulatorOptions> = {}): SimulatorState {
  return newState({ seed: SEED, apps: [APP], refresh: 'accepted', ...options });
}

export function authorizationAt(issuedAt: number, app: SimulatedApp = APP): string {
  return `${app.id}:${mintToken(SEED, app, 'access_token', issuedAt)}`;
}

export const LOGIN = '/api/v3/generate-authcode';

/** Submits the complete login form, changed by `fields`; null removes a field. */
export function logIn(
  state: SimulatorState,
  fields: Readonly<Record<string, string | null>> = {},
  now = SEVEN,
): SimulatedResponse {
  const form = new URLSearchParams({ ...LOGIN_QUERY, otp: ONE_TIME_PASSWORD, pin: APP.pin });
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) form.delete(name);
    else form.set(name, value);
  }
  const request = { method: 'POST', path: LOGIN, query: new URLSearchParams() };
  const body = form.toString();
  return reply(state, { ...request, authorization: '', userAgent: 'browser', body }, now);
}

/** Opens the page of the login link. */
export function openLogin(
  state: SimulatorState,
  query: Readonly<Record<string, string>> = {},
  cookie = '',
  now = SEVEN,
): SimulatedResponse {
  const request = { method: 'GET', path: LOGIN, authorization: '', userAgent: 'browser', body: '' };
  return reply(
    state,
    { ...request, query: new URLSearchParams({ ...LOGIN_QUERY, ...query }), cookie },
    now,
  );
}

const LOGIN_QUERY = {
  client_id: APP.id,
  redirect_uri: APP.redirectUri,
  response_type: 'code',
  state: 'abc123',
};

/** Reads the query of a redirect to the app. */
export function readRedirect(answer: SimulatedResponse): Readonly<Record<string, string>> {
  return Object.fromEntries(new URL(answer.headers['location'] ?? '').searchParams);
}

export interface JsonResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export function get(
  state: SimulatorState,
  address: string,
  now: number,
  authorization = '',
): JsonResponse {
  return call(state, 'GET', address, now, authorization);
}

export function post(
  state: SimulatorState,
  address: string,
  now: number,
  json: Readonly<Record<string, string>>,
): JsonResponse {
  return call(state, 'POST', address, now, '', JSON.stringify(json));
}

export function call(
  state: SimulatorState,
  method: string,
  address: string,
  now: number,
  authorization: string,
  body = '',
): JsonResponse {
  const { pathname: path, searchParams: query } = new URL(address, 'http://127.0.0.1');
  const request = { method, path, query, authorization, userAgent: 'test', body };
  const answer = reply(state, request, now);
  return { ...answer, body: JSON.parse(answer.body) };
}
