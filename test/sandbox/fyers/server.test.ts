import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ONE_TIME_PASSWORD } from '../../../sandbox/fyers/auth.ts';
import { startFyers, type FyersSimulator } from '../../../sandbox/fyers/server.ts';
import { appIdHash, mintTokens } from '../../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN, authorizationAt } from './simulator.ts';

let fyers: FyersSimulator;

beforeEach(async () => {
  fyers = await startFyers({ seed: SEED, apps: [APP], refresh: 'accepted', startsAt: SEVEN });
});
afterEach(() => fyers.close());

const startWithSessions = async () => {
  const options = { seed: SEED, apps: [APP], refresh: 'accepted', startsAt: SEVEN } as const;
  const started = await startFyers({ ...options, hasWebSessions: true });
  return { url: started.url, [Symbol.asyncDispose]: started.close };
};
const control = async (path: string, body?: unknown) => {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await fetch(fyers.controlUrl + path, init);
  return { status: response.status, body: await response.json() };
};
const depth = async () => {
  const response = await fetch(`${fyers.url}/data/depth?symbol=NSE%3ASBIN-EQ&ohlcv_flag=1`, {
    headers: { authorization: authorizationAt(SEVEN) },
  });
  return response.text();
};

describe('The simulator over HTTP', () => {
  test('serves the same book at the same instant and another one later', async () => {
    await control('/clock', { now: NOON });
    const first = await depth();
    expect(await depth()).toBe(first);
    await control('/clock', { now: NOON + 5_000 });
    expect(await depth()).not.toBe(first);
    expect(first).toMatch(/^\{"s":"ok","d":\{"NSE:SBIN-EQ":/);
  });

  test('starts with a running clock, and stops it at an instant that is set', async () => {
    expect(fyers.now()).toBeGreaterThanOrEqual(SEVEN);
    expect(fyers.now()).toBeLessThan(SEVEN + 60_000);
    await control('/clock', { now: NOON });
    await control('/ledger');
    expect(fyers.now()).toBe(NOON);
    fyers.setClock(SEVEN);
    await control('/ledger');
    expect(fyers.now()).toBe(SEVEN);
    await control('/clock', { now: NOON, flows: true });
    await expect.poll(fyers.now).toBeGreaterThan(NOON);
  });

  test('returns its ledger to another process', async () => {
    await control('/clock', { now: NOON });
    await depth();
    expect((await control('/ledger')).body).toEqual({
      'NSE:SBIN-EQ': fyers.ledger()['NSE:SBIN-EQ'],
    });
    expect(fyers.ledger()['NSE:SBIN-EQ']?.books).toBe(1);
  });

  test('logs requests without secrets', async () => {
    const { refreshToken } = mintTokens(SEED, APP, SEVEN);
    const response = await fetch(`${fyers.url}/api/v3/validate-refresh-token`, {
      method: 'POST',
      body: JSON.stringify({
        grant_type: 'refresh_token',
        appIdHash: appIdHash(APP),
        refresh_token: refreshToken,
        pin: APP.pin,
      }),
    });
    const minted = await response.text();
    expect(minted).toContain('"access_token"');
    await control('/clock', { now: NOON });
    await depth();
    const log = (await control('/requests')).body;
    expect(log).toEqual(fyers.requests());
    expect(log).toEqual([
      expect.objectContaining({
        method: 'POST',
        path: '/api/v3/validate-refresh-token',
        code: null,
      }),
      {
        at: NOON,
        method: 'GET',
        path: '/data/depth',
        symbol: 'NSE:SBIN-EQ',
        status: 200,
        code: null,
      },
    ]);
    for (const secret of [refreshToken, APP.pin, appIdHash(APP)]) {
      expect(JSON.stringify(log)).not.toContain(secret);
    }
  });

  test('switches refreshing off with a control call', async () => {
    await control('/refresh', { refresh: 'refused' });
    const response = await fetch(`${fyers.url}/api/v3/validate-refresh-token`, {
      method: 'POST',
      body: '{}',
    });
    expect(await response.json()).toMatchObject({ code: -16 });
  });

  test('goes down and up with a control call', async () => {
    await control('/down', { down: true });
    expect((await fetch(`${fyers.url}/api/v3/profile`)).status).toBe(503);
    await control('/down', { down: false });
    expect((await fetch(`${fyers.url}/api/v3/profile`)).status).toBe(401);
  });

  test('changes redirect URL and secret with a control call', async () => {
    const redirectUri = 'https://example.invalid/';
    const answer = await control('/register', { appId: APP.id, redirectUri, secret: 'NEW' });
    expect(answer.status).toBe(200);
    expect(fyers.state.apps).toEqual([{ ...APP, redirectUri, secret: 'NEW' }]);
  });

  test('lists wrong PINs by account, and unlocks an account', async () => {
    fyers.state.wrongPins.set(APP.fyId, 3);
    const accounts = async () => (await control('/accounts')).body;
    expect(await accounts()).toEqual({ [APP.fyId]: { wrongPins: 3, isLocked: true } });
    await control('/unlock', { account: APP.fyId });
    expect(await accounts()).toEqual({ [APP.fyId]: { wrongPins: 0, isLocked: false } });
  });

  test('keeps a browser logged in by its cookie', async () => {
    await using sessions = await startWithSessions();
    const query = new URLSearchParams({
      client_id: APP.id,
      redirect_uri: APP.redirectUri,
      response_type: 'code',
      state: 'abc123',
    });
    const address = `${sessions.url}/api/v3/generate-authcode`;
    const body = `${query.toString()}&otp=${ONE_TIME_PASSWORD}&pin=${APP.pin}`;
    const login = await fetch(address, { method: 'POST', body, redirect: 'manual' });
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const visit = (headers: Readonly<Record<string, string>>) =>
      fetch(`${address}?${query.toString()}`, { headers, redirect: 'manual' });
    expect((await visit({ cookie })).headers.get('location')).toContain('&auth_code=');
    expect((await visit({})).status).toBe(200);
  });

  test.each([
    ['/clock', { now: 'noon' }],
    ['/refresh', {}],
    ['/down', { down: 'yes' }],
    ['/unlock', { account: 'XC00003' }],
    ['/register', { appId: APP.id }],
    ['/register', { appId: APP.id, redirectUri: 'nowhere' }],
    ['/register', { appId: 'NOBODY-100', secret: 'NEW' }],
    ['/nothing', {}],
  ])('rejects an invalid control call: %s', async (path, body) => {
    expect((await control(path, body)).status).toBeGreaterThanOrEqual(400);
  });

  test('listens only on loopback', () => {
    expect([fyers.url, fyers.controlUrl].map((url) => new URL(url).hostname)).toEqual([
      '127.0.0.1',
      '127.0.0.1',
    ]);
  });
});
