// Compares the calendar with the market status of the simulated broker.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { marketStatus } from '../../adapters/fyers/market-status.ts';
import type { LogRecord } from '../../core/ports.ts';
import { METRICS } from '../../core/config/names.ts';
import { type Instant, MINUTE, formatClock, istDate, istInstant, plus } from '../../core/time.ts';
import type { Bounds } from '../../harvester/ports.ts';
import { marketCheck } from '../../harvester/unscheduled-session.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { type SimulatedApp, mintToken } from '../../sandbox/fyers/tokens.ts';
import { openPlan } from '../core/market/plans.ts';
import { startDepthServer } from '../support/depth-server.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { SIMULATED_APP } from '../support/keeper-fixture.ts';
import { UNGUARDED } from '../support/rest-feed.ts';

const DATE = istDate('2026-11-25');
const at = (time: string): Instant => istInstant(DATE, time);
let fyers: FyersSimulator;
beforeAll(async () => {
  fyers = await startFyers({
    seed: 'status',
    apps: [SIMULATED_APP],
    refresh: 'refused',
    startsAt: at('09:00'),
  });
});
afterAll(() => fyers.close());

/** Runs the check of the day at each of the times. */
async function runCheck(
  ask: (bounds: Bounds, now: Instant) => Promise<string | null>,
  times: readonly Instant[],
) {
  const [emitted, notes]: [LogRecord[], string[]] = [[], []];
  const clock = virtualClock(at('09:00'));
  const check = marketCheck(
    {
      clock,
      signal: new AbortController().signal,
      events: { log: (event) => void emitted.push(event) },
      marketStatus: (bounds) => ask(bounds, clock.now()),
    },
    openPlan(DATE),
    { note: (_what, message) => Promise.resolve(void notes.push(message)) },
  );
  for (const now of times) {
    clock.set(now);
    await check.runIfDue(now);
  }
  return { emitted, events: emitted.map(({ event }) => event), notes };
}

/** Runs the check twice at `ours` of the harvester's clock and `brokers` of the broker's clock. */
async function checkAt(ours: string, brokers: string, app: Partial<SimulatedApp> = {}) {
  fyers.state.apps[0] = { ...SIMULATED_APP, ...app };
  fyers.setClock(at(brokers));
  const call = { apiUrl: fyers.url, authorization: authorizationAt('07:00'), guard: UNGUARDED };
  const { events, notes } = await runCheck(
    (bounds) => marketStatus({ ...call, ...bounds }),
    [at(ours), at(ours)],
  );
  return { events, notes };
}

const authorizationAt = (time: string) =>
  `${SIMULATED_APP.id}:${mintToken('status', SIMULATED_APP, 'access_token', at(time))}`;

test('marketCheck reports a broker with CLOSED in a session once, in both logs', async () => {
  expect(await checkAt('09:21', '15:35')).toEqual({
    events: ['market-differs'],
    notes: ['The broker reports CLOSED; the calendar has CONTINUOUS'],
  });
});

test.each<[string, string, string, Partial<SimulatedApp>?]>([
  ['if the broker agrees', '09:21', '09:21'],
  ['before continuous trading', '09:16', '15:35'],
  ['after continuous trading', '15:20', '15:35'],
  ['without the permission', '09:21', '15:35', { mayReadMarketStatus: false }],
])('marketCheck reports nothing %s', async (_when, ours, brokers, app) => {
  expect(await checkAt(ours, brokers, app)).toEqual({ events: [], notes: [] });
});

test('marketCheck reports nothing without a broker', async () => {
  fyers.state.isDown = true;
  expect(await checkAt('09:21', '15:35')).toEqual({ events: [], notes: [] });
  fyers.state.isDown = false;
});

test('marketCheck repeats its call every five minutes until the broker answers', async () => {
  const askedAt: string[] = [];
  const answers = [null, null, 'CLOSED'];
  const everyMinute = Array.from({ length: 7 * 60 }, (_, n) => plus(at('09:00'), n * MINUTE));
  const { events } = await runCheck((_bounds, now) => {
    askedAt.push(formatClock(now).slice(0, 5));
    return Promise.resolve(answers[askedAt.length - 1] ?? null);
  }, everyMinute);
  expect(askedAt).toEqual(['09:20', '09:25', '09:30']);
  expect(events).toEqual(['market-differs']);
});

/** Returns the events that the check emits if the broker answers `body` in a session. */
async function emittedFor(body: unknown) {
  await using server = await startDepthServer(() => null, { status: 200, body });
  const call = { apiUrl: server.url, authorization: 'app:token', guard: UNGUARDED };
  const { emitted } = await runCheck(
    (bounds) => marketStatus({ ...call, ...bounds }),
    [at('09:21')],
  );
  return emitted.map(({ event, level, metric }) => ({ event, level, metric: metric?.name }));
}

const ENTRY = { exchange: 10, segment: 10, market_type: 'NORMAL', status: 'CLOSED' };
const answerWith = (...marketStatus: readonly unknown[]) => ({ s: 'ok', code: 200, marketStatus });
const ALARM = [{ event: 'market-differs', level: 'error', metric: METRICS.faults }];

test.each(['CLOSE', 'CLOSED', 'closed', ' CLOSE ', 'POSTCLOSE_START', 'PREOPEN'])(
  'marketCheck raises the alarm metric for the status %j in a session',
  async (status) => {
    expect(await emittedFor(answerWith({ ...ENTRY, status }))).toEqual(ALARM);
  },
);

test.each(['CAS_OPEN', 'SPECIAL', 'OPEN_2'])(
  'marketCheck only logs the undocumented status %j',
  async (status) => {
    const logged = [{ event: 'market-differs', level: 'warn', metric: undefined }];
    expect(await emittedFor(answerWith({ ...ENTRY, status }))).toEqual(logged);
  },
);

test('marketCheck ignores an entry of another form, and reads the others', async () => {
  const odd = { ...ENTRY, exchange: '12', status: 'OPEN' };
  expect(await emittedFor(answerWith(odd, ENTRY))).toEqual(ALARM);
  expect(await emittedFor(answerWith(ENTRY, odd))).toEqual(ALARM);
  expect(await emittedFor(answerWith(odd, { ...ENTRY, status: 'OPEN' }))).toEqual([]);
});

test.each([
  ['another market only', answerWith({ ...ENTRY, exchange: 12 })],
  ['no entry', answerWith()],
  ['the NSE entry in another form', answerWith({ ...ENTRY, status: 0 })],
  ['no list', { s: 'ok', marketStatus: { 0: ENTRY } }],
  ['null', null],
])('marketCheck ignores an answer with %s', async (_, body) => {
  expect(await emittedFor(body)).toEqual([]);
});

test('marketStatus is not called again with a token without the permission', async () => {
  fyers.state.apps[0] = { ...SIMULATED_APP, mayReadMarketStatus: false };
  fyers.setClock(at('09:21'));
  const memory = { notPermitted: null };
  const calls: string[] = [];
  const ask = (time: string) =>
    marketStatus({
      apiUrl: fyers.url,
      authorization: authorizationAt(time),
      timeoutMs: 2_000,
      signal: new AbortController().signal,
      guard: {
        call: (request) => {
          calls.push(request.url);
          return UNGUARDED.call(request);
        },
      },
      memory,
    });
  expect([await ask('07:00'), await ask('07:00'), calls.length]).toEqual([null, null, 1]);
  // Another token may have another permission.
  fyers.state.apps[0] = SIMULATED_APP;
  expect([await ask('07:01'), calls.length]).toEqual(['OPEN', 2]);
});
