// Tests what a flood of requests costs: few reads, few calls and one message.
import { describe, expect, test } from 'vitest';
import type { ParameterName } from '../../../core/config/names.ts';
import type { MintAnswer, Proof } from '../../../core/ports.ts';
import { HOUR, MINUTE, SECOND, istDate, plus } from '../../../core/time.ts';
import {
  LINK,
  NEW,
  callback,
  codeOf,
  exchanges,
  exchanging,
  processOf,
  stateAt,
  visit,
} from '../../support/logins.ts';
import {
  APP,
  LINK_KEY,
  LIVE,
  LOGIN,
  SEVEN,
  type World,
  accessToken,
  keeperWorld,
} from '../../support/keeper-fixture.ts';

const OTHER = accessToken(SEVEN, 7);
const FORGED_STATE = `2026112500000000${'0'.repeat(64)}`;
const REFUSED: MintAnswer = { kind: 'refused', by: 'auth-code', detail: 'HTTP 400, code -437: no' };

const countProofs = ({ calls }: World) => calls.filter((call) => call.startsWith('prove')).length;
const nonce = (n: number) => n.toString(16).padStart(32, '0');

function createWorldWithToken(proof: Proof = LIVE): World {
  const world = keeperWorld();
  world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
  world.proofs.set(NEW, proof);
  return world;
}

describe('Visits of the link', () => {
  test.each([
    ['live', LIVE, 'Already done'],
    ['dead', { kind: 'dead' } as const, 'Fyers login for 25 Nov 2026'],
  ])('prove a %s token once a minute', async (_kind, proof, title) => {
    const world = createWorldWithToken(proof);
    const at = processOf(world);
    for (let n = 0; n < 60; n += 1) {
      world.clock.set(plus(SEVEN, n * SECOND));
      expect(await at.visit(LINK)).toMatchObject({ title });
    }
    expect(countProofs(world)).toBe(1);
    world.clock.set(plus(SEVEN, MINUTE));
    await at.visit(LINK);
    expect(countProofs(world)).toBe(2);
  });

  test('with HEAD prove nothing and read no token', async () => {
    const world = createWorldWithToken();
    const at = processOf(world);
    expect(await at.visit(LINK, 'HEAD')).toMatchObject({ status: 200, body: '' });
    expect(at.reads).not.toContain('FYERS_ACCESS_TOKEN');
    expect(world.calls).toEqual([]);
  });

  test('call Fyers no more often while it is unreachable', async () => {
    const world = createWorldWithToken({ kind: 'unreachable' });
    const at = processOf(world);
    await at.visit(LINK);
    const first = countProofs(world);
    world.clock.set(SEVEN);
    for (let n = 0; n < 60; n += 1) await at.visit(LINK);
    expect(countProofs(world)).toBe(first);
  });

  test('prove again if a proof timed out', async () => {
    const world = createWorldWithToken();
    const at = processOf(world);
    const { broker } = world.ports;
    let late = true;
    Object.assign(broker, {
      prove: () => {
        world.calls.push('prove');
        return late ? Promise.reject(new DOMException('late', 'TimeoutError')) : LIVE;
      },
    });
    await expect(at.visit(LINK)).rejects.toMatchObject({ name: 'TimeoutError' });
    late = false;
    expect(await at.visit(LINK)).toMatchObject({ title: 'Already done' });
  });

  test('prove each stored token separately', async () => {
    const world = createWorldWithToken();
    const at = processOf(world);
    await at.visit(LINK);
    world.parameters.set('FYERS_ACCESS_TOKEN', OTHER);
    expect(await at.visit(LINK)).toMatchObject({ title: 'Fyers login for 25 Nov 2026' });
    expect(countProofs(world)).toBe(2);
  });

  test('after a login use the proof of the login', async () => {
    const world = exchanging(keeperWorld());
    const at = processOf(world);
    expect(await at.visit(callback())).toMatchObject({ title: 'Done' });
    expect(await at.visit(LINK)).toMatchObject({ title: 'Already done' });
    expect(countProofs(world)).toBe(1);
  });
});

