import { describe, expect, test } from 'vitest';
import { reply } from '../../../sandbox/fyers/reply.ts';
import type { SimulatorState } from '../../../sandbox/fyers/state.ts';
import { appIdHash, checkToken, mintToken, mintTokens } from '../../../sandbox/fyers/tokens.ts';
import {
  APP,
  NOON,
  OTHER_APP,
  SEED,
  SEVEN,
  authorizationAt,
  call,
  readRedirect,
  get,
  logIn,
  post,
  simulator,
} from './simulator.ts';

const EXCHANGE = '/api/v3/validate-authcode';
const REFRESH = '/api/v3/validate-refresh-token';
const PROFILE = '/api/v3/profile';

function claimsOf(token: unknown): unknown {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());
}

function authCode(state: SimulatorState): string {
  return readRedirect(logIn(state))['auth_code'] ?? '';
}

const exchange = (code: string) => ({
  grant_type: 'authorization_code',
  appIdHash: appIdHash(APP),
  code,
});
const refresh = (fields: Readonly<Record<string, string>> = {}) => ({
  grant_type: 'refresh_token',
  appIdHash: appIdHash(APP),
  refresh_token: mintTokens(SEED, APP, SEVEN).refreshToken,
  pin: APP.pin,
  ...fields,
});

describe('validate-authcode', () => {
  test('returns an access token until 06:00 IST and a refresh token for fifteen days', () => {
    const state = simulator();
    const answer = post(state, EXCHANGE, SEVEN, exchange(authCode(state)));
    expect(answer).toMatchObject({ status: 200, body: { s: 'ok', code: 200, message: '' } });
    const { access_token, refresh_token } = answer.body as Record<string, string>;
    expect(claimsOf(access_token)).toMatchObject({
      iss: 'api.fyers.in',
      sub: 'access_token',
      aud: ['x:0', 'x:1', 'x:2', 'd:1', 'd:2'],
      fy_id: APP.fyId,
      appType: 100,
      iat: SEVEN / 1_000,
      exp: Date.parse('2026-11-26T06:00:00+05:30') / 1_000,
    });
    expect(claimsOf(refresh_token)).toMatchObject({
      sub: 'refresh_token',
      exp: Date.parse('2026-12-10T06:00:00+05:30') / 1_000,
    });
    expect(get(state, PROFILE, SEVEN, `${APP.id}:${access_token ?? ''}`).status).toBe(200);
  });

  test('accepts an auth code once', () => {
    const state = simulator();
    const code = authCode(state);
    post(state, EXCHANGE, SEVEN, exchange(code));
    expect(post(state, EXCHANGE, SEVEN, exchange(code))).toMatchObject({
      status: 400,
      body: { s: 'error', code: -437, message: 'invalid auth code' },
    });
  });

  test('accepts an auth code only within 30,000 seconds', () => {
    const code = mintToken(SEED, APP, 'auth_code', SEVEN);
    const at = (now: number) => post(simulator(), EXCHANGE, now, exchange(code)).status;
    expect(at(SEVEN + 30_000_000 - 1)).toBe(200);
    expect(at(SEVEN + 30_000_000)).toBe(400);
  });

  test.each([
    ['another grant type', { grant_type: 'refresh_token' }, -441, 'invalid grant type'],
    [
      'a hash of another secret',
      { appIdHash: appIdHash({ ...APP, secret: 'WRONG' }) },
      -371,
      'Please provide sha256 hash of appId and app secret',
    ],
    ['no code', { code: '' }, -374, 'Please provide authorization code.'],
    ['a forged code', { code: 'a.b.c' }, -437, 'invalid auth code'],
    [
      'a code of another app',
      { code: mintToken(SEED, OTHER_APP, 'auth_code', SEVEN) },
      -437,
      'invalid auth code',
    ],
    [
      'an access token instead of a code',
      { code: mintToken(SEED, APP, 'access_token', SEVEN) },
      -437,
      'invalid auth code',
    ],
  ])('refuses %s', (_, fields, code, message) => {
    const state = simulator({ apps: [APP, OTHER_APP] });
    const answer = post(state, EXCHANGE, SEVEN, { ...exchange(authCode(state)), ...fields });
    expect(answer).toMatchObject({ status: 400, body: { s: 'error', code, message } });
  });

  test('mints two different tokens in one second', () => {
    const state = simulator();
    const first = post(state, EXCHANGE, SEVEN, exchange(authCode(state)));
    const second = post(state, EXCHANGE, SEVEN, exchange(authCode(state)));
    expect(first.body).not.toEqual(second.body);
  });
});

