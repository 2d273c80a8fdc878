import { describe, expect, test } from 'vitest';
import { ONE_TIME_PASSWORD } from '../../../sandbox/fyers/auth.ts';
import { reply } from '../../../sandbox/fyers/reply.ts';
import type { SimulatorState } from '../../../sandbox/fyers/state.ts';
import { appIdHash } from '../../../sandbox/fyers/tokens.ts';
import {
  APP,
  LOGIN,
  OTHER_APP,
  SEVEN,
  readRedirect,
  get,
  logIn,
  openLogin,
  post,
  simulator,
} from './simulator.ts';

/** Returns the fields that a browser would send for the form. */
function readForm(html: string): Readonly<Record<string, string>> {
  const inputs = html.matchAll(/<input [^>]*name="([^"]*)"[^>]*value="([^"]*)"/g);
  return Object.fromEntries([...inputs].map(([, name = '', value = '']) => [name, value]));
}

describe('The login page', () => {
  test('asks for client ID and one-time password, then for the PIN, and then redirects to the app', () => {
    const state = simulator();
    const first = openLogin(state);
    expect(first).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
    });
    expect(Object.keys(readForm(first.body)).slice(-2)).toEqual(['fy_id', 'otp']);
    const second = logIn(state, { ...readForm(first.body), otp: ONE_TIME_PASSWORD, pin: null });
    expect(second.status).toBe(200);
    expect(second.body).toContain('name="pin" type="password"');
    const third = logIn(state, { ...readForm(second.body), pin: APP.pin });
    expect(third.status).toBe(302);
    expect(readRedirect(third)).toMatchObject({ s: 'ok', state: 'abc123' });
  });

  test('fits a phone in light and dark mode, has no script, and escapes its input', () => {
    const { body } = openLogin(simulator(), { state: '"><script>', fy_id: '<b>' });
    expect(body).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
    expect(body).toContain('color-scheme:light dark');
    expect(body).toContain(`<form method="post" action="${LOGIN}">`);
    expect(body).not.toMatch(/<script|<b>/);
  });

  test('redirects with s, code, message, auth_code and the given state', () => {
    const answer = logIn(simulator());
    const to = new URL(answer.headers['location'] ?? '');
    expect(answer.status).toBe(302);
    expect(to.origin + to.pathname).toBe(APP.redirectUri);
    expect([...to.searchParams.keys()]).toEqual(['s', 'code', 'message', 'auth_code', 'state']);
    expect(to.searchParams.get('state')).toBe('abc123');
    const [, claims = ''] = (to.searchParams.get('auth_code') ?? '').split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sub: 'auth_code',
      app_id: 'ABCD1234EF',
      exp: SEVEN / 1_000 + 30_000,
    });
  });

  test.each([
    ['a wrong one-time password', { otp: '111111' }, 401],
    ['an unknown client ID', { fy_id: 'XC00003' }, 401],
    ['a wrong PIN', { pin: '0000' }, 401],
    ['another redirect URL', { redirect_uri: 'http://127.0.0.1/' }, 400],
    ['an unknown app', { client_id: 'NOBODY-100' }, 400],
    ['another response type', { response_type: 'token' }, 400],
  ])('does not redirect for %s', (_, fields, status) => {
    const answer = logIn(simulator(), fields);
    expect(answer.status).toBe(status);
    expect(answer.headers['location']).toBeUndefined();
  });

  test('redirects with an error if the user cancels', () => {
    const answer = logIn(simulator(), { action: 'cancel', otp: null, pin: null });
    expect(readRedirect(answer)).toEqual({
      s: 'error',
      code: '-99',
      message: 'Login was cancelled by the user',
      state: 'abc123',
    });
  });
});

describe('Another user of the broker', () => {
  const asOther = { fy_id: OTHER_APP.fyId, pin: OTHER_APP.pin };

  test('gets an error, because an app is for its own account', () => {
    for (const state of [
      simulator({ apps: [APP, OTHER_APP] }),
      simulator({ others: { [OTHER_APP.fyId]: OTHER_APP.pin } }),
    ]) {
      const back = readRedirect(logIn(state, asOther));
      expect(back).toMatchObject({ s: 'error', code: '-373', state: 'abc123' });
      expect(back).not.toHaveProperty('auth_code');
    }
  });

  test('gets tokens of their own account if the app is for everyone', () => {
    const state = simulator({ apps: [{ ...APP, isForEveryone: true }, OTHER_APP] });
    const { body } = post(state, '/api/v3/validate-authcode', SEVEN, {
      grant_type: 'authorization_code',
      appIdHash: appIdHash(APP),
      code: readRedirect(logIn(state, asOther))['auth_code'] ?? '',
    });
    const { access_token, refresh_token = '' } = body as Record<string, string>;
    const profile = get(state, '/api/v3/profile', SEVEN, `${APP.id}:${access_token ?? ''}`);
    expect(profile.body).toMatchObject({ data: { fy_id: OTHER_APP.fyId } });
    const refresh = (pin: string) =>
      post(state, '/api/v3/validate-refresh-token', SEVEN, {
        grant_type: 'refresh_token',
        appIdHash: appIdHash(APP),
        refresh_token,
        pin,
      }).status;
    expect([refresh(APP.pin), refresh(OTHER_APP.pin)]).toEqual([400, 200]);
  });
});

describe('A browser session', () => {
  const SIX = Date.parse('2026-11-26T06:00:00+05:30');
  const cookieOf = (state: SimulatorState) =>
    (logIn(state).headers['set-cookie'] ?? '').split(';')[0] ?? '';

  test('skips the login form until 06:00 IST', () => {
    const state = simulator({ hasWebSessions: true });
    const cookie = cookieOf(state);
    expect(readRedirect(openLogin(state, {}, cookie))).toMatchObject({ s: 'ok', code: '200' });
    expect(openLogin(state, {}, `theme=dark; ${cookie}`, SIX - 1).status).toBe(302);
    expect(openLogin(state, {}, cookie, SIX).status).toBe(200);
    expect(openLogin(state, {}, 'fyers_session=0').status).toBe(200);
  });

  test('ends with a logout', () => {
    const state = simulator({ hasWebSessions: true });
    const cookie = cookieOf(state);
    const request = { method: 'GET', path: '/logout', query: new URLSearchParams(), body: '' };
    const out = reply(
      state,
      { ...request, authorization: '', userAgent: 'browser', cookie },
      SEVEN,
    );
    expect(out.headers['set-cookie']).toContain('Max-Age=0');
    expect(openLogin(state, {}, cookie).status).toBe(200);
  });

  test('exists only if the simulator has web sessions', () => {
    expect(logIn(simulator()).headers).not.toHaveProperty('set-cookie');
  });
});