describe('Callbacks', () => {
  test('with one state and one refused code exchange once', async () => {
    const world = keeperWorld();
    world.exchanges.push(...Array<MintAnswer>(99).fill(REFUSED));
    const at = processOf(world);
    for (let n = 0; n < 30; n += 1) {
      expect(await at.visit(callback())).toMatchObject({
        status: 409,
        title: 'Fyers refused the code of this login',
      });
    }
    expect(exchanges(world)).toBe(1);
  });

  test('with one state and one unanswered code exchange twice', async () => {
    const world = keeperWorld();
    const at = processOf(world);
    const statuses = [];
    for (let n = 0; n < 30; n += 1) statuses.push((await at.visit(callback())).status);
    expect(exchanges(world)).toBe(2);
    expect(new Set(statuses)).toEqual(new Set([504, 429]));
  });

  test('with one state and many codes exchange at most three times, even if they are concurrent', async () => {
    const world = keeperWorld();
    world.exchanges.push(...Array<MintAnswer>(99).fill(REFUSED));
    const at = processOf(world);
    await Promise.all(
      Array.from({ length: 30 }, (_, n) => at.visit(callback({ auth_code: codeOf(n) }))),
    );
    expect(exchanges(world)).toBeLessThanOrEqual(3);
    expect(exchanges(world)).toBeGreaterThan(0);
    expect(world.claims.size).toBe(0);
  });

  test('with many states exchange five times a minute, and a later login works', async () => {
    const world = keeperWorld();
    world.exchanges.push(...Array<MintAnswer>(5).fill(REFUSED));
    const at = processOf(world);
    const go = (n: number) =>
      at.visit(callback({ auth_code: codeOf(n), state: stateAt(SEVEN, nonce(n)) }));
    for (let n = 0; n < 30; n += 1) await go(n);
    expect(exchanges(world)).toBe(5);
    expect(await go(99)).toMatchObject({ status: 429, title: 'Too many attempts' });
    world.clock.set(plus(world.clock.now(), MINUTE));
    exchanging(world);
    expect(await go(100)).toMatchObject({ title: 'Done' });
  });

  test('over the limit take no claim and write nothing', async () => {
    const world = keeperWorld();
    const at = processOf(world);
    for (let n = 0; n < 3; n += 1) await at.visit(callback());
    const before = at.reads.length;
    const writes = world.writes.length;
    await at.visit(callback());
    expect(at.reads.length - before).toBeLessThan(6);
    expect(world.writes.length).toBe(writes);
    expect(world.claims.size).toBe(0);
  });
});

describe('An event that is not a request', () => {
  test.each([
    null,
    undefined,
    'text',
    1,
    [],
    {},
    { rawPath: '/', rawQueryString: '' },
    { requestContext: {} },
  ])('%j is answered with 404', async (event) => {
    const { answerLogin } = await import('../../../functions/login/router.ts');
    const { newCache } = await import('../../../keeper/login-memory.ts');
    const { ports, settings } = keeperWorld();
    const { signal } = new AbortController();
    expect(await answerLogin(ports, settings, event as never, signal, newCache())).toEqual({
      statusCode: 404,
    });
  });

  test('is answered with 404 by the handler, too', async () => {
    const { handler } = await import('../../../functions/login/handler.ts');
    const context = { getRemainingTimeInMillis: () => 10_000 };
    for (const event of [undefined, null, {}, { requestContext: { http: null } }]) {
      expect(await handler(event as never, context as never)).toEqual({ statusCode: 404 });
    }
  });
});

