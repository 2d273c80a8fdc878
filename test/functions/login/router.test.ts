// Tests the login in the browser, from the link to the final page.
import { describe, expect, test } from 'vitest';
import { MINUTE, SECOND, istDate, istInstant, plus } from '../../../core/time.ts';
import type { AppId, LinkKey } from '../../../core/config/values.ts';
import { newState, readState } from '../../../core/token/login/link.ts';
import type { MintAnswer, Proof } from '../../../core/ports.ts';
import { LOGIN_URL_KEYWORD } from '../../../core/config/names.ts';
import {
  LINK,
  NEW,
  NEW_REFRESH,
  callback,
  codeOf,
  exchanges,
  exchanging,
  loginStateOf,
  processOf,
  stateAt,
  visit,
} from '../../support/logins.ts';
import {
  APP,
  LIVE,
  LOGIN,
  SEVEN,
  SIGNER,
  type World,
  keeperWorld,
} from '../../support/keeper-fixture.ts';

const RATE_LIMITED = { kind: 'rate-limited', detail: 'HTTP 429', retryAfterMs: null } as const;
const OTHER_KEY = '77'.repeat(32) as LinkKey;

const CLOSES = istInstant(istDate('2026-11-25'), '16:00');
const TOMORROW = istDate('2026-11-26');
const SUNDAY = istInstant(istDate('2026-11-29'), '10:00');

describe("The day's link", () => {
  test('leads to Fyers with a new state, and opening it changes nothing', async () => {
    const world = keeperWorld();
    const pages = [
      await visit(world, LINK),
      await visit(world, LINK),
      await visit(world, LINK, 'HEAD'),
    ];
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200]);
    const urls = pages.slice(0, 2).map(({ body }) => {
      const href = /class="press" href="([^"]*)"/.exec(body)?.[1] ?? '';
      return new URL(href.replaceAll('&#38;', '&'));
    });
    for (const url of urls) {
      expect(`${url.origin}${url.pathname}`).toBe('https://fyers.example/api/v3/generate-authcode');
      expect(url.searchParams.get('client_id')).toBe(APP.id);
      expect(url.searchParams.get('redirect_uri')).toBe(LOGIN.redirectUri);
      const state = url.searchParams.get('state') ?? '';
      expect(state).toMatch(/^[0-9a-f]+$/);
      expect(readState(SIGNER, state, world.clock.now(), {})).toMatchObject({ kind: 'valid' });
    }
    expect(new Set(urls.map((url) => url.searchParams.get('state'))).size).toBe(2);
    expect(pages[2]?.body).toBe('');
    expect(world.writes).toEqual([]);
    expect(world.claims.size).toBe(0);
    expect(world.calls).toEqual([]);
  });

  test('is valid until the session ends', async () => {
    const world = keeperWorld();
    world.clock.set(plus(CLOSES, -1));
    expect(await visit(world, LINK)).toMatchObject({
      status: 200,
      title: 'Fyers login for 25 Nov 2026',
    });
    world.clock.set(CLOSES);
    expect(await visit(world, LINK)).toMatchObject({ status: 409, title: 'The session is over' });
  });

  test('shows "Already done" with the expiry as soon as a live token is stored', async () => {
    const world = keeperWorld();
    const at = processOf(world);
    expect(await at.visit(LINK)).toMatchObject({ title: 'Fyers login for 25 Nov 2026' });
    world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    world.proofs.set(NEW, LIVE);
    const page = await at.visit(LINK);
    expect(page).toMatchObject({ status: 200, title: 'Already done' });
    expect(page.body).toContain('valid until 26 Nov 2026, 06:00 IST');
  });

  test('shows the command to run if the redirect URL is another page', async () => {
    const world = keeperWorld({
      settings: { login: { ...LOGIN, redirectUri: 'https://elsewhere.example/' } },
    });
    const page = await visit(world, LINK);
    expect(page.status).toBe(409);
    expect(page.body).toContain('pulumi config set redirectUri loginUrl');
  });

  test('works if the redirect URL is the keyword loginUrl', async () => {
    const world = keeperWorld({
      settings: { login: { ...LOGIN, redirectUri: LOGIN_URL_KEYWORD } },
    });
    expect((await visit(world, LINK)).body).toContain(encodeURIComponent(LOGIN.loginUrl));
  });
});

