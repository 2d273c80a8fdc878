// Whatever plan is taken, the feed's calls stay inside the account's limits, as the simulator counts them over windows that slide.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { restDepth } from '../../../adapters/fyers/rest-depth.ts';
import { parseAccessToken, parseAppId, parseSampling } from '../../../core/config.ts';
import { MINUTE, plus } from '../../../core/time.ts';
import { UNUSED, countCall } from '../../../sandbox/fyers/limits.ts';
import { OPENS_AT, shortSession } from '../../support/depth.ts';
import { depthOf, startDepthServer } from '../../support/depth-server.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const plans = fc.record({
  symbols: fc.integer({ min: 1, max: 60 }),
  everySeconds: fc.constantFrom(1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60),
});

test(
  'No plan that is taken makes a call which the broker would refuse',
  { timeout: 120_000 },
  async () => {
    await using server = await startDepthServer(({ symbol }) => depthOf(symbol));
    const [appId, token] = [parseAppId('ABCD1234EF-100'), parseAccessToken('a.b.c')];
    if (!appId.ok || !token.ok) throw new Error('constants');
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(plans, async ({ symbols, everySeconds }) => {
        const names = Array.from({ length: symbols }, (_, n) => `NSE:S${String(n)}-EQ`);
        const sampling = parseSampling(names.join(), String(everySeconds));
        if (!sampling.ok) return;
        taken += 1;
        const session = { ...shortSession(), closesAt: plus(OPENS_AT, 2 * MINUTE) };
        await using feed = restDepth({
          apiUrl: server.url,
          appId: () => appId.value,
          sampling: sampling.value,
          clock: virtualClock(OPENS_AT),
          strikes: { read: () => Promise.resolve(0), write: () => Promise.resolve() },
        });
        let usage = UNUSED;
        let calls = 0;
        for await (const batch of feed.observe(
          session,
          () => token.value,
          new AbortController().signal,
        )) {
          for (const { kind, sentAt } of batch) {
            expect(kind).toBe('book');
            calls += 1;
            const counted = countCall(usage, sentAt);
            usage = counted.usage;
            expect(counted.waitMs).toBeNull();
          }
        }
        expect(calls).toBe((symbols * 120) / everySeconds);
      }),
      { numRuns: 25, seed: 7 },
    );
    // Else the plans were all refused, and nothing was seen.
    expect(taken).toBeGreaterThan(5);
  },
);
