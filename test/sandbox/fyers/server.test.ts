import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startFyers, type FyersSimulator } from '../../../sandbox/fyers/server.ts';
import { appIdHash, mintTokens } from '../../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN, authorizationAt } from './simulator.ts';

let fyers: FyersSimulator;

beforeEach(async () => {
  fyers = await startFyers({ seed: SEED, apps: [APP], refresh: 'accepted', startsAt: SEVEN });
});
afterEach(() => fyers.close());

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

  test('starts with a clock that flows, and holds one that was set', async () => {
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

  test('tells another process what it served', async () => {
    await control('/clock', { now: NOON });
    await depth();
    expect((await control('/ledger')).body).toEqual({
      'NSE:SBIN-EQ': fyers.ledger()['NSE:SBIN-EQ'],
    });
    expect(fyers.ledger()['NSE:SBIN-EQ']?.books).toBe(1);
  });

  test('logs requests without anything secret', async () => {
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

  test('switches refreshing off from outside', async () => {
    await control('/refresh', { refresh: 'refused' });
    const response = await fetch(`${fyers.url}/api/v3/validate-refresh-token`, {
      method: 'POST',
      body: '{}',
    });
    expect(await response.json()).toMatchObject({ code: -16 });
  });

  test.each([
    ['/clock', { now: 'noon' }],
    ['/refresh', {}],
    ['/nothing', {}],
  ])('refuses a control call it does not understand: %s', async (path, body) => {
    expect((await control(path, body)).status).toBeGreaterThanOrEqual(400);
  });

  test('binds loopback only', () => {
    expect([fyers.url, fyers.controlUrl].map((url) => new URL(url).hostname)).toEqual([
      '127.0.0.1',
      '127.0.0.1',
    ]);
  });
});