test('Ten thousand junk requests cause no call, message, write or log line, and few reads', async () => {
  const world = exchanging(keeperWorld());
  const at = processOf(world);
  const junk = [
    '/favicon.ico',
    '/.env',
    '/go/admin',
    '/?a=b',
    '/?s=ok&auth_code=x&state=',
    `/?s=x&state=x&message=${'a'.repeat(8_000)}`,
    `/?s=ok&state=${'0'.repeat(80)}&auth_code=${'a.'.repeat(2_000)}`,
    `/?${'&a='.repeat(2_500)}`,
    `/${'%2'.repeat(3_000)}`,
    `${LINK}/../../x`.replace('/go/', '/og/'),
  ];
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'get', ''];
  for (let n = 0; n < 8_000; n += 1) {
    const url = junk[n % junk.length] ?? '/';
    const method = methods[Math.floor(n / junk.length) % methods.length] ?? 'GET';
    expect(await at.visit(url, method)).toMatchObject({ status: 404, body: '' });
  }
  expect(await at.visit('/ask')).toMatchObject({ status: 404, body: '' });
  const damaged = [`${LINK}.`, `${LINK}?utm_source=mail`, LINK.slice(0, -3), '/go/2026-11-25/zz'];
  for (let n = 0; n < 1_000; n += 1) await at.visit(damaged[n % damaged.length] ?? '/');
  expect(at.reads).toEqual([]);
  const forged = [`/go/2026-11-25/${'0'.repeat(32)}`, callback({ state: FORGED_STATE })];
  const statuses = new Set<number>();
  for (let n = 0; n < 1_000; n += 1) statuses.add((await at.visit(forged[n % 2] ?? '/')).status);
  expect([...statuses].sort()).toEqual([403, 404]);
  expect(at.reads.toSorted()).toEqual(['FYERS_CLIENT_ID', 'FYERS_LINK_KEY', 'FYERS_SECRET_KEY']);
  expect([world.calls, world.messages, world.writes, world.events]).toEqual([[], [], [], []]);
  expect(world.claims.size).toBe(0);
  expect(await at.visit(callback())).toMatchObject({ title: 'Done' });
});

