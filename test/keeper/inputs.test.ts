import { describe, expect, test } from 'vitest';
import { DAY, HOUR, plus } from '../../core/time.ts';
import { NEW, OPERATOR, accepting, refusing, run, sent, stateOf } from '../support/keeper-runs.ts';
import {
  SEVEN,
  type World,
  accessToken,
  keeperWorld,
  refreshToken,
} from '../support/keeper-world.ts';

const saying = (words: RegExp): unknown => expect.stringMatching(words);

describe('A refused input', () => {
  test.each(['pin', 'refresh-token', 'unrecognised'] as const)(
    'is never sent again after a refusal by %s',
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

  test('is free again as soon as the PIN or the refresh token is another', async () => {
    const world = refusing('pin');
    await run(world);
    world.parameters.set('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -HOUR), 7));
    expect(await run(accepting(world))).toEqual({ kind: 'live', published: true });
    expect(stateOf(world)?.latch).toBeNull();
  });

  test('fails for an app secret, now and later, whatever the refresh token', async () => {
    const world = refusing('app-secret');
    await expect(run(world)).rejects.toMatchObject({ code: 'operator.app-secret' });
    world.parameters.set('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -HOUR), 7));
    await expect(run(world, OPERATOR)).rejects.toMatchObject({ code: 'operator.app-secret' });
    world.parameters.delete('FYERS_REFRESH_TOKEN');
    await expect(run(world, OPERATOR)).rejects.toMatchObject({ code: 'operator.app-secret' });
    expect(sent(world)).toBe(1);
  });
});

describe('An accepted input', () => {
  test('is used again on the next broker day, and not by a slot of the same one', async () => {
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

  test('may be used a second time the same day by an operator, not a third', async () => {
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

describe('Where only the operator can go on', () => {
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
  ])('%s is a login that is needed, in words', async (_title, change, words) => {
    const world = keeperWorld();
    change(world);
    const outcome = await run(world);
    expect(outcome).toMatchObject({ kind: 'login-needed', message: saying(words) });
    expect(outcome).toMatchObject({
      message: saying(/^Login link sent, and a login is awaited: .+\.$/),
    });
    expect(world.calls).toEqual([]);
  });
});
