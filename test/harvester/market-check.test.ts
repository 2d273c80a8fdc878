// The calendar beside the simulated broker's market status.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { marketStatus } from '../../adapters/fyers/market-status.ts';
import { dayOf } from '../../core/market/calendar.ts';
import { type Instant, MINUTE, formatClock, istDate, istInstant, plus } from '../../core/time.ts';
import { marketCheck } from '../../harvester/market-check.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { type SimulatedApp, mintToken } from '../../sandbox/fyers/tokens.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { SIMULATED_APP } from '../support/keeper-world.ts';
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

/** What is said when the broker's clock shows `brokers` while ours shows `ours`. */
async function said(ours: string, brokers: string, app: Partial<SimulatedApp> = {}) {
  fyers.state.apps[0] = { ...SIMULATED_APP, ...app };
  fyers.setClock(at(brokers));
  const day = dayOf(DATE);
  if (day.kind === 'closed') throw new Error('a trading day');
  const [events, notes]: [string[], string[]] = [[], []];
  const authorization = `${SIMULATED_APP.id}:${mintToken('status', SIMULATED_APP, 'access_token', at('07:00'))}`;
  const check = marketCheck(
    {
      clock: virtualClock(at(ours)),
      signal: new AbortController().signal,
      events: { emit: ({ event }) => void events.push(event) },
      marketStatus: (bounds) =>
        marketStatus({ apiUrl: fyers.url, authorization, guard: UNGUARDED, ...bounds }),
    },
    day.plan,
    { note: (_what, message) => Promise.resolve(void notes.push(message)) },
  );
  await check.pass(at(ours));
  await check.pass(at(ours));
  return { events, notes };
}

test('A broker that agrees is not worth a word', async () => {
  expect(await said('09:21', '09:21')).toEqual({ events: [], notes: [] });
});

test('A broker that says CLOSED while we record is told once, in both logs', async () => {
  expect(await said('09:21', '15:35')).toEqual({
    events: ['market-differs'],
    notes: ['The broker says CLOSED where the calendar says CONTINUOUS'],
  });
});

test('Nothing is asked before trading, nor after it', async () => {
  expect(await said('09:16', '15:35')).toEqual({ events: [], notes: [] });
  expect(await said('15:20', '15:35')).toEqual({ events: [], notes: [] });
});

test('Without the permission, or without a broker, nothing is said', async () => {
  expect(await said('09:21', '15:35', { mayReadMarketStatus: false })).toEqual({
    events: [],
    notes: [],
  });
  fyers.state.isDown = true;
  expect(await said('09:21', '15:35')).toEqual({ events: [], notes: [] });
  fyers.state.isDown = false;
});

test('A broker that did not answer is asked again, until it has', async () => {
  const day = dayOf(DATE);
  if (day.kind === 'closed') throw new Error('a trading day');
  const [askedAt, events]: [string[], string[]] = [[], []];
  const clock = virtualClock(at('09:00'));
  const answers = [null, null, 'CLOSED'];
  const check = marketCheck(
    {
      clock,
      signal: new AbortController().signal,
      events: { emit: ({ event }) => void events.push(event) },
      marketStatus: () => {
        askedAt.push(formatClock(clock.now()).slice(0, 5));
        return Promise.resolve(answers[askedAt.length - 1] ?? null);
      },
    },
    day.plan,
    { note: () => Promise.resolve() },
  );
  while (clock.now() < at('16:00')) {
    await check.pass(clock.now());
    clock.set(plus(clock.now(), MINUTE));
  }
  expect(askedAt).toEqual(['09:20', '09:25', '09:30']);
  expect(events).toEqual(['market-differs']);
});
