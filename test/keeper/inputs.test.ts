import { describe, expect, test } from 'vitest';
import { DAY, HOUR, istDate, plus } from '../../core/time.ts';
import {
  inputFingerprint,
  oldAppFingerprint,
  oldInputFingerprint,
} from '../../core/token/digest.ts';
import {
  NEW_LOGIN_STATE,
  formatLoginState,
  NEW_STATE,
  formatTokenState,
} from '../../core/token/state.ts';
import { NEW, OPERATOR, accepting, refusing, run, sent, stateOf } from '../support/keeper-runs.ts';
import {
  APP,
  PIN,
  PIN_KEY,
  SEVEN,
  type World,
  accessToken,
  keeperWorld,
  refreshToken,
} from '../support/keeper-fixture.ts';

const matching = (words: RegExp): unknown => expect.stringMatching(words);

describe('A refused input', () => {
  test.each(['pin', 'refresh-token', 'unrecognised'] as const)(
    'is never sent again after a refusal with the reason %s',
    async (by) => {
      const world = refusing(by);
      expect(await run(world)).toMatchObject({ kind: 'login-needed' });
      for (const days of [0, 1, 2]) {
        world.clock.set(plus(SEVEN, days * DAY + HOUR));
        expect(await run(world, OPERATOR)).toMatchObject({ kind: 'login-needed' });
      }
      expect(sent(world)).toBe(1);
    },
  );

  test('is released when the refresh token changes', async () => {
    const world = refusing('pin');
    await run(world);
    world.parameters.set('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -HOUR), 7));
    expect(await run(accepting(world))).toEqual({ kind: 'live', published: true });
    expect(stateOf(world)?.latch).toBeNull();
  });

  test('fails every run if the app secret was refused, whatever the refresh token', async () => {
    const world = refusing('app-secret');
    await expect(run(world)).rejects.toMatchObject({ code: 'operator.app-secret' });
    world.parameters.set('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -HOUR), 7));
    await expect(run(world, OPERATOR)).rejects.toMatchObject({ code: 'operator.app-secret' });
    world.parameters.delete('FYERS_REFRESH_TOKEN');
    await expect(run(world, OPERATOR)).rejects.toMatchObject({ code: 'operator.app-secret' });
    expect(sent(world)).toBe(1);
  });
});

describe('An input that was refused under an earlier version', () => {
  const REFRESH = refreshToken(plus(SEVEN, -5 * DAY - HOUR));
  const old = oldInputFingerprint(APP, REFRESH, PIN);

  test.each(['pin', 'refresh-token', 'unrecognised', 'silent'] as const)(
    'with the reason %s is not sent, and is stored under the current key',
    async (reason) => {
      const world = accepting(keeperWorld());
      const state = { ...NEW_STATE, latch: { reason, input: old } };
      world.parameters.set('FYERS_TOKEN_STATE', formatTokenState(state));
      expect(await run(world)).toMatchObject({ kind: 'login-needed' });
      expect(sent(world)).toBe(0);
      const input = inputFingerprint(PIN_KEY, APP, { token: REFRESH, pin: PIN });
      expect(stateOf(world)?.latch).toEqual({ reason, input });
    },
  );

  test('with the reason app-secret is not sent, whichever state contains it', async () => {
    const refusedApp = oldAppFingerprint(APP);
    const latch = { reason: 'app-secret', input: refusedApp } as const;
    for (const [name, text] of [
      ['FYERS_TOKEN_STATE', formatTokenState({ ...NEW_STATE, latch })],
      ['FYERS_LOGIN_STATE', formatLoginState({ ...NEW_LOGIN_STATE, refusedApp })],
    ] as const) {
      const world = accepting(keeperWorld());
      world.parameters.set(name, text);
      await expect(run(world)).rejects.toMatchObject({ code: 'operator.app-secret' });
      expect(sent(world)).toBe(0);
    }
  });

  test('counts the calls of the same day', async () => {
    const world = accepting(keeperWorld());
    const calls = { day: istDate('2026-11-25'), input: old, count: 2, accepted: false };
    world.parameters.set('FYERS_TOKEN_STATE', formatTokenState({ ...NEW_STATE, calls }));
    expect(await run(world, OPERATOR)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(0);
  });
});

describe('The key of the PIN', () => {
  test('is required if there is a PIN: without it nothing is sent', async () => {
    const world = accepting(keeperWorld());
    world.parameters.delete('FYERS_PIN_KEY');
    await expect(run(world)).rejects.toMatchObject({ code: 'operator.config' });
    expect(sent(world)).toBe(0);
    world.pin = null;
    expect(await run(world)).toMatchObject({ kind: 'login-needed' });
  });
});

describe('An accepted input', () => {
  test('is used again on the next broker day, but not by a slot of the same day', async () => {
    const world = accepting(keeperWorld());
    await run(world);
    world.proofs.set(NEW, { kind: 'dead' });
    world.clock.set(plus(SEVEN, HOUR));
    expect(await run(world)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(1);
    const tomorrow = plus(SEVEN, DAY);
    world.clock.set(tomorrow);
    expect(await run(accepting(world, accessToken(tomorrow, 2)))).toMatchObject({ kind: 'live' });
    expect(sent(world)).toBe(2);
  });

  test('may be used a second time on the same day by an operator, but not a third time', async () => {
    const world = accepting(keeperWorld());
    await run(world);
    world.proofs.set(NEW, { kind: 'dead' });
    const second = accessToken(plus(SEVEN, HOUR), 2);
    world.clock.set(plus(SEVEN, HOUR));
    expect(await run(accepting(world, second), OPERATOR)).toMatchObject({ kind: 'live' });
    world.proofs.set(second, { kind: 'dead' });
    expect(await run(world, OPERATOR)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(2);
  });
});

describe('A run with a missing input', () => {
  test.each([
    [
      'no refresh token',
      (world: World) => world.parameters.delete('FYERS_REFRESH_TOKEN'),
      /no refresh token/,
    ],
    ['no PIN', (world: World) => (world.pin = null), /no PIN/],
    [
      'an expired refresh token',
      (world: World) =>
        world.parameters.set('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -20 * DAY))),
      /refresh token has expired/,
    ],
  ])('sends a login link with the reason: %s', async (_title, change, words) => {
    const world = keeperWorld();
    change(world);
    const outcome = await run(world);
    expect(outcome).toMatchObject({ kind: 'login-needed', message: matching(words) });
    expect(outcome).toMatchObject({
      message: matching(/^Login link sent, and a login is awaited: .+\.$/),
    });
    expect(world.calls).toEqual([]);
  });
});
