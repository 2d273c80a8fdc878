import { describe, expect, test } from 'vitest';
import type { MintAnswer, Proof } from '../../core/ports.ts';
import { DAY, HOUR, MINUTE, SECOND, formatUtc, parseInstant, plus } from '../../core/time.ts';
import type { Trigger } from '../../core/token/decide.ts';
import {
  inputFingerprint,
  oldAppFingerprint,
  oldInputFingerprint,
} from '../../core/token/digest.ts';
import {
  NEW_LOGIN_STATE,
  NEW_STATE,
  formatLoginState,
  formatTokenState,
} from '../../core/token/state.ts';
import {
  APP,
  EARLIER,
  LAST,
  LIVE,
  NEW,
  OPERATOR,
  PIN,
  PIN_KEY,
  SEVEN,
  type World,
  accepting,
  accessToken,
  keeperWorld,
  refreshToken,
  refusing,
  run,
  sent,
  stateOf,
} from '../support/keeper-fixture.ts';

const PROBE: Trigger = { kind: 'operator', probe: true };
const signal = new AbortController().signal;
const matching = (words: RegExp): unknown => expect.stringMatching(words);

describe('A run', () => {
  test('mints, proves and publishes a token if the stored one has expired', async () => {
    const world = accepting(keeperWorld());
    expect(await run(world)).toEqual({ kind: 'live', published: true });
    expect(world.parameters.get('FYERS_ACCESS_TOKEN')).toBe(NEW);
    expect(world.calls).toEqual(['refresh', `prove ${NEW}`]);
    expect(stateOf(world)).toMatchObject({ fyId: 'XA00001', latch: null, policyOff: false });
  });

  test('mints and writes nothing when it runs again while the stored token is live', async () => {
    const world = accepting(keeperWorld());
    await run(world);
    const [calls, writes] = [[...world.calls], [...world.writes]];
    expect(await run(world)).toEqual({ kind: 'live', published: false });
    expect(world.calls).toEqual([...calls, `prove ${NEW}`]);
    expect(world.writes).toEqual(writes);
  });

  test.each([
    ['a dead token', NEW, { kind: 'dead' }, 'broker.bad-token'],
    ['a token that cannot be proven', NEW, { kind: 'unreachable' }, 'broker.unreachable'],
    ['a token of another account', NEW, { kind: 'live', fyId: 'XB00002' }, 'operator.account'],
    ['an expired token', accessToken(plus(SEVEN, -DAY)), LIVE, 'broker.bad-token'],
  ] as const)('never publishes %s', async (_title, token, proof, code) => {
    const world = accepting(keeperWorld({ settings: { fyId: 'XA00001' } }), token, proof);
    if (proof.kind === 'unreachable') world.proofs.set(token, Array<Proof>(99).fill(proof));
    await expect(run(world)).rejects.toMatchObject({ code });
    expect(world.writes).not.toContain('FYERS_ACCESS_TOKEN');
  });

  test('mints nothing if it cannot prove the stored token', async () => {
    const world = keeperWorld();
    world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    world.proofs.set(NEW, { kind: 'unreachable' });
    await expect(run(world)).rejects.toMatchObject({ code: 'broker.unreachable' });
    expect(sent(world)).toBe(0);
    expect(world.clock.now() - SEVEN).toBeLessThanOrEqual(MINUTE);
  });

  test('retries within a minute while the broker is unreachable', async () => {
    const world = keeperWorld();
    world.answers.push({ kind: 'unreachable' }, { kind: 'unreachable', retryAfterMs: 7_000 });
    accepting(world);
    expect(await run(world)).toEqual({ kind: 'live', published: true });
    expect(world.clock.now() - SEVEN).toBeGreaterThanOrEqual(7 * SECOND);
    expect(stateOf(world)?.calls).toMatchObject({ count: 1, accepted: true });
  });

  test('rests on a holiday, but works for an operator or with days: all', async () => {
    const holiday = parseInstant('2026-01-26T07:00:00+05:30');
    const token = accessToken(holiday, 1);
    expect(await run(keeperWorld({ now: holiday }))).toMatchObject({ kind: 'rested' });
    const published = { kind: 'live', published: true };
    expect(await run(accepting(keeperWorld({ now: holiday }), token), OPERATOR)).toEqual(published);
    const always = keeperWorld({ now: holiday, settings: { days: 'all' } });
    expect(await run(accepting(always, token))).toEqual(published);
  });

  test('fails if the state cannot be parsed', async () => {
    const world = accepting(keeperWorld());
    world.parameters.set('FYERS_TOKEN_STATE', '{"version":9}');
    await expect(run(world)).rejects.toMatchObject({ code: 'platform.integrity' });
    expect(world.calls).toEqual([]);
  });

  test('fails if login and refresh have seen different accounts', async () => {
    const world = accepting(keeperWorld());
    await run(world);
    world.parameters.set(
      'FYERS_LOGIN_STATE',
      formatLoginState({ ...NEW_LOGIN_STATE, fyId: 'XB00002' }),
    );
    await expect(run(world)).rejects.toMatchObject({ code: 'operator.account' });
  });

  test.each(['FYERS_CLIENT_ID', 'FYERS_SECRET_KEY'] as const)(
    'names %s if it is missing',
    async (name) => {
      const world = keeperWorld();
      world.parameters.delete(name);
      const failure = { code: 'operator.credentials', message: matching(new RegExp(name)) };
      await expect(run(world)).rejects.toMatchObject(failure);
    },
  );

  test('succeeds even if a write after the publication fails', async () => {
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

describe("The broker's policy", () => {
  test('switches refresh off for every input until an operator probes', async () => {
    const world = refusing('policy');
    expect(await run(world)).toMatchObject({ message: matching(/SEBI/) });
    world.parameters.set('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -HOUR), 7));
    expect(await run(world, OPERATOR)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(1);
    expect(await run(accepting(world), PROBE)).toEqual({ kind: 'live', published: true });
    expect(stateOf(world)?.policyOff).toBe(false);
  });

  test('stays off after a refused probe, which keeps a live token', async () => {
    const world = refusing('policy');
    await run(world);
    world.parameters.set('FYERS_ACCESS_TOKEN', NEW);
    world.proofs.set(NEW, LIVE);
    world.answers.push({ kind: 'refused', by: 'policy', detail: 'no' });
    expect(await run(world, PROBE)).toMatchObject({
      kind: 'rested',
      message: matching(/^Probe refused: .*is live\.$/),
    });
    expect(sent(world)).toBe(2);
    expect(stateOf(world)?.policyOff).toBe(true);
  });
});

describe('A call without an answer', () => {
  test('is followed by one more call, then latched in the last slot', async () => {
    const world = keeperWorld();
    expect(await run(world)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(2);
    expect(stateOf(world)?.latch?.reason).toBe('silent');
    world.clock.set(plus(SEVEN, DAY));
    expect(await run(world)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(2);
  });

  test('is not latched before the last slot, and counts for the last slot', async () => {
    const world = keeperWorld();
    await expect(run(world, EARLIER)).rejects.toMatchObject({ code: 'broker.unreachable' });
    expect(stateOf(world)?.latch).toBeNull();
    expect(await run(world, LAST)).toMatchObject({ kind: 'login-needed' });
    expect(sent(world)).toBe(2);
  });

  test('counts if the run died during the call', async () => {
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

  test('does not count if it never reached the broker', async () => {
    const world = keeperWorld();
    world.answers.push(...Array<MintAnswer>(99).fill({ kind: 'unreachable' }));
    await expect(run(world, EARLIER)).rejects.toMatchObject({ code: 'broker.unreachable' });
    expect(stateOf(world)?.calls?.count).toBe(0);
    expect(await run(world)).toMatchObject({ message: matching(/reached/) });
  });
});

describe('Claims', () => {
  test('let one of several concurrent runs mint, and the others find its token', async () => {
    const world = accepting(keeperWorld());
    world.duringRefresh = () => world.clock.sleepUntil(plus(world.clock.now(), SECOND), signal);
    const outcomes = await Promise.all([run(world), run(world), run(world, OPERATOR)]);
    expect(sent(world)).toBe(1);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['live', 'live', 'live']);
  });

  test.each([
    [2 * MINUTE, 5 * SECOND],
    [2 * MINUTE + 1, 0],
  ])('of a dead run are respected until they are two minutes old: %i ms', async (age, waitMs) => {
    const world = accepting(keeperWorld());
    world.claims.set('FYERS_TOKEN_CLAIM_2026-11-25_1', formatUtc(plus(SEVEN, -age)));
    expect(await run(world)).toMatchObject({ kind: 'live' });
    expect(stateOf(world)?.claim).toEqual({ day: '2026-11-25', n: 2, done: true });
    expect(world.clock.now() - SEVEN).toBe(waitMs);
  });

  test('are followed by another read of the token, because the previous holder may have published', async () => {
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

  test('that remain are not waited for longer than a minute', async () => {
    const world = keeperWorld();
    world.claims.set('FYERS_TOKEN_CLAIM_2026-11-25_1', formatUtc(SEVEN));
    await expect(run(world)).rejects.toMatchObject({ code: 'platform.busy' });
    expect(world.calls).toEqual([]);
    expect(world.clock.now() - SEVEN).toBe(MINUTE);
  });

  test('of the previous day are removed by the first run that mints', async () => {
    const world = accepting(keeperWorld());
    await run(world);
    const tomorrow = plus(SEVEN, DAY);
    world.clock.set(tomorrow);
    await run(accepting(world, accessToken(tomorrow, 2)));
    expect([...world.claims.keys()]).toEqual(['FYERS_TOKEN_CLAIM_2026-11-26_1']);
  });
});

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
      message: matching(/^Login link sent; waiting for the login: .+\.$/),
    });
    expect(world.calls).toEqual([]);
  });
});