describe('A flood', () => {
  test('of visits of the link reads the keys and the login URL once', async () => {
    const world = keeperWorld({ settings: { login: { ...LOGIN, loginUrl: null } } });
    world.parameters.set('FYERS_LOGIN_URL', LOGIN.loginUrl);
    const at = processOf(world);
    for (let n = 0; n < 100; n += 1) await at.visit(LINK);
    const once = (name: ParameterName) => at.reads.filter((each) => each === name).length;
    expect(once('FYERS_LINK_KEY')).toBe(1);
    expect(once('FYERS_LOGIN_URL')).toBe(1);
  });

  test('of presses sends one message and answers the rest from memory', async () => {
    const world = keeperWorld();
    const at = processOf(world);
    expect(await at.visit('/ask', 'POST')).toMatchObject({ status: 200 });
    expect(await at.visit('/ask', 'POST')).toMatchObject({ status: 429 });
    const before = at.reads.length;
    for (let n = 0; n < 1_000; n += 1) {
      expect(await at.visit('/ask', 'POST')).toMatchObject({ status: 429 });
    }
    expect(at.reads.length).toBe(before);
    expect(world.messages).toHaveLength(1);
    world.clock.set(plus(SEVEN, 5 * MINUTE));
    expect(await at.visit('/ask', 'POST')).toMatchObject({ status: 200 });
  });

  test('of concurrent presses sends one message', async () => {
    const world = keeperWorld();
    const pages = await Promise.all(
      Array.from({ length: 50 }, () => processOf(world).visit('/ask', 'POST')),
    );
    expect(pages.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(world.messages).toHaveLength(1);
    expect(world.claims.size).toBe(0);
  });

  test('of presses while a token is live calls Fyers once', async () => {
    const world = keeperWorld();
    world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    world.proofs.set(NEW, LIVE);
    for (let n = 0; n < 50; n += 1) await processOf(world).visit('/ask', 'POST');
    expect(world.calls).toEqual([`prove ${NEW}`]);
    expect(world.messages).toEqual([]);
  });

  test('without an app reads the missing parameter every five seconds', async () => {
    const world = keeperWorld();
    world.parameters.delete('FYERS_SECRET_KEY');
    const at = processOf(world);
    const go = () => at.visit(`/go/${istDate('2026-11-25')}/${'0'.repeat(32)}`).catch(() => null);
    for (let n = 0; n < 100; n += 1) await go();
    expect(at.reads).toHaveLength(3);
    world.clock.set(plus(SEVEN, 5 * SECOND));
    await go();
    expect(at.reads.slice(3)).toEqual(['FYERS_SECRET_KEY']);
  });
});

test('A press whose function was killed does not block the button for long', async () => {
  const world = keeperWorld();
  await world.ports.claims.take(
    world.settings.names.askLock('2026-11-25'),
    '2026-11-25T01:25:00.000Z',
  );
  expect((await visit(world, '/ask', 'POST')).status).toBe(429);
  expect((await visit(world, '/ask', 'POST')).status).toBe(200);
});

test('A new key is used after five seconds, and a replaced key after a minute', async () => {
  const world = exchanging(keeperWorld());
  const at = processOf(world);
  const visitAt = (ms: number) => {
    world.clock.set(plus(SEVEN, ms));
    return at.visit(callback({ state: stateAt(world.clock.now()) }));
  };
  world.parameters.delete('FYERS_LINK_KEY');
  await expect(visitAt(0)).rejects.toMatchObject({ code: 'operator.config' });
  world.parameters.set('FYERS_LINK_KEY', '77'.repeat(32));
  expect((await visitAt(5 * SECOND)).status).toBe(403);
  world.parameters.set('FYERS_LINK_KEY', LINK_KEY);
  expect((await visitAt(5 * SECOND + MINUTE - 1)).status).toBe(403);
  expect(await visitAt(5 * SECOND + MINUTE)).toMatchObject({ title: 'Done' });
});

test('The log of every request hides the secret, even if an earlier request read it', async () => {
  const at = processOf(keeperWorld());
  await at.visit(callback({ state: stateAt(plus(SEVEN, -HOUR)) }));
  const first = at.hidden.length;
  await at.visit(callback({ state: stateAt(plus(SEVEN, -HOUR)) }));
  expect(first).toBeGreaterThan(0);
  expect(at.hidden.length).toBe(2 * first);
  expect(at.hidden).toContain(APP.secret);
  expect(at.hidden).toContain(LINK_KEY);
});

const STATE = /<p class="state">([^<]*)<\/p>/;
const stateIn = (body: string) => STATE.exec(body)?.[1] ?? null;

function createWorldWithoutToken(): World {
  const world = keeperWorld();
  world.parameters.delete('FYERS_ACCESS_TOKEN');
  return world;
}

// Only the page of today's link shows the state of the stored token.
const STORED: readonly (readonly [string, World, RegExp | null])[] = [
  ['a live token', createWorldWithToken(), /is live, and valid until 26 Nov 2026, 06:00 IST/],
  ['a dead token', createWorldWithToken({ kind: 'dead' }), /No live token/],
  ['no token', createWorldWithoutToken(), /No live token/],
  [
    'a token that Fyers cannot judge',
    createWorldWithToken({ kind: 'unreachable' }),
    /did not confirm/,
  ],
];

describe.each(STORED)('With %s', (_, world, state) => {
  test('the page of today’s link shows its state, with one proof at most', async () => {
    const at = processOf(world);
    const pages = await Promise.all(Array.from({ length: 20 }, () => at.visit(LINK)));
    for (const { body } of pages) expect(stateIn(body)).toMatch(state ?? /^$/);
    const once = countProofs(world);
    await at.visit(LINK);
    expect(countProofs(world)).toBe(once);
  });

  test('other pages show no state, and need no read of the token and no call', async () => {
    const at = processOf(world);
    const before = countProofs(world);
    for (const path of ['', 'login', `${LINK.slice(0, -1)}${LINK.endsWith('A') ? 'B' : 'A'}`]) {
      for (const method of ['GET', 'HEAD']) {
        const { body } = await at.visit(path, method);
        expect(stateIn(body)).toBeNull();
        expect(body).not.toMatch(/is live|No live token|unknown whether/);
      }
    }
    expect(at.reads).not.toContain('FYERS_ACCESS_TOKEN');
    expect(countProofs(world)).toBe(before);
  });
});
