import { describe, expect, test } from 'vitest';
import { DAY, MINUTE, SECOND, formatUtc, plus } from '../../core/time.ts';
import { NEW, OPERATOR, accepting, run, sent, stateOf } from '../support/keeper-runs.ts';
import { SEVEN, accessToken, keeperWorld } from '../support/keeper-world.ts';

const signal = new AbortController().signal;

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

  test('are followed by another look: who held one before may have published', async () => {
    const world = accepting(keeperWorld());
    const { claims } = world.ports;
    const ports = {
      ...world.ports,
      claims: {
        ...claims,
        take: (claim: string, value: string) => {
          world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
          return claims.take(claim, value);
        },
      },
    };
    const outcome = await run({ ...world, ports });
    expect(outcome).toEqual({ kind: 'live', published: false });
    expect(sent(world)).toBe(0);
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
