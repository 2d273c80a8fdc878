// Tests what a flood of requests costs: few reads, at most one call to Fyers, and one message.
import { describe, expect, test } from 'vitest';
import type { ParameterName } from '../../../core/config/names.ts';
import { HOUR, MINUTE, SECOND, istDate, plus } from '../../../core/time.ts';
import {
  LINK,
  NEW,
  callback,
  exchanging,
  processOf,
  stateAt,
  visit,
} from '../../support/logins.ts';
import { APP, LINK_KEY, LIVE, LOGIN, SEVEN, keeperWorld } from '../../support/keeper-fixture.ts';

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

  test('of forged states reads the app once, and the next login works', async () => {
    const at = processOf(exchanging(keeperWorld()));
    const forged = callback({ state: `2026112500000000${'0'.repeat(64)}` });
    for (let n = 0; n < 1_000; n += 1) expect((await at.visit(forged)).status).toBe(403);
    expect(at.reads.toSorted()).toEqual(['FYERS_CLIENT_ID', 'FYERS_LINK_KEY', 'FYERS_SECRET_KEY']);
    expect(await at.visit(callback())).toMatchObject({ title: 'Done' });
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
