import { afterEach, describe, expect, test } from 'vitest';
import { fyersBroker } from '../../../adapters/fyers/auth.ts';
import type { AppSecret, AuthCode, Pin } from '../../../core/config/values.ts';
import { DAY, HOUR, plus } from '../../../core/time.ts';
import { startFyers } from '../../../sandbox/fyers/server.ts';
import {
  APP,
  FY_ID,
  PIN,
  SEVEN,
  SIMULATED_APP,
  accessToken,
  refreshToken,
  tokenOf,
} from '../../support/keeper-fixture.ts';
import { serveReplies } from '../../support/loopback.ts';

const signal = new AbortController().signal;
const TOKEN = refreshToken(plus(SEVEN, -DAY));
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function simulateBroker(refresh: 'accepted' | 'refused' = 'accepted', mayReadProfile = true) {
  const apps = [{ ...SIMULATED_APP, mayReadProfile }];
  const simulator = await startFyers({ seed: 'test', apps, refresh, startsAt: SEVEN });
  closing.push(simulator.close);
  const secrets: string[] = [];
  const onSecret = (value: string) => secrets.push(value);
  return { broker: fyersBroker({ apiUrl: simulator.url, onSecret }), simulator, secrets };
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Starts a broker that gives `answer` to every request, or closes the connection if it is null. */
async function scriptBroker(given: Answer | null | ((url: string) => Answer), timeoutMs = 2_000) {
  const seen: { url: string; body: string; authorization: string }[] = [];
  const listening = await serveReplies(({ url = '', headers }, body) => {
    seen.push({ url, body, authorization: headers.authorization ?? '' });
    return typeof given === 'function' ? given(url) : given;
  });
  closing.push(async () => listening[Symbol.asyncDispose]());
  const apiUrl = listening.url;
  return { broker: fyersBroker({ apiUrl, onSecret: () => undefined, timeoutMs }), seen };
}

const error = (status: number, code: number, message: string): Answer => ({
  status,
  body: JSON.stringify({ s: 'error', code, message }),
});

type Broker = ReturnType<typeof fyersBroker>;
const refresh = (broker: Broker) => broker.refresh(APP, TOKEN, PIN, signal);
const prove = (broker: Broker) => broker.prove(APP.id, accessToken(SEVEN), signal);

describe('refresh', () => {
  test('returns minted if the broker accepts it', async () => {
    const { broker, simulator, secrets } = await simulateBroker();
    const answer = await refresh(broker);
    if (answer.kind !== 'minted') throw new Error(answer.kind);
    expect(answer.refreshToken).toBeUndefined();
    expect(secrets).toEqual([answer.accessToken]);
    expect(await broker.prove(APP.id, answer.accessToken, signal)).toEqual({
      kind: 'live',
      fyId: FY_ID,
    });
    expect(simulator.requests().map(({ path }) => path)).toEqual([
      '/api/v3/validate-refresh-token',
      '/api/v3/profile',
    ]);
  });

  test('returns refused by policy if the broker has disabled the API', async () => {
    const { broker } = await simulateBroker('refused');
    expect(await refresh(broker)).toEqual({
      kind: 'refused',
      by: 'policy',
      detail:
        'HTTP 400, code -16: Refresh token API is currently disabled to comply with SEBI regulations.',
    });
  });

  test.each([
    ['pin', APP, TOKEN, '0000'],
    ['refresh-token', APP, refreshToken(plus(SEVEN, -30 * DAY)), PIN],
    ['app-secret', { ...APP, secret: 'WRONGSECRET' as AppSecret }, TOKEN, PIN],
  ] as const)('returns refused by %s', async (by, app, token, pin) => {
    const { broker } = await simulateBroker();
    const answer = await broker.refresh(app, token, pin as Pin, signal);
    expect(answer).toMatchObject({ kind: 'refused', by });
  });

  test.each([
    ['an unknown code', error(400, -999, 'Something new'), 'unrecognised'],
    ['-16 without the words', error(401, -16, 'Could not authenticate the user'), 'unrecognised'],
    [
      'a refusal under HTTP 200',
      error(200, -501, 'Please provide valid refresh token'),
      'refresh-token',
    ],
    ['a refusal under HTTP 500', error(500, -371, 'bad hash'), 'app-secret'],
    ['"invalid pin" under another code', error(400, -501, 'Invalid PIN'), 'pin'],
    ['a success without a token', { status: 200, body: '{"s":"ok"}' }, 'unrecognised'],
  ])('classifies a refusal: %s is refused by %s', async (_title, answer, by) => {
    const { broker } = await scriptBroker(answer);
    expect(await refresh(broker)).toMatchObject({ kind: 'refused', by });
  });

  test.each([
    [
      "a gateway's page that repeats the request",
      { status: 502, body: `<html>Bad\n gateway ${TOKEN}</html>` },
      'HTTP 502, not JSON: <html>Bad gateway [hidden]</html>',
    ],
    ['an unknown error of the broker', error(500, -1, 'Internal'), 'HTTP 500, code -1: Internal'],
    ['a connection that is closed', null, expect.stringContaining('ECONNRESET') as unknown],
  ])(
    'returns silent with the details after %s, because the call may have counted',
    async (_title, answer, detail) => {
      const { broker } = await scriptBroker(answer);
      const silent = await refresh(broker);
      expect(silent).toMatchObject({ kind: 'silent' });
      expect(silent.kind === 'silent' ? silent.detail : '').toEqual(detail);
    },
  );

  test.each([
    [{ status: 429, body: '{"message":"request limit reached","code":429,"s":"error"}' }, {}],
    [{ ...error(200, -429, 'limit'), headers: { 'retry-after': '3' } }, { retryAfterMs: 3_000 }],
  ])('returns rate-limited without another call for %j', async (answer, rest) => {
    const { broker, seen } = await scriptBroker(answer);
    expect(await refresh(broker)).toMatchObject({
      kind: 'rate-limited',
      retryAfterMs: null,
      ...rest,
    });
    expect(seen).toHaveLength(1);
  });

  test.each([
    ['a firewall', { status: 403, body: 'error code: 1010' }],
    ['a redirect', { status: 302, body: '', headers: { location: 'https://portal.example/' } }],
  ])('returns not-fyers if %s answered', async (_title, answer) => {
    const { broker } = await scriptBroker(answer);
    expect(await refresh(broker)).toMatchObject({ kind: 'not-fyers' });
    expect(await prove(broker)).toMatchObject({ kind: 'not-fyers' });
  });

  test('returns unreachable with the wait if the broker is out of service', async () => {
    const answer = { status: 503, body: '{"s":"error"}', headers: { 'retry-after': '7' } };
    const { broker } = await scriptBroker(answer);
    expect(await refresh(broker)).toMatchObject({ kind: 'unreachable', retryAfterMs: 7_000 });
  });

  test('returns unreachable if nothing listens', async () => {
    const broker = fyersBroker({ apiUrl: 'http://127.0.0.1:9', onSecret: () => undefined });
    expect(await refresh(broker)).toEqual({
      kind: 'unreachable',
      detail: 'The connection to 127.0.0.1:9 failed (ECONNREFUSED).',
    });
  });

  test('hides PIN and tokens in the details', async () => {
    const message = `pin ${PIN} token ${TOKEN} other ${accessToken(SEVEN)} ${'x'.repeat(500)}`;
    const { broker, seen } = await scriptBroker(error(400, -999, message));
    const answer = await refresh(broker);
    if (answer.kind !== 'refused') throw new Error(answer.kind);
    expect(answer.detail).not.toMatch(new RegExp(`${PIN}|eyJ`));
    expect(answer.detail.length).toBeLessThan(300);
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ pin: PIN, refresh_token: TOKEN });
  });

  test('rejects with the reason of its signal', async () => {
    const { broker } = await simulateBroker();
    const reason = new Error('no more time');
    const aborted = AbortSignal.abort(reason);
    await expect(broker.refresh(APP, TOKEN, PIN, aborted)).rejects.toBe(reason);
  });
});

