// Compares the calendar with the market status of the simulated broker.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { marketStatus } from '../../adapters/fyers/market-status.ts';
import type { LogRecord } from '../../core/ports.ts';
import { dayOf } from '../../core/market/calendar.ts';
import { METRICS } from '../../core/config/names.ts';
import { type Instant, MINUTE, formatClock, istDate, istInstant, plus } from '../../core/time.ts';
import { marketCheck } from '../../harvester/unscheduled-session.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { type SimulatedApp, mintToken } from '../../sandbox/fyers/tokens.ts';
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

/** Runs the check at `ours` of the harvester's clock and `brokers` of the broker's clock. */
async function checkAt(ours: string, brokers: string, app: Partial<SimulatedApp> = {}) {
  fyers.state.apps[0] = { ...SIMULATED_APP, ...app };
  fyers.setClock(at(brokers));
  const day = dayOf(DATE);
  if (day.kind === 'closed') throw new Error(`${DATE} is closed`);
  const [events, notes]: [string[], string[]] = [[], []];
  const authorization = `${SIMULATED_APP.id}:${mintToken('status', SIMULATED_APP, 'access_token', at('07:00'))}`;
  const check = marketCheck(
    {
      clock: virtualClock(at(ours)),
      signal: new AbortController().signal,
      events: { log: ({ event }) => void events.push(event) },
      marketStatus: (bounds) =>
        marketStatus({ apiUrl: fyers.url, authorization, guard: UNGUARDED, ...bounds }),
    },
    day.plan,
    { note: (_what, message) => Promise.resolve(void notes.push(message)) },
  );
  await check.runIfDue(at(ours));
  await check.runIfDue(at(ours));
  return { events, notes };
}

test('marketCheck logs nothing if the broker agrees', async () => {
  expect(await checkAt('09:21', '09:21')).toEqual({ events: [], notes: [] });
});

test('marketCheck reports a broker with CLOSED in a session once, in both logs', async () => {
  expect(await checkAt('09:21', '15:35')).toEqual({
    events: ['market-differs'],
    notes: ['The broker reports CLOSED; the calendar has CONTINUOUS'],
  });
});

test('marketCheck reports nothing outside of continuous trading', async () => {
  expect(await checkAt('09:16', '15:35')).toEqual({ events: [], notes: [] });
  expect(await checkAt('15:20', '15:35')).toEqual({ events: [], notes: [] });
});

test('marketCheck reports nothing without the permission or without a broker', async () => {
  expect(await checkAt('09:21', '15:35', { mayReadMarketStatus: false })).toEqual({
    events: [],
    notes: [],
  });
  fyers.state.isDown = true;
  expect(await checkAt('09:21', '15:35')).toEqual({ events: [], notes: [] });
  fyers.state.isDown = false;
});

test('marketCheck repeats its call every five minutes until the broker answers', async () => {
  const day = dayOf(DATE);
  if (day.kind === 'closed') throw new Error(`${DATE} is closed`);
  const [askedAt, events]: [string[], string[]] = [[], []];
  const clock = virtualClock(at('09:00'));
  const answers = [null, null, 'CLOSED'];
  const check = marketCheck(
    {
      clock,
      signal: new AbortController().signal,
      events: { log: ({ event }) => void events.push(event) },
      marketStatus: () => {
        askedAt.push(formatClock(clock.now()).slice(0, 5));
        return Promise.resolve(answers[askedAt.length - 1] ?? null);
      },
    },
    day.plan,
    { note: () => Promise.resolve() },
  );
  while (clock.now() < at('16:00')) {
    await check.runIfDue(clock.now());
    clock.set(plus(clock.now(), MINUTE));
  }
  expect(askedAt).toEqual(['09:20', '09:25', '09:30']);
  expect(events).toEqual(['market-differs']);
});

/** Returns the events that the check emits if the broker answers `body` in a session. */
async function emittedFor(body: unknown) {
  const server = createServer((_request, response) => {
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const day = dayOf(DATE);
  if (day.kind === 'closed') throw new Error(`${DATE} is closed`);
  const emitted: LogRecord[] = [];
  const check = marketCheck(
    {
      clock: virtualClock(at('09:21')),
      signal: new AbortController().signal,
      events: { log: (event) => void emitted.push(event) },
      marketStatus: (bounds) =>
        marketStatus({
          apiUrl: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
          authorization: 'app:token',
          guard: UNGUARDED,
          ...bounds,
        }),
    },
    day.plan,
    { note: () => Promise.resolve() },
  );
  await check.runIfDue(at('09:21'));
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
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

test.each([
  ['null', null],
  ['a text', 'CLOSED'],
  ['a number', 7],
  ['a list', [10, 10, 'NORMAL', 'OPEN']],
  ['empty', {}],
  ['without a status', { exchange: 11, segment: 20, market_type: 'NORMAL' }],
  ['of another type', { exchange: '12', segment: 11, market_type: 'NORMAL', status: 'OPEN' }],
])('marketCheck ignores an entry that is %s, and reads the others', async (_, odd) => {
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
      authorization: `${SIMULATED_APP.id}:${mintToken('status', SIMULATED_APP, 'access_token', at(time))}`,
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
