import { createServer } from 'node:http';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fyersBroker } from '../../adapters/fyers/auth.ts';
import type { AccessToken, AuthCode } from '../../core/config/values.ts';
import { DAY, plus } from '../../core/time.ts';
import { type Effect, type Faults, startFaults } from '../../sandbox/faults.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import {
  APP,
  PIN,
  SEVEN,
  SIMULATED_APP,
  accessToken,
  refreshToken,
  tokenOf,
} from '../support/keeper-fixture.ts';
import { type EmulatedAws, emulatedAws } from '../support/emulated-aws.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { assumeRole, createRole } from '../support/restricted-role.ts';

const signal = new AbortController().signal;
const REFRESH = '/api/v3/validate-refresh-token';
const TOKEN = refreshToken(plus(SEVEN, -DAY));

let fyers: FyersSimulator;
let faults: Faults;

beforeEach(async () => {
  const apps = [SIMULATED_APP];
  fyers = await startFyers({ seed: 'test', apps, refresh: 'accepted', startsAt: SEVEN });
  faults = await startFaults(fyers.url);
});
afterEach(async () => {
  await faults.close();
  await fyers.close();
});

const broker = (timeoutMs = 2_000) =>
  fyersBroker({ apiUrl: faults.url, onSecret: () => undefined, timeoutMs });
const profile = () =>
  fetch(`${faults.url}/api/v3/profile`, {
    headers: { authorization: `${APP.id}:${accessToken(SEVEN)}` },
  });
const listServedPaths = () => fyers.requests().map(({ path: each }) => each);

describe('The proxy', () => {
  test('forwards requests and answers unchanged', async () => {
    const seen: (string | undefined)[] = [];
    const upstream = createServer((request, response) => {
      const { host, 'x-own': own } = request.headers;
      seen.push(request.method, request.url, host, String(own));
      request.pipe(response.writeHead(201, { 'x-answer': 'a', 'set-cookie': ['b=1', 'c=2'] }));
    });
    await using listening = await listenOnLoopback(upstream);
    const through = await startFaults(listening.url);
    const sent = { method: 'PUT', body: 'what was sent', headers: { 'x-own': 'own' } };
    const answer = await fetch(`${through.url}/a%20b?c=%26`, sent);
    expect(seen).toEqual(['PUT', '/a%20b?c=%26', new URL(through.url).host, 'own']);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-answer')).toBe('a');
    expect(answer.headers.getSetCookie()).toEqual(['b=1', 'c=2']);
    expect(await answer.text()).toBe('what was sent');
    await through.close();
  });

  test('applies a row to the requests that match, counted per row', async () => {
    const refused: Effect = { kind: 'answer', status: 418, body: '' };
    const done = [
      faults.add({ match: { path: /profile/ }, nth: [2, 4], effect: refused }),
      faults.add({ match: { method: 'POST' }, effect: refused }),
    ];
    const statuses: number[] = [];
    for (let call = 0; call < 5; call += 1) statuses.push((await profile()).status);
    expect(statuses).toEqual([200, 418, 200, 418, 200]);
    expect(done.map((count) => count())).toEqual([2, 0]);
  });

  test('prefers a new row to an old one, and applies no row after clear', async () => {
    const answering = (status: number): Effect => ({ kind: 'answer', status, body: '' });
    const old = faults.add({ match: {}, effect: answering(418) });
    faults.add({ match: {}, nth: [1], effect: answering(503) });
    expect([(await profile()).status, (await profile()).status]).toEqual([503, 418]);
    expect(old()).toBe(1);
    faults.clear();
    expect((await profile()).status).toBe(200);
  });

  test('matches the body of a request, and applies its first rows in their order', async () => {
    await using started = await startWithFaults([
      { match: { body: /"pin"/ }, effect: { kind: 'answer', status: 418, body: '' } },
      { match: { method: 'POST' }, effect: { kind: 'answer', status: 503, body: '' } },
    ]);
    const post = async (body: string) =>
      (await fetch(started.url + REFRESH, { method: 'POST', body })).status;
    expect([await post('{"pin":"1"}'), await post('{}')]).toEqual([418, 503]);
  });

  test('closes while requests hang or wait', async () => {
    faults.add({ match: { path: /profile/ }, effect: { kind: 'half-open' } });
    faults.add({ match: { path: /depth/ }, effect: { kind: 'delay', ms: 600_000 } });
    const hanging = [profile(), fetch(`${faults.url}/data/depth`)];
    const ends = Promise.allSettled(hanging);
    await faults.close();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    faults = await startFaults(fyers.url);
  });
});

async function startWithFaults(rows: Parameters<typeof startFaults>[1]) {
  const started = await startFaults(fyers.url, rows);
  return { url: started.url, [Symbol.asyncDispose]: started.close };
}