describe('validate-refresh-token', () => {
  test('returns only an access token while refreshing is on', () => {
    const answer = post(simulator(), REFRESH, SEVEN, refresh());
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body as object)).toEqual(['s', 'code', 'message', 'access_token']);
  });

  test('refuses every request with the SEBI message while refreshing is off', () => {
    const state = simulator({ refresh: 'refused' });
    const refusal = {
      status: 400,
      body: {
        s: 'error',
        code: -16,
        message: 'Refresh token API is currently disabled to comply with SEBI regulations.',
      },
    };
    expect(post(state, REFRESH, SEVEN, refresh())).toMatchObject(refusal);
    expect(post(state, REFRESH, SEVEN, {})).toMatchObject(refusal);
  });

  test.each([
    ['a wrong PIN', { pin: '0000' }, -502],
    ['a forged token', { refresh_token: 'a.b.c' }, -501],
    ['a wrong grant type', { grant_type: 'authorization_code' }, -441],
    ['an unknown hash', { appIdHash: 'ff' }, -371],
  ])('refuses %s', (_, fields, code) => {
    expect(post(simulator(), REFRESH, SEVEN, refresh(fields))).toMatchObject({
      status: 400,
      body: { s: 'error', code },
    });
  });

  test('accepts a refresh token until 06:00 IST of its fifteenth day', () => {
    const end = Date.parse('2026-12-09T06:00:00+05:30');
    expect(post(simulator(), REFRESH, end - 1, refresh()).status).toBe(200);
    expect(post(simulator(), REFRESH, end, refresh())).toMatchObject({
      body: { code: -501, message: 'Please provide valid refresh token' },
    });
  });
});

describe('An access token', () => {
  const dies = Date.parse('2026-11-26T06:00:00+05:30');

  test('is live until 06:00 IST and expired from then on', () => {
    const token = authorizationAt(NOON);
    expect(get(simulator(), PROFILE, dies - 1, token)).toMatchObject({
      status: 200,
      body: { s: 'ok', code: 200, data: { fy_id: APP.fyId } },
    });
    expect(get(simulator(), PROFILE, dies, token)).toMatchObject({
      status: 401,
      body: { s: 'error', code: -8, message: 'Your token has expired. Please generate a token' },
    });
  });

  test('minted before 06:00 IST expires the same morning', () => {
    const early = Date.parse('2026-11-25T05:59:59+05:30');
    const token = mintToken(SEED, APP, 'access_token', early);
    expect(checkToken(SEED, APP, 'access_token', token, early + 999)).toBe('valid');
    expect(checkToken(SEED, APP, 'access_token', token, early + 1_000)).toBe('expired');
  });

  test.each([
    ['no header', ''],
    ['a Bearer prefix', `Bearer ${authorizationAt(SEVEN)}`],
    ['the token of another app', `${APP.id}:${mintToken(SEED, OTHER_APP, 'access_token', SEVEN)}`],
    ['a token of another simulator', `${APP.id}:${mintToken('other', APP, 'access_token', SEVEN)}`],
    ['a refresh token', `${APP.id}:${mintToken(SEED, APP, 'refresh_token', SEVEN)}`],
  ])('is rejected as unauthenticated: %s', (_, authorization) => {
    const state = simulator({ apps: [APP, OTHER_APP] });
    expect(get(state, PROFILE, NOON, authorization)).toMatchObject({
      status: 401,
      body: { s: 'error', code: -16, message: 'Could not authenticate the user' },
    });
  });

  test('cannot read the profile if the app has no permission, but can read the depth', () => {
    const app = { ...APP, mayReadProfile: false };
    const state = simulator({ apps: [app] });
    expect(get(state, PROFILE, NOON, authorizationAt(SEVEN, app))).toMatchObject({
      body: { code: -373 },
    });
    expect(
      get(state, '/data/depth?symbol=NSE:SBIN-EQ', NOON, authorizationAt(SEVEN, app)).status,
    ).toBe(200);
  });

  test('is dead after a logout, but only for its app', () => {
    const state = simulator({ apps: [APP, OTHER_APP] });
    const token = authorizationAt(SEVEN);
    const logout = () => call(state, 'POST', '/api/v3/logout', NOON, token);
    expect(logout()).toMatchObject({ status: 200, body: { s: 'ok', code: 200 } });
    expect(get(state, PROFILE, NOON, token)).toMatchObject({ status: 401, body: { code: -17 } });
    expect(get(state, '/data/marketStatus', NOON, token)).toMatchObject({ body: { code: -15 } });
    expect(logout()).toMatchObject({
      status: 401,
      body: { code: -16, message: 'Token is Invalid or Expired' },
    });
    expect(get(state, PROFILE, NOON, authorizationAt(SEVEN, OTHER_APP)).status).toBe(200);
  });

  test('cannot read the market status if the app has no permission', () => {
    const app = { ...APP, mayReadMarketStatus: false };
    const state = simulator({ apps: [app] });
    const answer = get(state, '/data/marketStatus', NOON, authorizationAt(SEVEN, app));
    expect(answer).toMatchObject({ status: 403, body: { s: 'error', code: -373 } });
  });

  test('from mintTokens is yesterday’s, with a refresh token that is still valid', () => {
    const { accessToken, refreshToken } = mintTokens(SEED, APP, SEVEN);
    expect(checkToken(SEED, APP, 'access_token', accessToken, SEVEN)).toBe('expired');
    expect(checkToken(SEED, APP, 'refresh_token', refreshToken, SEVEN)).toBe('valid');
  });
});

test('Cloudflare refuses a bare Python agent in plain text', () => {
  const answer = reply(
    simulator(),
    {
      method: 'GET',
      path: PROFILE,
      query: new URLSearchParams(),
      authorization: authorizationAt(SEVEN),
      userAgent: 'Python-urllib/3.11',
      body: '',
    },
    NOON,
  );
  expect(answer).toMatchObject({ status: 403, body: 'error code: 1010' });
});
