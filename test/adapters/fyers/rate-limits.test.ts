// Checks for any accepted plan that the feed's calls stay inside the account's limits, as the simulator counts them in sliding windows.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { restDepth } from '../../../adapters/fyers/depth-feed.ts';
import { CALLS_PER_MINUTE_CAP, parseSampling } from '../../../core/config/values.ts';
import { MINUTE, SECOND, plus } from '../../../core/time.ts';
import { UNUSED, countCall } from '../../../sandbox/fyers/limits.ts';
import { OPENS_AT, shortSession } from '../../support/depth.ts';
import { depthOf, startDepthServer } from '../../support/depth-server.ts';
import { APP, TOKEN, memoryStrikes, must } from '../../support/rest-feed.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const MINUTES = 2;
/** A delay of the feed in parts of its interval: none, a timer's, a slow disk's, or sleep. */
const delay = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  fc.double({ min: 0, max: 0.01, noNaN: true }),
  { weight: 2, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  fc.double({ min: 1, max: 3, noNaN: true }),
);
const runs = fc.record({
  /** The part of the highest number of symbols that the interval allows. */
  share: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  everySeconds: fc.constantFrom(1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60),
  /** Delays after each slot. */
  slots: fc.array(delay, { maxLength: 40 }),
  /** Delays at the end of each wait: for a slot, or between two bursts. */
  waits: fc.array(delay, { maxLength: 40 }),
});

const halfLate = ([30, 60] as const).map((everySeconds) => ({
  share: 1,
  everySeconds,
  slots: [],
  waits: [0.5],
}));

test.each([
  ['on time', runs.map((run) => ({ ...run, slots: [], waits: [] })), { numRuns: 10 }],
  ['late', runs, { numRuns: 20, examples: halfLate.map((run): [typeof run] => [run]) }],
])(
  'The REST feed stays inside the limits for any accepted plan, with slots that begin %s',
  { timeout: 120_000 },
  async (begun, arbitrary, parameters) => {
    await using server = await startDepthServer(({ symbol }) => depthOf(symbol));
    const seen = { books: 0, late: 0 };
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ share, everySeconds, slots, waits }) => {
        const most = (CALLS_PER_MINUTE_CAP * everySeconds) / 60;
        const symbols = Math.max(1, Math.floor(share * most));
        const names = Array.from({ length: symbols }, (_, n) => `NSE:S${String(n)}-EQ`);
        const sampling = must(parseSampling(names.join(), String(everySeconds)));
        const session = { ...shortSession(), closesAt: plus(OPENS_AT, MINUTES * MINUTE) };
        const [afterSlots, afterWaits] = [[...slots], [...waits]];
        const hold = (delays: number[]): void => {
          const ms = (delays.shift() ?? 0) * everySeconds * SECOND;
          clock.set(plus(clock.now(), Math.round(ms)));
        };
        const clock = virtualClock(plus(OPENS_AT, -SECOND), () => {
          hold(afterWaits);
        });
        await using feed = restDepth({
          apiUrl: server.url,
          appId: () => APP,
          sampling,
          clock,
          strikes: memoryStrikes(),
        });
        let usage = UNUSED;
        const reported: string[] = [];
        const { signal } = new AbortController();
        for await (const batch of feed.observe(session, () => TOKEN, signal)) {
          reported.push(...batch.map(({ symbol, slot }) => `${symbol} ${String(slot)}`));
          for (const taken of batch) {
            if (taken.kind === 'hole') {
              expect(taken.reason).toMatch(/^(?:late|clock-jump)$/);
              seen.late += 1;
              continue;
            }
            seen.books += 1;
            expect(taken.sentAt).toBeLessThan(plus(taken.slot, everySeconds * SECOND));
            const counted = countCall(usage, Number(taken.sentAt));
            usage = counted.usage;
            expect(counted.waitMs).toBeNull();
          }
          hold(afterSlots);
        }
        expect(new Set(reported).size).toBe(reported.length);
        expect(reported).toHaveLength(symbols * Math.ceil((MINUTES * 60) / everySeconds));
      }),
      { ...parameters, seed: 7 },
    );
    // Otherwise the property tested nothing.
    expect(seen.books).toBeGreaterThan(500);
    if (begun === 'late') expect(seen.late).toBeGreaterThan(100);
    else expect(seen.late).toBe(0);
  },
);