describe('The broker adapter on a bad connection', () => {
  const onRefresh = (effect: Effect) => faults.add({ match: { path: /refresh-token$/ }, effect });

  test.each<readonly [string, Effect, readonly string[]]>([
    ['a half-open connection', { kind: 'half-open' }, []],
    ['a lost answer', { kind: 'half-open', worked: true }, [REFRESH]],
    ['a connection that is reset', { kind: 'reset' }, []],
    ['a reset after the work', { kind: 'reset', worked: true }, [REFRESH]],
    ['an answer that is cut', { kind: 'cut' }, [REFRESH]],
    ['an answer that comes too late', { kind: 'delay', ms: 60_000 }, []],
  ])(
    'reports a refresh as silent after %s, because it may have been counted',
    async (_, effect, reached) => {
      const done = onRefresh(effect);
      const answer = await broker(300).refresh(APP, TOKEN, PIN, signal);
      expect(answer).toMatchObject({ kind: 'silent' });
      expect(listServedPaths()).toEqual(reached);
      expect(done()).toBe(1);
    },
  );

  test('waits for a slow answer', async () => {
    const done = onRefresh({ kind: 'delay', ms: 50 });
    const answer = await broker().refresh(APP, TOKEN, PIN, signal);
    expect(answer.kind).toBe('minted');
    expect(done()).toBe(1);
  });

  test('reports the broker as unreachable if it answers 503', async () => {
    fyers.state.isDown = true;
    expect(await broker().refresh(APP, TOKEN, PIN, signal)).toMatchObject({
      kind: 'unreachable',
    });
    expect(fyers.requests().map(({ status }) => status)).toEqual([503]);
  });

  test('reports the broker as unreachable if it refuses the connection', async () => {
    const { url, close } = await startFaults(fyers.url);
    await close();
    const gone = fyersBroker({ apiUrl: url, onSecret: () => undefined });
    expect(await gone.refresh(APP, TOKEN, PIN, signal)).toMatchObject({ kind: 'unreachable' });
  });

  test('cannot use an auth code again if its answer was lost', async () => {
    const code = tokenOf('auth_code', SEVEN) as AuthCode;
    faults.add({ match: { path: /authcode$/ }, nth: [1], effect: { kind: 'cut' } });
    expect(await broker().exchange(APP, code, signal)).toMatchObject({ kind: 'silent' });
    expect(await broker().exchange(APP, code, signal)).toMatchObject({ by: 'auth-code' });
    const [first, second] = fyers.requests().map(({ grant }) => grant);
    expect(first).toMatch(/^[0-9a-f]{12}$/);
    expect(second).toBe(first);
  });

  test.each<Effect>([
    { kind: 'half-open' },
    { kind: 'reset' },
    { kind: 'cut' },
    { kind: 'answer', status: 502, body: '<html>' },
  ])('reports a proof as unreachable after %j', async (effect) => {
    faults.add({ match: { path: /profile/ }, effect });
    const token: AccessToken = accessToken(SEVEN);
    expect(await broker(300).prove(APP.id, token, signal)).toMatchObject({ kind: 'unreachable' });
  });

  test.each<Effect>([{ kind: 'garbage' }, { kind: 'answer', status: 200, body: '<html>' }])(
    'reports %j as an answer that is not from Fyers',
    async (effect) => {
      onRefresh(effect);
      faults.add({ match: { path: /profile/ }, effect });
      const answer = await broker(300).refresh(APP, TOKEN, PIN, signal);
      expect(answer).toMatchObject({ kind: 'not-fyers' });
      const proof = await broker(300).prove(APP.id, accessToken(SEVEN), signal);
      expect(proof).toMatchObject({ kind: 'not-fyers' });
    },
  );
});

describe('The proxy in front of the AWS emulator', () => {
  const NAME = 'FYERS_THROUGH_THE_PROXY';
  let aws: EmulatedAws;
  let before: Faults;

  beforeAll(async () => {
    aws = await emulatedAws();
    before = await startFaults(aws.options.endpoint);
  });
  afterAll(async () => {
    await before.close();
    await aws.close();
  });
  afterEach(() => {
    before.clear();
  });

  const options = () => ({ ...aws.options, endpoint: before.url, maxAttempts: 3 });
  const put = (ssm: SSMClient, Value: string) =>
    ssm.send(new PutParameterCommand({ Name: NAME, Value, Type: 'String', Overwrite: true }));
  const read = async (ssm: SSMClient) =>
    (await ssm.send(new GetParameterCommand({ Name: NAME }))).Parameter?.Value;

  test('forwards a signature unchanged', async () => {
    const policy = { Effect: 'Allow', Action: 'ssm:*', Resource: '*' };
    const role = await createRole(options(), 'Through', policy);
    const credentials = await assumeRole(options(), role);
    const ssm = new SSMClient({ ...options(), credentials });
    await put(ssm, 'signed');
    expect(await read(ssm)).toBe('signed');
    const forged = { ...credentials, secretAccessKey: 'another' };
    const forger = new SSMClient({ ...options(), credentials: forged });
    await expect(read(forger)).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    ssm.destroy();
    forger.destroy();
  });

  test('throttles one action, and the SDK retries until it passes', async () => {
    const ssm = new SSMClient(options());
    const match = { target: /^AmazonSSM\.PutParameter$/, body: new RegExp(NAME) };
    const done = before.add({ match, nth: [1, 2], effect: { kind: 'throttle' } });
    await put(ssm, 'throttled');
    expect(done()).toBe(2);
    expect(await read(ssm)).toBe('throttled');
    ssm.destroy();
  });

  test('causes the SDK’s ThrottlingException if the throttle remains', async () => {
    const ssm = new SSMClient({ ...options(), maxAttempts: 1 });
    before.add({ match: { target: /GetParameter$/ }, effect: { kind: 'throttle' } });
    await expect(read(ssm)).rejects.toMatchObject({ name: 'ThrottlingException' });
    ssm.destroy();
  });

  test('cuts the answer of a write that was executed', async () => {
    const ssm = new SSMClient({ ...options(), maxAttempts: 1 });
    before.add({ match: { target: /PutParameter$/ }, effect: { kind: 'cut' } });
    await expect(put(ssm, 'cut')).rejects.toThrow();
    expect(await read(ssm)).toBe('cut');
    ssm.destroy();
  });
});
