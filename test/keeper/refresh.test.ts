import { describe, expect, test } from 'vitest';
import type { MintAnswer, Proof, RefusedBy } from '../../core/ports.ts';
import { DAY, HOUR, MINUTE, SECOND, parseInstant, plus } from '../../core/time.ts';
import type { Trigger } from '../../core/token/decide.ts';
import {
  EARLIER,
  LAST,
  NEW,
  OPERATOR,
  accepting,
  run,
  sent,
  stateOf,
} from '../support/keeper-runs.ts';
import {
  LIVE,
  SEVEN,
  type World,
  accessToken,
  keeperWorld,
  refreshToken,
} from '../support/keeper-world.ts';

const PROBE: Trigger = { kind: 'operator', probe: true };
const saying = (words: RegExp): unknown => expect.stringMatching(words);

function refusing(by: RefusedBy): World {
  const world = keeperWorld();
  world.answers.push({ kind: 'refused', by, detail: 'HTTP 400, code -1: no' });
  return world;
}

describe('A run', () => {
  test('mints, proves and publishes in the place of an expired token', async () => {
    const world = accepting(keeperWorld());
    expect(await run(world)).toEqual({ kind: 'live', published: true });
    expect(world.parameters.get('FYERS_ACCESS_TOKEN')).toBe(NEW);
    expect(world.calls).toEqual(['refresh', `prove ${NEW}`]);
    expect(stateOf(world)).toMatchObject({ fyId: 'XA00001', latch: null, policyOff: false });
  });

  test('mints nothing beside a token that the broker takes', async () => {
    const world = keeperWorld();
    world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    world.proofs.set(NEW, LIVE);
    expect(await run(world)).toEqual({ kind: 'live', published: false });
    expect(world.calls).toEqual([`prove ${NEW}`]);
  });

  test('writes nothing when it is started again', async () => {
    const world = accepting(keeperWorld());
    await run(world);
    const before = [...world.writes];
    expect(await run(world)).toEqual({ kind: 'live', published: false });
    expect(world.writes).toEqual(before);
  });

  test.each([
    ['a dead one', NEW, { kind: 'dead' }, 'broker.bad-token'],
    ['one that nobody could prove', NEW, { kind: 'unreachable' }, 'broker.unreachable'],
    ["another account's", NEW, { kind: 'live', fyId: 'XB00002' }, 'operator.account'],
    ['one that dies this morning', accessToken(plus(SEVEN, -DAY)), LIVE, 'broker.bad-token'],
  ] as const)('never publishes %s', async (_title, token, proof, code) => {
    const world = accepting(keeperWorld({ settings: { fyId: 'XA00001' } }), token, proof);
    if (proof.kind === 'unreachable') world.proofs.set(token, Array<Proof>(99).fill(proof));
    await expect(run(world)).rejects.toMatchObject({ code });
    expect(world.writes).not.toContain('FYERS_ACCESS_TOKEN');
  });

  test('never mints while nobody can say whether the stored token lives', async () => {
    const world = keeperWorld();
    world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    world.proofs.set(NEW, { kind: 'unreachable' });
    await expect(run(world)).rejects.toMatchObject({ code: 'broker.unreachable' });
    expect(sent(world)).toBe(0);
    expect(world.clock.now() - SEVEN).toBeLessThanOrEqual(MINUTE);
  });

  test('tries again within a minute while the broker is not reached', async () => {
    const world = keeperWorld();
    world.answers.push({ kind: 'unreachable' }, { kind: 'unreachable', retryAfterMs: 7_000 });
    accepting(world);
    expect(await run(world)).toEqual({ kind: 'live', published: true });
    expect(world.clock.now() - SEVEN).toBeGreaterThanOrEqual(7 * SECOND);
    expect(stateOf(world)?.calls).toMatchObject({ count: 1, accepted: true });
  });

  test('rests on a holiday without a call, and works on it for an operator or with days: all', async () => {
    const holiday = parseInstant('2026-01-26T07:00:00+05:30');
    const token = accessToken(holiday, 1);
    expect(await run(keeperWorld({ now: holiday }))).toMatchObject({ kind: 'rested' });
    const published = { kind: 'live', published: true };
    expect(await run(accepting(keeperWorld({ now: holiday }), token), OPERATOR)).toEqual(published);
    const always = keeperWorld({ now: holiday, settings: { days: 'all' } });
    expect(await run(accepting(always, token))).toEqual(published);
  });

  test('fails when the state says nothing that can be read', async () => {
    const world = accepting(keeperWorld());
    world.parameters.set('FYERS_TOKEN_STATE', '{"version":9}');
    await expect(run(world)).rejects.toMatchObject({ code: 'platform.integrity' });
    expect(world.calls).toEqual([]);
  });

  test('fails when login and refresh have seen two accounts', async () => {
    const world = accepting(keeperWorld());
    await run(world);
    world.parameters.set('FYERS_LOGIN_STATE', JSON.stringify({ fyId: 'XB00002' }));
    await expect(run(world)).rejects.toMatchObject({ code: 'operator.account' });
  });

  test.each(['FYERS_CLIENT_ID', 'FYERS_SECRET_KEY'] as const)(
    'names %s when it is missing',
    async (name) => {
      const world = keeperWorld();
      world.parameters.delete(name);
      const failure = { code: 'operator.credentials', message: saying(new RegExp(name)) };
      await expect(run(world)).rejects.toMatchObject(failure);
    },
  );

  test('is not failed by what comes after the publish', async () => {
    const world = accepting(keeperWorld());
    world.beforeWrite = (name) => {
      if (name === 'FYERS_TOKEN_STATE' && world.writes.includes('FYERS_ACCESS_TOKEN')) {
        throw new Error('no more room');
      }
    };
    expect(await run(world)).toEqual({ kind: 'live', published: true });
    expect(world.events.map(({ event }) => event)).toContain('upkeep-failed');
  });
});

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

