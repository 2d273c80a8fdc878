// Clocks that are set and machines that sleep, while a real feed asks a real server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MINUTE, SECOND, istDate, plus } from '../../core/time.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { foundDay, problemsOf, recordDay } from '../support/recorded-session.ts';
import { askingFeed } from '../support/asking-feed.ts';
import { depthOf, startDepthServer } from '../support/depth-server.ts';

const TODAY = istDate('2026-11-25');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-clock-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Jump {
  readonly atCall: number;
  readonly seconds: number;
}

const jumps: fc.Arbitrary<readonly Jump[]> = fc.array(
  fc.record({
    atCall: fc.integer({ min: 1, max: 60 }),
    seconds: fc.oneof(
      fc.integer({ min: -3_600, max: -1 }),
      fc.integer({ min: 1, max: 90 }),
      fc.integer({ min: 120, max: 600 }),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

test('However the clock is set while a slot is asked for, each slot is recorded once or has its reason', async () => {
  let nth = 0;
  await fc.assert(
    fc.asyncProperty(jumps, async (plan) => {
      nth += 1;
      const dataDir = path.join(folder, String(nth));
      let jump: (call: number) => void = () => undefined;
      await using server = await startDepthServer(({ symbol, nth: call }) => {
        jump(call);
        return depthOf(symbol);
      });
      const objects = memoryBucket();
      const { acknowledged, said } = await recordDay({
        dataDir,
        objects,
        minutes: 40,
        feed: (clock) => {
          jump = (call) => {
            const { seconds } = plan.find(({ atCall }) => atCall === call) ?? { seconds: 0 };
            clock.set(plus(clock.now(), seconds * SECOND));
          };
          return askingFeed({ apiUrl: server.url, clock, everySeconds: 60 });
        },
      });
      const found = await foundDay(dataDir, TODAY);
      expect(problemsOf(found, acknowledged)).toEqual([]);
      expect(said).not.toContain('ship-conflict');
      const reasons = Object.keys(found.manifest?.holes ?? {});
      expect(reasons.filter((reason) => !['late', 'clock-jump'].includes(reason))).toEqual([]);
      // A clock that is set back costs no slot; one that is set forward costs those it passes, and no other.
      const forward = plan.reduce((sum, { seconds }) => sum + Math.max(0, seconds), 0);
      const missed = (found.manifest?.expected ?? 0) - (found.manifest?.received ?? 0);
      expect(missed / 2).toBeLessThanOrEqual(Math.ceil((forward * SECOND) / MINUTE) + plan.length);
    }),
    { numRuns: 40, seed: 1 },
  );
});
