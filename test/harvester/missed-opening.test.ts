// Tests the reason of slots that pass while the harvester waits for the opening.
import path from 'node:path';
import { expect, test } from 'vitest';
import { METRICS } from '../../core/config/names.ts';
import { MINUTE, SECOND, plus } from '../../core/time.ts';
import { OPENS_AT } from '../support/depth.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import { TOKEN, runHarvester } from './harvester-harness.ts';

const HOURS = 3 * 60 * MINUTE;

const folder = makeFolderPerTest();

test.each([
  ['in the middle of a wait', 4.5 * MINUTE],
  ['seconds before the opening', 9 * MINUTE + 40 * SECOND],
])('Slots are holes with clock-jump if the clock is set past the opening %s', async (_, after) => {
  const { manifest, eventNames } = await runHarvester(folder.path, {
    loop: (clock) => {
      // Half a minute into the session of one: six of the twelve slots of two symbols.
      clock.setAfter(after, 10 * MINUTE - after + 30 * SECOND);
      return {};
    },
  });
  expect(manifest).toMatchObject({ received: 6 * 2, holes: { 'clock-jump': 6 * 2 } });
  expect(manifest?.unexplained).toBe(0);
  expect(eventNames).not.toContain('step-failed');
});

test('Slots are holes with clock-jump, and counted as missed, if the clock is set past the whole session', async () => {
  const missed: number[] = [];
  const { manifest } = await runHarvester(folder.path, {
    loop: (clock) => {
      clock.setAfter(5 * MINUTE, HOURS);
      return {
        metrics: {
          measure: (name, value) => {
            if (name === METRICS.slotsMissed) missed.push(value);
          },
          flush: () => Promise.resolve(),
        },
        sessions: 2,
        until: plus(OPENS_AT, 12 * 60 * MINUTE),
      };
    },
  });
  expect(manifest).toMatchObject({ received: 0, holes: { 'clock-jump': 12 * 2 } });
  expect(Math.max(...missed)).toBe(12 * 2);
});
test('Slots are holes with late if reading the store lasts past the opening', async () => {
  let machine: VirtualClock | null = null;
  const { manifest } = await runHarvester(folder.path, {
    loop: (clock) => {
      machine = clock;
      return {};
    },
    stored: (now) => {
      const isLastRead = now >= plus(OPENS_AT, -15 * SECOND) && now < OPENS_AT;
      if (isLastRead) machine?.set(plus(OPENS_AT, 7 * SECOND));
      return TOKEN;
    },
  });
  expect(manifest).toMatchObject({ received: 10 * 2, holes: { late: 2 * 2 } });
});

test('Slots before a start after the opening are holes with not-running', async () => {
  const { manifest } = await runHarvester(folder.path, { startsAt: plus(OPENS_AT, 30 * SECOND) });
  expect(manifest).toMatchObject({ received: 6 * 2, holes: { 'not-running': 6 * 2 } });
});