describe("The broker's policy", () => {
  test('switches refresh off for every input until an operator probes', async () => {
    const world = refusing('policy');
    expect(await run(world)).toMatchObject({ message: saying(/SEBI/) });
    world.parameters.set('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -HOUR), 7));
    expect(await run(world, OPERATOR)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(1);
    expect(await run(accepting(world), PROBE)).toEqual({ kind: 'live', published: true });
    expect(stateOf(world)?.policyOff).toBe(false);
  });

  test('stays off after a refused probe, which leaves a live token alone', async () => {
    const world = refusing('policy');
    await run(world);
    world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    world.proofs.set(NEW, LIVE);
    world.answers.push({ kind: 'refused', by: 'policy', detail: 'no' });
    expect(await run(world, PROBE)).toMatchObject({
      kind: 'rested',
      message: saying(/^Probe refused: .*is live\.$/),
    });
    expect(sent(world)).toBe(2);
    expect(stateOf(world)?.policyOff).toBe(true);
  });
});

describe('A silence', () => {
  test('is followed by one more call, then latched in the last slot', async () => {
    const world = keeperWorld();
    expect(await run(world)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(2);
    expect(stateOf(world)?.latch?.reason).toBe('silent');
    world.clock.set(plus(SEVEN, DAY));
    expect(await run(world)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(2);
  });

  test('is not latched before the last slot, and not repeated in it', async () => {
    const world = keeperWorld();
    await expect(run(world, EARLIER)).rejects.toMatchObject({ code: 'broker.unreachable' });
    expect(stateOf(world)?.latch).toBeNull();
    expect(await run(world, LAST)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(2);
  });

  test('counts for a run that died in its call', async () => {
    const world = keeperWorld();
    world.duringRefresh = () => {
      throw new Error('killed');
    };
    await expect(run(world)).rejects.toThrow('killed');
    await expect(run(world)).rejects.toThrow('killed');
    world.duringRefresh = () => undefined;
    expect(await run(world)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(2);
  });

  test('does not count what never reached the broker', async () => {
    const world = keeperWorld();
    world.answers.push(...Array<MintAnswer>(99).fill({ kind: 'unreachable' }));
    await expect(run(world, EARLIER)).rejects.toMatchObject({ code: 'broker.unreachable' });
    expect(stateOf(world)?.calls?.count).toBe(0);
    expect(await run(world)).toMatchObject({ message: saying(/reached/) });
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
      message: saying(/^Login needed: .+\. Put a token file beside \.env and run pulumi up\.$/),
    });
    expect(world.calls).toEqual([]);
  });
});
