import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MintAnswer, Proof, RefusedBy } from '../../core/ports.ts';
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  brokerDay,
  formatUtc,
  parseInstant,
  plus,
} from '../../core/time.ts';
import type { Trigger } from '../../core/token/decide.ts';
import { parseTokenState } from '../../core/token/state.ts';
import { refresh } from '../../keeper/refresh.ts';
import {
  LIVE,
  SEVEN,
  type World,
  accessToken,
  keeperWorld,
  refreshToken,
} from '../support/keeper-world.ts';

const LAST: Trigger = { kind: 'slot', slot: '07:00', last: true };
const EARLIER: Trigger = { kind: 'slot', slot: '06:45', last: false };
const OPERATOR: Trigger = { kind: 'operator', probe: false };
const PROBE: Trigger = { kind: 'operator', probe: true };
const NEW = accessToken(SEVEN, 1);
const signal = new AbortController().signal;

const saying = (words: RegExp): unknown => expect.stringMatching(words);
const run = (world: World, trigger: Trigger = LAST) =>
  refresh(world.ports, world.settings, trigger, signal);
const stateOf = (world: World) => parseTokenState(world.parameters.get('FYERS_TOKEN_STATE') ?? '');
const sent = (world: World) => world.calls.filter((call) => call === 'refresh').length;

/** The broker mints `token` and takes it. */
function accepting(world: World, token = NEW, proof: Proof = LIVE): World {
  world.answers.push({ kind: 'minted', accessToken: token });
  world.proofs.set(token, proof);
  return world;
}

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

describe('Claims', () => {
  test('let one of many runs at a time mint, and the others find its token', async () => {
    const world = accepting(keeperWorld());
    world.duringRefresh = () => world.clock.sleepUntil(plus(world.clock.now(), SECOND), signal);
    const outcomes = await Promise.all([run(world), run(world), run(world, OPERATOR)]);
    expect(sent(world)).toBe(1);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['live', 'live', 'live']);
  });

  const foundAt = async (age: number) => {
    const world = accepting(keeperWorld());
    world.claims.set('FYERS_TOKEN_CLAIM_2026-11-25_1', formatUtc(plus(SEVEN, -age)));
    expect(await run(world)).toMatchObject({ kind: 'live' });
    expect(stateOf(world)?.claim).toEqual({ day: '2026-11-25', n: 2, done: true });
    return world.clock.now() - SEVEN;
  };

  test('of a run that died are waited for while they are two minutes old', async () => {
    expect(await foundAt(2 * MINUTE)).toBe(5 * SECOND);
  });

  test('of a run that died are passed as soon as they are older', async () => {
    expect(await foundAt(2 * MINUTE + 1)).toBe(0);
  });

  test('that stay are not waited for longer than a minute', async () => {
    const world = keeperWorld();
    world.claims.set('FYERS_TOKEN_CLAIM_2026-11-25_1', formatUtc(SEVEN));
    await expect(run(world)).rejects.toMatchObject({ code: 'platform.busy' });
    expect(world.calls).toEqual([]);
    expect(world.clock.now() - SEVEN).toBe(MINUTE);
  });

  test('of the last day are removed by the first run that mints on the next', async () => {
    const world = accepting(keeperWorld());
    await run(world);
    const tomorrow = plus(SEVEN, DAY);
    world.clock.set(tomorrow);
    await run(accepting(world, accessToken(tomorrow, 2)));
    expect([...world.claims.keys()]).toEqual(['FYERS_TOKEN_CLAIM_2026-11-26_1']);
  });
});

describe('Over days of any luck', () => {
  const answer = fc.constantFrom(
    'minted',
    'silent',
    'unreachable',
    'pin',
    'policy',
    'unrecognised',
  );
  const step = fc.record({
    answers: fc.array(answer, { maxLength: 3 }),
    proof: fc.constantFrom<Proof['kind']>('live', 'dead', 'unreachable'),
    trigger: fc.constantFrom(EARLIER, LAST, OPERATOR),
    afterHours: fc.constantFrom(0, 1, 4, 24),
    losesToken: fc.boolean(),
  });

  test('one input is sent at most twice a broker day, never after a refusal, and only live tokens are stored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const world = keeperWorld({ settings: { days: 'all' } });
        const sentOn = new Map<string, number>();
        let refused = false;
        let serial = 1;
        for (const { answers, proof, trigger, afterHours, losesToken } of steps) {
          world.clock.set(plus(world.clock.now(), afterHours * HOUR));
          if (losesToken) world.parameters.delete('FYERS_ACCESS_TOKEN');
          world.answers.length = 0;
          for (const kind of answers) {
            if (kind === 'minted') {
              const token = accessToken(world.clock.now(), (serial += 1));
              world.answers.push({ kind, accessToken: token });
              world.proofs.set(token, proof === 'live' ? LIVE : { kind: proof });
            } else if (kind === 'silent' || kind === 'unreachable') world.answers.push({ kind });
            else world.answers.push({ kind: 'refused', by: kind, detail: '' });
          }
          world.duringRefresh = () => {
            expect(refused).toBe(false);
            const next = world.answers[0]?.kind ?? 'silent';
            if (next === 'refused') refused = true;
            if (next === 'unreachable') return;
            const day = brokerDay(world.clock.now());
            sentOn.set(day, (sentOn.get(day) ?? 0) + 1);
          };
          world.beforeWrite = (name, value) => {
            if (name === 'FYERS_ACCESS_TOKEN') expect(world.proofs.get(value)).toEqual(LIVE);
          };
          await run(world, trigger).catch((caught: unknown) => {
            expect(caught).toMatchObject({ name: 'FyersError' });
          });
        }
        for (const count of sentOn.values()) expect(count).toBeLessThanOrEqual(2);
      }),
      { numRuns: 60 },
    );
  });
});
