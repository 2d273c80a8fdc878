import { describe, expect, test } from 'vitest';
import { register, unlock } from '../../../sandbox/fyers/accounts.ts';
import type { SimulatorState } from '../../../sandbox/fyers/state.ts';
import { appIdHash, mintTokens } from '../../../sandbox/fyers/tokens.ts';
import {
  APP,
  OTHER_APP,
  SEED,
  SEVEN,
  authorizationAt,
  readRedirect,
  get,
  logIn,
  openLogin,
  post,
  simulator,
} from './simulator.ts';

const WRONG = '0000';

function refresh(state: SimulatorState, pin: string, app = APP) {
  return post(state, '/api/v3/validate-refresh-token', SEVEN, {
    grant_type: 'refresh_token',
    appIdHash: appIdHash(app),
    refresh_token: mintTokens(SEED, app, SEVEN).refreshToken,
    pin,
  });
}

describe('A wrong PIN', () => {
  test('locks the account at the third attempt, in the API and on the login page, until it is unlocked', () => {
    const state = simulator();
    expect(refresh(state, WRONG)).toMatchObject({ status: 400, body: { code: -502 } });
    expect(logIn(state, { pin: WRONG })).toMatchObject({ status: 401 });
    expect(state.wrongPins.get(APP.fyId)).toBe(2);
    const third = logIn(state, { pin: WRONG });
    expect(third).toMatchObject({ status: 403 });
    expect(third.body).toContain('locked');
    expect(refresh(state, APP.pin)).toMatchObject({ status: 403, body: { code: -99 } });
    expect(logIn(state).status).toBe(403);
    expect(logIn(state, { pin: null }).status).toBe(403);
    expect(state.wrongPins.get(APP.fyId)).toBe(3);
    unlock(state, APP.fyId);
    expect(refresh(state, APP.pin).status).toBe(200);
  });

  test('is reset by a correct PIN before the lock', () => {
    const state = simulator();
    for (let round = 0; round < 3; round += 1) {
      refresh(state, WRONG);
      logIn(state, { pin: WRONG });
      expect(logIn(state).status).toBe(302);
    }
    expect(state.wrongPins.has(APP.fyId)).toBe(false);
  });

  test('locks no other account', () => {
    const state = simulator({ apps: [APP, OTHER_APP], pinTriesBeforeLock: 1 });
    refresh(state, WRONG);
    expect(refresh(state, APP.pin).status).toBe(403);
    expect(refresh(state, OTHER_APP.pin, OTHER_APP).status).toBe(200);
  });

  test('does not affect tokens that were issued before', () => {
    const state = simulator({ pinTriesBeforeLock: 1 });
    refresh(state, WRONG);
    expect(get(state, '/api/v3/profile', SEVEN, authorizationAt(SEVEN)).status).toBe(200);
  });

  test('does not count if refreshing is off or the token is invalid', () => {
    const state = simulator({ refresh: 'refused' });
    refresh(state, WRONG);
    state.refresh = 'accepted';
    post(state, '/api/v3/validate-refresh-token', SEVEN, {
      grant_type: 'refresh_token',
      appIdHash: appIdHash(APP),
      refresh_token: 'a.b.c',
      pin: WRONG,
    });
    expect(state.wrongPins.size).toBe(0);
  });
});

describe('The owner of an app', () => {
  test('registers another redirect URL, and the old one is refused', () => {
    const state = simulator();
    const redirectUri = 'https://abc.lambda-url.ap-south-1.on.aws/';
    expect(register(state, APP.id, { redirectUri })).toBe(true);
    expect(openLogin(state).status).toBe(400);
    const answer = logIn(state, { redirect_uri: redirectUri });
    expect(answer.headers['location']).toMatch(
      /^https:\/\/abc\.lambda-url\.ap-south-1\.on\.aws\/\?s=ok&code=200&/,
    );
    expect(readRedirect(answer)).toMatchObject({ s: 'ok' });
  });

  test('creates a new secret, and the hash of the old one is refused', () => {
    const state = simulator();
    register(state, APP.id, { secret: 'NEWSECRET1' });
    expect(refresh(state, APP.pin)).toMatchObject({ status: 400, body: { code: -371 } });
    expect(refresh(state, APP.pin, { ...APP, secret: 'NEWSECRET1' }).status).toBe(200);
  });

  test('changes the PIN, and the old one is wrong', () => {
    const state = simulator();
    register(state, APP.id, { pin: '1357' });
    expect([refresh(state, APP.pin).status, refresh(state, '1357').status]).toEqual([400, 200]);
  });

  test('cannot change an app that does not exist', () => {
    expect(register(simulator(), 'NOBODY-100', { pin: '1357' })).toBe(false);
  });
});

describe('The request log', () => {
  test('distinguishes refreshes by a digest of their input', () => {
    const state = simulator();
    for (const pin of [WRONG, APP.pin, WRONG]) refresh(state, pin);
    const inputs = state.requests.map(({ input }) => input);
    expect(inputs[0]).toMatch(/^[0-9a-f]{12}$/);
    expect(inputs[2]).toBe(inputs[0]);
    expect(inputs[1]).not.toBe(inputs[0]);
  });

  test('has the same digest for different PINs without a refresh token', () => {
    const state = simulator();
    for (const pin of [WRONG, APP.pin]) {
      post(state, '/api/v3/validate-refresh-token', SEVEN, { pin, refresh_token: '' });
    }
    expect(new Set(state.requests.map(({ input }) => input)).size).toBe(1);
  });

  test('distinguishes exchanges by a digest of their code', () => {
    const state = simulator();
    const codes = ['one', 'two', 'one'];
    for (const code of codes) post(state, '/api/v3/validate-authcode', SEVEN, { code });
    const [first, second, third] = state.requests.map(({ grant }) => grant);
    expect(third).toBe(first);
    expect(second).not.toBe(first);
  });

  test('has no digest for other requests', () => {
    const state = simulator();
    get(state, '/api/v3/profile', SEVEN, authorizationAt(SEVEN));
    expect(Object.keys(state.requests[0] ?? {})).toEqual([
      'at',
      'method',
      'path',
      'symbol',
      'status',
      'code',
    ]);
  });
});

test('A broker that is down answers 503 to everything and counts nothing', () => {
  const state = simulator({ pinTriesBeforeLock: 1 });
  state.isDown = true;
  const answers = [openLogin(state), logIn(state, { pin: WRONG })];
  expect(answers.map(({ status }) => status)).toEqual([503, 503]);
  expect([state.wrongPins.size, state.usages.size, state.requests.length]).toEqual([0, 0, 2]);
  state.isDown = false;
  expect(logIn(state).status).toBe(302);
});
