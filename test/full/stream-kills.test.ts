// Kills a recorder of a stream fifty times. The harvester runs on a virtual clock, which jumps while a write is on its
// way: each message is stored or in a gap that is explained. The recorder alone runs in real time, with frames at the
// rate of a busy day: each kill costs at most a second.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';
import { frameSegments } from '../../adapters/recordings/frame-segments.ts';
import { decodeTbtFrame } from '../../core/stream/tbt-frame.ts';
import { istInstant, SECOND } from '../../core/time.ts';
import { DATE, expectExplained, killMany, streamHarvest } from '../support/stream-harvest.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const KILLS = 50;
const RECORDER = path.join(import.meta.dirname, '..', 'support', 'recorder-child.ts');

const folder = makeFolderPerTest();

test('A harvester that is killed fifty times explains every message', async () => {
  const startsAt = istInstant(DATE, '15:35');
  await using harvest = await streamHarvest(startsAt);
  const ledger = harvest.simulator.streams.keepLedger();
  const limits = { kills: KILLS, longestLife: 16 * SECOND, atMostMs: Infinity };
  const deaths = await killMany(harvest, { startsAt, ...limits });
  expect(deaths.length).toBe(KILLS);
  await expectExplained(harvest, ledger, deaths);
});

/** The last frames before the kill wait for the next write; the machine may be busy besides. */
const MAX_LOST_MS = 1_000;
const BUSY_MS = 500;

test('A recorder that is killed fifty times loses at most a second each time', async () => {
  const losses: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const first = 1 + kill * 1_000_000;
    const child = fork(RECORDER, [folder.path, String(first)]);
    const [beganAt] = (await once(child, 'message')) as [number];
    await new Promise((resolve) => setTimeout(resolve, 300 + ((kill * 637) % 1_900)));
    child.kill('SIGKILL');
    const diedAt = Date.now();
    await once(child, 'close');
    const { numbers, lastAt } = await framesOf(folder.path, first);
    // None is missing between the first and the last: a kill takes the end only.
    expect(numbers).toEqual(numbers.map((_, n) => first + n));
    losses.push(diedAt - (lastAt ?? beganAt));
  }
  expect(Math.max(...losses)).toBeLessThan(MAX_LOST_MS + BUSY_MS);
  // Some kills come when a second has been stored already.
  expect(Math.min(...losses)).toBeLessThan(MAX_LOST_MS);
});

/** The files of a recorder that was killed, as the next recorder reads them. */
async function framesOf(folder: string, first: number) {
  const segments = frameSegments(folder);
  expect(await segments.recover()).toEqual([]);
  const name = (await segments.names()).at(-1);
  const records = name === undefined ? [] : await segments.read(name);
  const numbers: number[] = [];
  let lastAt: number | null = null;
  for (const { kind, bytes, receivedAt } of records) {
    const feed = kind === 'frame' ? decodeTbtFrame(bytes)?.feeds[0] : undefined;
    if (feed === undefined || Number(feed.sequence) < first) continue;
    numbers.push(Number(feed.sequence));
    lastAt = receivedAt / 1_000;
  }
  return { numbers, lastAt };
}
