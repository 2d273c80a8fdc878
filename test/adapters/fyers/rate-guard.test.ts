import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  lastPrices,
  marketStatus,
  type MarketStatusCall,
} from '../../../adapters/fyers/market-status.ts';
import { type StrikeStore, restGuard } from '../../../adapters/fyers/rate-guard.ts';
import { MINUTE, SECOND, plus } from '../../../core/time.ts';
import { OPENS_AT } from '../../support/depth.ts';
import { depthOf, refusal, startDepthServer } from '../../support/depth-server.ts';
import { memoryStrikes, observe, outcomes } from '../../support/rest-feed.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

/** Starts a guard, whose clock `setTo` sets in seconds from the opening. */
async function startGuard(strikes = memoryStrikes()) {
  const clock = virtualClock(OPENS_AT);
  const guard = restGuard(strikes, clock);
  await guard.ready();
  const at = (seconds: number) => plus(OPENS_AT, seconds * SECOND);
  return {
    guard,
    strikes,
    at,
    setTo: (seconds: number) => {
      clock.set(at(seconds));
    },
  };
}

describe('A rate limit', () => {
  test('counts one strike for all calls that were sent before its first answer', async () => {
    const { guard, strikes, at, setTo } = await startGuard();
    setTo(0.2);
    guard.limited(at(0), SECOND);
    setTo(1.7);
    guard.limited(at(0), SECOND);
    guard.limited(at(0.2), SECOND);
    await guard.saved();
    expect([...strikes.kept.values()]).toEqual([{ count: 1, until: at(2.7) }]);
    setTo(2.699);
    expect(guard.reason()).toBe('rate-limited');
    setTo(2.7);
    expect(guard.reason()).toBeNull();
    guard.limited(at(2.7), SECOND);
    await guard.saved();
    expect([...strikes.kept.values()]).toEqual([{ count: 2, until: at(3.7) }]);
    expect(guard.reason()).toBe('blocked-for-the-day');
  });

  test('blocks for a minute if the answer has no wait, and for at least a second', async () => {
    const { guard, at, setTo } = await startGuard();
    guard.limited(at(0), 0);
    setTo(0.999);
    expect(guard.reason()).toBe('rate-limited');
    setTo(1);
    expect(guard.reason()).toBeNull();
    const other = await startGuard();
    other.guard.limited(at(0));
    other.setTo(59.999);
    expect(other.guard.reason()).toBe('rate-limited');
    other.setTo(60);
    expect(other.guard.reason()).toBeNull();
  });

  test('blocks and counts in a new process as in the previous one', async () => {
    const before = await startGuard();
    before.guard.limited(before.at(0), 90 * SECOND);
    await before.guard.saved();
    const { guard, at, setTo } = await startGuard(before.strikes);
    setTo(89.999);
    expect(guard.reason()).toBe('rate-limited');
    setTo(90);
    expect(guard.reason()).toBeNull();
    guard.limited(at(90), SECOND);
    expect(guard.reason()).toBe('blocked-for-the-day');
  });

  test('counts without blocking if only its count was stored', async () => {
    const bare = (count: number) => ({ ...memoryStrikes(), read: () => Promise.resolve(count) });
    const { guard, at } = await startGuard(bare(1));
    expect(guard.reason()).toBeNull();
    guard.limited(at(0));
    expect(guard.reason()).toBe('blocked-for-the-day');
    expect((await startGuard(bare(2))).guard.reason()).toBe('blocked-for-the-day');
  });

  test('ends at midnight', async () => {
    const { guard, at, setTo } = await startGuard();
    guard.limited(at(0));
    setTo(MINUTE / SECOND);
    guard.limited(at(60));
    setTo(15 * 3_600 - 0.001);
    expect(guard.reason()).toBe('blocked-for-the-day');
    setTo(15 * 3_600);
    expect(guard.reason()).toBeNull();
  });

  test.each([3_600, 86_400, 1e16, Infinity])(
    'blocks at most until midnight: %d seconds',
    async (seconds) => {
      const { guard, strikes, at, setTo } = await startGuard();
      const midnight = 15 * 3_600;
      setTo(midnight - 3_600);
      guard.limited(at(midnight - 3_600), seconds * SECOND);
      await guard.saved();
      expect([...strikes.kept.values()]).toEqual([{ count: 1, until: at(midnight) }]);
      setTo(midnight);
      expect(guard.reason()).toBeNull();
    },
  );

  test('counts one strike for a burst whose answers arrive slowly', async () => {
    const strikes = memoryStrikes();
    const { batches } = await observe({
      script: ({ symbol, nth }) =>
        nth < 2 ? refusal(429, -429, { 'retry-after': '1' }) : depthOf(symbol),
      strikes,
      // By then the guard knows the first answer of the burst.
      onAnswer: (nth, clock) => {
        if (nth === 2) clock.set(plus(clock.now(), 1_500));
      },
      slots: 3,
    });
    expect(outcomes(batches)).toEqual(['rate-limited rate-limited', 'book book', 'book book']);
    expect([...strikes.kept.values()]).toMatchObject([{ count: 1 }]);
  });
});

