// An opening that passes while the harvester waits for it: the reason of the slots that this costs.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { METRICS } from '../../core/config/names.ts';
import { MINUTE, SECOND, plus } from '../../core/time.ts';
import { OPENS_AT } from '../support/depth.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import { TOKEN, liveIn } from './harvester-harness.ts';

const HOURS = 3 * 60 * MINUTE;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-opening-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

test.each([
  ['in the middle of a wait', 4.5 * MINUTE],
  ['seconds before the opening', 9 * MINUTE + 40 * SECOND],
])('A clock that is set past the opening %s is a clock-jump', async (_, after) => {
  const { manifest, said } = await liveIn(folder, {
    loop: (clock) => {
      // Half a minute into the session of one: six of the twelve slots of two symbols.
      clock.setAfter(after, 10 * MINUTE - after + 30 * SECOND);
      return {};
    },
  });
  expect(manifest).toMatchObject({ received: 6 * 2, holes: { 'clock-jump': 6 * 2 } });
  expect(manifest?.unexplained).toBe(0);
  expect(said).not.toContain('step-failed');
});

test('A clock that is set past the whole session is a clock-jump, and counted as missed', async () => {
  const missed: number[] = [];
  const { manifest } = await liveIn(folder, {
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
test('A store that takes its time as the session opens is late', async () => {
  let machine: VirtualClock | null = null;
  const { manifest } = await liveIn(folder, {
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

test('A start after the opening was not running', async () => {
  const { manifest } = await liveIn(folder, { startsAt: plus(OPENS_AT, 30 * SECOND) });
  expect(manifest).toMatchObject({ received: 6 * 2, holes: { 'not-running': 6 * 2 } });
});