describe('The callback from Fyers', () => {
  test('exchanges the code, proves and publishes the token, and shows its expiry', async () => {
    const world = exchanging(keeperWorld());
    const page = await visit(world, callback());
    expect(page).toMatchObject({ status: 200, title: 'Done' });
    expect(page.body).toContain('valid until 26 Nov 2026, 06:00 IST');
    expect(world.parameters.get('FYERS_ACCESS_TOKEN')).toBe(NEW);
    expect(world.parameters.get('FYERS_REFRESH_TOKEN')).toBe(NEW_REFRESH);
    expect(loginStateOf(world)).toMatchObject({ fyId: 'XA00001', spent: { day: '2026-11-25' } });
    expect(world.calls).toEqual([`exchange ${codeOf()}`, `prove ${NEW}`]);
    expect(world.claims.size).toBe(0);
    expect(page.body).not.toContain(NEW);
  });

  test('accepts an address with the same code twice', async () => {
    const world = exchanging(keeperWorld());
    expect(await visit(world, `${callback()}&auth_code=${codeOf()}`)).toMatchObject({
      status: 200,
    });
    expect(world.calls).toEqual([`exchange ${codeOf()}`, `prove ${NEW}`]);
  });

  test('shows "Already done" after Back, a reload or on a second device, and exchanges nothing', async () => {
    const world = exchanging(keeperWorld());
    await visit(world, callback());
    for (const again of [
      callback(),
      callback({ auth_code: codeOf(2), state: stateAt(SEVEN, 'ef'.repeat(16)) }),
    ]) {
      expect(await visit(world, again)).toMatchObject({ status: 200, title: 'Already done' });
    }
    expect(exchanges(world)).toBe(1);
  });

  test('exchanges once for two concurrent requests, and both succeed', async () => {
    const world = exchanging(keeperWorld());
    const second: Promise<unknown>[] = [];
    world.duringExchange = () => {
      if (second.length === 0) second.push(visit(world, callback()));
    };
    expect(await visit(world, callback())).toMatchObject({ title: 'Done' });
    expect(await second[0]).toMatchObject({ title: 'Already done' });
    expect(exchanges(world)).toBe(1);
  });

  test('rejects a state that has already published a token, after the token died', async () => {
    const world = exchanging(keeperWorld());
    await visit(world, callback());
    world.proofs.set(NEW, { kind: 'dead' });
    expect(await visit(world, callback({ auth_code: codeOf(2) }))).toMatchObject({
      status: 409,
      title: 'This login was already used',
    });
    expect(exchanges(world)).toBe(1);
  });

  test.each([
    ['forged', `${stateAt().slice(0, -1)}${stateAt().endsWith('0') ? '1' : '0'}`, 403],
    [
      'of another app',
      stateAt(SEVEN, undefined, { ...SIGNER, id: 'WXYZ1234EF-100' as AppId }),
      403,
    ],
    ['of another stack', stateAt(SEVEN, undefined, { ...SIGNER, secret: OTHER_KEY }), 403],
    ['signed with the app secret', stateAt(SEVEN, undefined, APP), 403],
    ['of half an hour ago', stateAt(plus(SEVEN, -30 * MINUTE)), 410],
    ['of the future', stateAt(plus(SEVEN, MINUTE + SECOND)), 410],
    ['of tomorrow', newState(SIGNER, TOMORROW, SEVEN, 'cd'.repeat(16)), 410],
    ['missing', '', 404],
    ['malformed', 'sample_state', 404],
    ['oversized', 'a'.repeat(9_000), 404],
  ])('rejects a state that is %s before it calls Fyers', async (_title, state, status) => {
    const world = exchanging(keeperWorld());
    const page = await visit(world, callback({ state }));
    expect(page.status).toBe(status);
    expect(world.calls).toEqual([]);
    expect(world.writes).toEqual([]);
    expect(world.claims.size).toBe(0);
  });

  test('accepts a state of just under half an hour', async () => {
    const world = exchanging(keeperWorld());
    const state = stateAt(plus(SEVEN, -30 * MINUTE + SECOND));
    expect(await visit(world, callback({ state }))).toMatchObject({ title: 'Done' });
  });

  test.each([
    ['a doubled state', `${callback()}&state=${stateAt()}`],
    ['two different codes', `${callback()}&auth_code=${codeOf(7)}`],
    ['a code that is not a token', callback({ auth_code: 'short' })],
    ['a code that is too long', callback({ auth_code: `${'a'.repeat(5_000)}.b.c` })],
    ['another path', callback().replace('/?', '/callback?')],
  ])('answers 404 to %s', async (_title, url) => {
    const world = exchanging(keeperWorld());
    expect(await visit(world, url)).toMatchObject({ status: 404, body: '' });
    expect(world.calls).toEqual([]);
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])(
    'answers 404 to the method %s',
    async (method) => {
      const world = exchanging(keeperWorld());
      expect(await visit(world, callback(), method)).toMatchObject({ status: 404 });
      expect(world.calls).toEqual([]);
    },
  );

  test('does not exchange the code of another app', async () => {
    const world = exchanging(keeperWorld());
    const page = await visit(world, callback({ auth_code: codeOf(1, 'OTHER1234X-100') }));
    expect(page).toMatchObject({ status: 403, title: 'This login is for another app' });
    expect(exchanges(world)).toBe(0);
  });

  test('does not publish a token of another account, and explains how to change the user', async () => {
    const world = exchanging(keeperWorld({ settings: { fyId: 'XB00002' } }));
    const page = await visit(world, callback());
    expect(page.status).toBe(403);
    expect(page.body).toContain('Log out at trade.fyers.in');
    expect(world.writes).not.toContain('FYERS_ACCESS_TOKEN');
  });

  test.each([
    ['app-secret', 409, /Copy the secret again at myapi\.fyers\.in/],
    ['auth-code', 409, /used before or has expired/],
    ['unrecognised', 502, /fyers logs login/],
  ] as const)(
    'shows the next step after a refusal with the reason %s',
    async (by, status, words) => {
      const world = keeperWorld();
      world.exchanges.push({ kind: 'refused', by, detail: 'HTTP 400, code -1: no' });
      const page = await visit(world, callback());
      expect(page.status).toBe(status);
      expect(page.body).toMatch(words);
      // A refused secret is stored, so that the keeper does not ask for another login with it.
      expect(world.writes).toEqual(by === 'app-secret' ? ['FYERS_LOGIN_STATE'] : []);
      expect(world.claims.size).toBe(0);
      expect(world.events).toContainEqual(expect.objectContaining({ event: 'login-refused' }));
    },
  );

  test('publishes nothing if the token is dead or expires too early, or if Fyers does not answer or is unreachable', async () => {
    const worlds = Array.from({ length: 4 }, () => keeperWorld());
    const [dead, early, silent, away] = worlds as [World, World, World, World];
    exchanging(dead).proofs.set(NEW, { kind: 'dead' });
    exchanging(early, early.parameters.get('FYERS_ACCESS_TOKEN') as typeof NEW);
    silent.exchanges.push({ kind: 'silent' });
    away.exchanges.push(...Array<MintAnswer>(99).fill({ kind: 'unreachable' }));
    for (const world of worlds) {
      expect((await visit(world, callback())).status).toBeGreaterThanOrEqual(500);
      expect(world.writes).not.toContain('FYERS_ACCESS_TOKEN');
      expect(world.claims.size).toBe(0);
    }
  });

  test.each([
    [{ kind: 'unreachable', detail: 'connection refused' }, 99, 'Reload this page in two minutes'],
    [{ kind: 'refused', detail: 'code -50: IP not allowed' }, 1, 'Check the app’s permissions'],
    [RATE_LIMITED, 1, 'reload this page in five minutes'],
    [{ kind: 'not-fyers', detail: 'HTTP 403, HTML' }, 1, 'Reload this page in ten minutes'],
  ] as const)(
    'keeps a new token if its proof is %j, and the same request publishes it later',
    async (proof, times, words) => {
      const world = exchanging(keeperWorld());
      world.proofs.set(NEW, [...Array<Proof>(times).fill(proof), LIVE]);
      const { visit: visitAgain } = processOf(world);
      const page = await visitAgain(callback());
      expect(page).toMatchObject({ status: 503, title: 'Logged in, but not checked yet' });
      expect(page.body).toContain(words);
      expect(page.body).toContain(proof.detail);
      expect(world.writes).not.toContain('FYERS_ACCESS_TOKEN');
      world.proofs.set(NEW, LIVE);
      world.clock.set(plus(world.clock.now(), 5 * MINUTE));
      expect(await visitAgain(callback())).toMatchObject({ title: 'Done' });
      expect(world.parameters.get('FYERS_ACCESS_TOKEN')).toBe(NEW);
      expect(exchanges(world)).toBe(1);
    },
  );

  test('does not use an unproven token for a callback with another code', async () => {
    const world = exchanging(keeperWorld());
    world.proofs.set(NEW, RATE_LIMITED);
    const { visit: visitAgain } = processOf(world);
    await visitAgain(callback());
    world.exchanges.push({ kind: 'refused', by: 'auth-code', detail: 'code -413: used' });
    expect(await visitAgain(callback({ auth_code: codeOf(2) }))).toMatchObject({
      title: 'Fyers refused the code of this login',
    });
    expect(exchanges(world)).toBe(2);
  });

  test('does not call Fyers after a cancelled login', async () => {
    const world = keeperWorld();
    const page = await visit(world, callback({ s: 'error', auth_code: '' }));
    expect(page).toMatchObject({ status: 400, title: 'Fyers did not finish the login' });
    expect(world.calls).toEqual([]);
  });

  test('shows "Done" even if a write after the publication fails', async () => {
    const world = exchanging(keeperWorld());
    world.beforeWrite = (name) => {
      if (name !== 'FYERS_ACCESS_TOKEN') throw new Error('throttled');
    };
    expect(await visit(world, callback())).toMatchObject({ title: 'Done' });
    expect(world.events).toContainEqual(expect.objectContaining({ event: 'upkeep-failed' }));
  });

  test('rejects a login on a holiday and before 06:00', async () => {
    const world = exchanging(keeperWorld());
    world.clock.set(SUNDAY);
    expect(await visit(world, callback({ state: stateAt(SUNDAY) }))).toMatchObject({
      title: 'No market today',
    });
    world.clock.set(istInstant(istDate('2026-11-26'), '05:59:59'));
    expect(await visit(world, callback({ state: stateAt(world.clock.now()) }))).toMatchObject({
      title: 'Too early',
    });
    expect(world.calls).toEqual([]);
  });
});