/** Stores strikes on a slow disk. */
function slowStrikes(seen: string[]): StrikeStore {
  return {
    read: () => Promise.resolve(0),
    async write() {
      for (let turn = 0; turn < 200; turn += 1) await setImmediate();
      seen.push('on disk');
    },
  };
}

describe('A strike is written', () => {
  test('before the feed continues', async () => {
    const seen: string[] = [];
    await observe({
      script: () => refusal(429, -429),
      strikes: slowStrikes(seen),
      onBatch: () => void seen.push('batch'),
      slots: 1,
    });
    // Two calls of a burst are one strike, and each may prolong the wait.
    expect(seen).toEqual(['on disk', 'on disk', 'batch']);
  });

  test('before a call for another endpoint returns its answer', async () => {
    const seen: string[] = [];
    await using server = await startDepthServer(() => refusal(429, -429));
    const guard = restGuard(slowStrikes(seen), virtualClock(OPENS_AT));
    const url = `${server.url}/data/depth`;
    const signal = new AbortController().signal;
    await guard.call({ url, method: 'GET', timeoutMs: 5_000, signal });
    expect(seen).toEqual(['on disk']);
  });
});

describe('Another call of the account', () => {
  const BOUNDS = { timeoutMs: 5_000, signal: new AbortController().signal, authorization: 'a:b' };
  const symbols = ['NSE:SBIN-EQ'];

  test.each([
    ['market status', marketStatus],
    ['last prices', (call: MarketStatusCall) => lastPrices({ ...call, symbols })],
  ] as const)('for the %s counts as a strike, and is not repeated that day', async (_what, ask) => {
    const limited = refusal(429, -429, { 'retry-after': '12' });
    await using server = await startDepthServer(() => null, limited);
    const { guard, strikes, at, setTo } = await startGuard();
    const call = () => ask({ ...BOUNDS, apiUrl: server.url, guard });
    await call();
    expect([...strikes.kept.values()]).toEqual([{ count: 1, until: at(12) }]);
    for (const seconds of [11.999, 12, 3_600]) {
      setTo(seconds);
      await call();
      // Not after the wait either: another strike would block the day.
      expect(server.calls).toHaveLength(1);
    }
    expect(guard.reason()).toBeNull();
  });

  test('for the market status is no error and no strike if a stop comes first', async () => {
    await using server = await startDepthServer(() => null, 'OPEN');
    const { guard, strikes } = await startGuard();
    const call = { ...BOUNDS, apiUrl: server.url, guard, signal: AbortSignal.abort() };
    expect(await marketStatus(call)).toBeNull();
    expect(strikes.kept.size).toBe(0);
    expect(guard.reason()).toBeNull();
  });

  test('for the last prices fails at a stop, so that no strikes are chosen without them', async () => {
    await using server = await startDepthServer(() => null);
    const { guard } = await startGuard();
    const call = { ...BOUNDS, apiUrl: server.url, guard, signal: AbortSignal.abort() };
    await expect(lastPrices({ ...call, symbols })).rejects.toThrow('aborted');
  });

  test.each([
    [403, 'broker-error'],
    [200, 'broker-error'],
    [404, null],
    [405, null],
    [410, null],
  ] as const)(
    'that receives a page with HTTP %i pauses the other calls for: %s',
    async (status, reason) => {
      const page = { status, body: '<html>Not here</html>' };
      await using server = await startDepthServer(() => null, page);
      const { guard } = await startGuard();
      await marketStatus({ ...BOUNDS, apiUrl: server.url, guard });
      expect(server.calls).toHaveLength(1);
      expect(guard.reason()).toBe(reason);
    },
  );
});