describe('exchange', () => {
  test('returns both tokens for an auth code, once', async () => {
    const { broker, secrets } = await simulateBroker();
    const code = tokenOf('auth_code', SEVEN) as AuthCode;
    const answer = await broker.exchange(APP, code, signal);
    if (answer.kind !== 'minted') throw new Error(answer.kind);
    expect(secrets).toEqual([answer.accessToken, answer.refreshToken]);
    const again = await broker.exchange(APP, code, signal);
    expect(again).toMatchObject({ kind: 'refused', by: 'auth-code' });
  });
});

describe('prove', () => {
  test('returns dead for an expired token, and for a token of another app', async () => {
    const { broker, simulator } = await simulateBroker();
    simulator.setClock(plus(SEVEN, 23 * HOUR));
    expect(await prove(broker)).toMatchObject({ kind: 'dead' });
    const other = await scriptBroker(error(400, -352, 'invalid app id'));
    expect(await prove(other.broker)).toMatchObject({ kind: 'dead' });
  });

  test('reads market depth if the app may not read the profile', async () => {
    const { broker, simulator } = await simulateBroker('accepted', false);
    expect(await prove(broker)).toEqual({ kind: 'live', fyId: null });
    expect(simulator.requests().map(({ path }) => path)).toEqual([
      '/api/v3/profile',
      '/data/depth',
    ]);
  });

  test('sends app id and token in the Authorization header', async () => {
    const { broker, seen } = await scriptBroker({ status: 200, body: '{"s":"ok"}' });
    const token = accessToken(SEVEN);
    expect(await broker.prove(APP.id, token, signal)).toEqual({ kind: 'live', fyId: null });
    expect(seen[0]?.authorization).toBe(`${APP.id}:${token}`);
  });

  test.each([
    [{ status: 502, body: 'Bad gateway' }, 'unreachable'],
    [{ status: 200, body: '{"code":200}' }, 'unreachable'],
    [error(429, 429, 'request limit reached'), 'rate-limited'],
    [error(403, -373, 'No permission for the app'), 'refused'],
  ])('returns neither live nor dead after %j', async (answer, kind) => {
    const { broker } = await scriptBroker(answer);
    expect(await prove(broker)).toMatchObject({ kind });
  });

  test.each([
    [error(403, -373, 'No permission for the app'), true],
    [error(401, -8, 'Your token has expired'), true],
    [error(429, 429, 'request limit reached'), false],
    [{ status: 502, body: 'Bad gateway' }, false],
    [{ status: 200, body: '{"s":"ok"}' }, false],
  ])('returns whether the broker refuses the depth that a harvester needs: %j', async (...row) => {
    const [depth, isRefused] = row;
    const profile = JSON.stringify({ s: 'ok', data: { fy_id: FY_ID } });
    const { broker, seen } = await scriptBroker((url) =>
      url.startsWith('/data/depth') ? depth : { status: 200, body: profile },
    );
    const token = accessToken(SEVEN);
    const proof = await broker.prove(APP.id, token, signal, 'depth');
    expect(proof).toMatchObject({ kind: 'live', fyId: FY_ID });
    expect('depthRefused' in proof).toBe(isRefused);
    expect(seen.map(({ url }) => url.split('?')[0])).toEqual(['/api/v3/profile', '/data/depth']);
    expect(await broker.prove(APP.id, token, signal)).toEqual({ kind: 'live', fyId: FY_ID });
  });
});
