import { describe, expect, test } from 'vitest';
import { FyersError } from '../../core/errors.ts';
import type { LogRecord, Proof } from '../../core/ports.ts';
import { nextSession } from '../../core/market/calendar.ts';
import { PLACEHOLDER, type ParameterName } from '../../core/config/names.ts';
import { HOUR, MINUTE, parseInstant } from '../../core/time.ts';
import {
  type FirstLook,
  lookAtToken,
  proveFirst,
  serverTimeWarning,
} from '../../harvester/first-look.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, OTHER_APP, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';

const WEDNESDAY_8 = parseInstant('2026-11-25T08:00:00+05:30');
const SATURDAY_20 = parseInstant('2026-11-28T20:00:00+05:30');
const of = (
  at: number,
  kind: 'access_token' | 'refresh_token' | 'auth_code' = 'access_token',
  app = APP,
) => mintToken(SEED, app, kind, at);

function setUp(token: string | null | Error, now = WEDNESDAY_8, appId: string | null = APP.id) {
  const events: LogRecord[] = [];
  const stored: Partial<Record<ParameterName, string | null | Error>> = {
    FYERS_CLIENT_ID: appId,
    FYERS_ACCESS_TOKEN: token,
  };
  const look: FirstLook = {
    store: {
      read: (name) => {
        const value = stored[name] ?? null;
        return value instanceof Error ? Promise.reject(value) : Promise.resolve(value);
      },
      write: () => Promise.reject(new Error('nothing is written')),
    },
    clock: { now: () => now },
    events: { log: (event) => void events.push(event) },
    session: nextSession(now),
    account: APP.fyId,
    place: 'in /somewhere',
    loginCommand: './fyers login --dir x',
  };
  return { look, events, names: () => events.map(({ event }) => event) };
}

describe('lookAtToken', () => {
  test('logs nothing if the token is valid for the session', async () => {
    const { look, events } = setUp(of(SEVEN));
    expect(await lookAtToken(look)).toEqual({ appId: APP.id, token: of(SEVEN) });
    expect(events).toEqual([]);
  });

  test.each<[string, string | null, number, string]>([
    ['missing', null, WEDNESDAY_8, 'token-missing'],
    ['a placeholder', PLACEHOLDER, WEDNESDAY_8, 'token-missing'],
    ['empty', ' \n', WEDNESDAY_8, 'token-missing'],
    ['of yesterday', of(SEVEN - 24 * HOUR), WEDNESDAY_8, 'token-expired'],
    ['of another account', of(SEVEN, 'access_token', OTHER_APP), WEDNESDAY_8, 'token-foreign'],
    ['expired before Monday', of(SATURDAY_20 - HOUR), SATURDAY_20, 'token-ends-early'],
  ])(
    'warns once if the token is %s, with time and command of a login',
    async (_what, token, now, event) => {
      const { look, events, names } = setUp(token, parseInstant(new Date(now).toISOString()));
      await lookAtToken(look);
      expect(names()).toEqual([event]);
      expect(events[0]).toMatchObject({
        level: 'warn',
        message: expect.stringContaining('`./fyers login --dir x`') as unknown,
      });
      if (token !== null && token.length > 40) expect(JSON.stringify(events)).not.toContain(token);
    },
  );

  test.each([
    ['2026-11-25T06:29:59+05:30', 'from 25 Nov 2026, 06:30 IST on'],
    ['2026-11-25T06:30:00+05:30', 'Log in now with'],
    ['2026-11-25T08:59:59+05:30', 'the session opens 25 Nov 2026, 09:00 IST'],
    ['2026-11-25T09:00:00+05:30', 'is running: log in now'],
    [
      '2026-11-28T20:00:00+05:30',
      'from 30 Nov 2026, 06:30 IST on, before the session opens 30 Nov 2026, 09:00',
    ],
  ])('names at %s the time for a login: %s', async (now, words) => {
    const { look, events } = setUp(null, parseInstant(now));
    await lookAtToken(look);
    expect(events[0]?.message).toContain(words);
  });

  test.each([
    ['garbage', 'garbage'],
    ['three parts that are not a JWT', 'a.b.c'],
    ['JSON', '{"token":"x"}'],
    ['a refresh token', of(SEVEN, 'refresh_token')],
    ['an auth code', of(SEVEN, 'auth_code')],
    ['an invalid token file', new FyersError('operator.token-file', 'It is JSON.', 'Wait.')],
  ])('rejects if the token is %s', async (_what, token) => {
    const { look, events } = setUp(token);
    const failure = await lookAtToken(look).catch((caught: unknown) => caught);
    expect(failure).toMatchObject({ code: 'operator.token-file' });
    expect((failure as FyersError).nextStep).toContain('fyers login --dir x');
    if (typeof token === 'string') expect(String(failure)).not.toContain(token);
    expect(events).toEqual([]);
  });

  test.each([
    ['there is no app id', null, 'operator.credentials'],
    ['the app id has no suffix', 'ABCD1234EF', 'operator.config'],
  ])('rejects if %s', async (_what, appId, code) => {
    await expect(lookAtToken(setUp(of(SEVEN), WEDNESDAY_8, appId).look)).rejects.toMatchObject({
      code,
    });
  });

  test('rejects with the error of the store', async () => {
    const denied = new FyersError('platform.permission', 'Denied.', 'Allow it.');
    await expect(lookAtToken(setUp(denied).look)).rejects.toBe(denied);
  });

  test.each([
    [5.5 * HOUR, 'at least 5 h 30 min behind'],
    [3 * MINUTE, 'at least 3 min behind'],
  ])(
    'reports by the issue time of a token that the clock is behind by %i ms',
    async (ms, words) => {
      const { look, events } = setUp(of(NOON), parseInstant(new Date(NOON - ms).toISOString()));
      await lookAtToken(look);
      expect(events[0]).toMatchObject({ event: 'clock-wrong' });
      expect(events[0]?.message).toContain(words);
      expect(events[0]?.message).toContain('timedatectl');
    },
  );

  test.each<[string, Proof | Error, readonly string[]]>([
    ['live', { kind: 'live', fyId: APP.fyId }, []],
    ['live, of another account', { kind: 'live', fyId: OTHER_APP.fyId }, ['token-foreign']],
    ['refused', { kind: 'dead' }, ['token-refused']],
    ['not reachable', { kind: 'unreachable' }, []],
    ['aborted', new Error('aborted'), []],
  ])('proveFirst logs the answer of the broker: %s', async (_what, proof, expected) => {
    const { look, names } = setUp(of(SEVEN));
    const unproven = await lookAtToken(look);
    expect(unproven).not.toBeNull();
    if (unproven === null) return;
    const prove = () => (proof instanceof Error ? Promise.reject(proof) : Promise.resolve(proof));
    await proveFirst(look, unproven, { prove }, new AbortController().signal);
    expect(names()).toEqual(expected);
  });

  test('serverTimeWarning reports once, by the broker’s answers, that the clock is wrong', () => {
    const { look, events } = setUp(of(SEVEN));
    const onServerTime = serverTimeWarning(look);
    onServerTime(parseInstant('2026-11-25T08:01:59+05:30'));
    expect(events).toEqual([]);
    onServerTime(parseInstant('2026-11-25T02:30:00+05:30'));
    onServerTime(parseInstant('2026-11-25T02:30:01+05:30'));
    expect(events.map(({ message }) => message)).toEqual([
      expect.stringContaining("clock is 5 h 30 min ahead, by the time of Fyers' answer") as unknown,
    ]);
  });
});
