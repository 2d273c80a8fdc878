// Sets the clock at random times while the real feed calls a server on loopback.
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Instant, MINUTE, SECOND, istDate, plus } from '../../core/time.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { readDay, problemsOf, recordSession } from '../support/recorded-session.ts';
import { askingFeed } from '../support/asking-feed.ts';
import { OPENS_AT } from '../support/depth.ts';
import { depthOf, startDepthServer } from '../support/depth-server.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const TODAY = istDate('2026-11-25');

const folder = makeFolderPerTest();

interface Jump {
  readonly atCall: number;
  readonly seconds: number;
  /** Seconds into the wait for the next slot; null: while the call is answered. */
  readonly intoWait: number | null;
}

const jumps: fc.Arbitrary<readonly Jump[]> = fc.array(
  fc.record({
    atCall: fc.integer({ min: 1, max: 60 }),
    seconds: fc.oneof(
      fc.integer({ min: -3_600, max: -1 }),
      fc.integer({ min: 1, max: 90 }),
      fc.integer({ min: 120, max: 600 }),
    ),
    intoWait: fc.option(fc.integer({ min: 0, max: 59 })),
  }),
  { minLength: 1, maxLength: 4 },
);

const NO_JUMP: Omit<Jump, 'atCall'> = { seconds: 0, intoWait: null };

test('Each slot is recorded once or has a reason if the clock is set during a call or a wait', async () => {
  let nth = 0;
  await fc.assert(
    fc.asyncProperty(jumps, async (plan) => {
      nth += 1;
      const dataDir = path.join(folder.path, String(nth));
      let jump: (call: number) => void = () => undefined;
      const calls: { readonly waited: number; readonly wall: Instant }[] = [];
      await using server = await startDepthServer(({ symbol, nth: call }) => {
        jump(call);
        return depthOf(symbol);
      });
      const objects = memoryBucket();
      const { acknowledged, eventNames } = await recordSession({
        dataDir,
        objects,
        minutes: 40,
        feed: (clock) => {
          jump = (call) => {
            calls.push({ waited: clock.waitedMs(), wall: clock.now() });
            const { seconds, intoWait } = plan.find(({ atCall }) => atCall === call) ?? NO_JUMP;
            if (intoWait === null) clock.set(plus(clock.now(), seconds * SECOND));
            else clock.setAfter(intoWait * SECOND, seconds * SECOND);
          };
          return askingFeed({ apiUrl: server.url, clock, everySeconds: 60 });
        },
      });
      const found = await readDay(dataDir, TODAY);
      expect(problemsOf(found, acknowledged)).toEqual([]);
      expect(eventNames).not.toContain('ship-conflict');
      const reasons = Object.keys(found.manifest?.holes ?? {});
      expect(reasons.filter((reason) => !['late', 'clock-jump'].includes(reason))).toEqual([]);
      // A clock that is set back costs no slot; one that is set forward costs only the slots that it skips.
      const forward = plan.reduce((sum, { seconds }) => sum + Math.max(0, seconds), 0);
      const missed = (found.manifest?.expected ?? 0) - (found.manifest?.received ?? 0);
      expect(missed / 2).toBeLessThanOrEqual(Math.ceil((forward * SECOND) / MINUTE) + plan.length);
      // In true time no wait is long, except the wait for the opening.
      const waits = calls.map(({ waited, wall }, index) =>
        wall < plus(OPENS_AT, MINUTE) ? 0 : waited - (calls[index - 1]?.waited ?? waited),
      );
      expect(Math.max(0, ...waits)).toBeLessThanOrEqual((2 + plan.length) * MINUTE);
    }),
    { numRuns: 40, seed: 1 },
  );
});
