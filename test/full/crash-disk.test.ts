// Lets any file operation fail: no space during a write, or an error of fdatasync.
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Disk } from '../../adapters/recordings/disk.ts';
import { MINUTE, istDate, plus } from '../../core/time.ts';
import { OPENS_AT } from '../support/depth.ts';
import { faultyDisk } from '../support/faulty-disk.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { readDay, waitForUpload, problemsOf, recordSession } from '../support/recorded-session.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const TODAY = istDate('2026-11-25');
const EXPECTED = 2 * 12;

const folder = makeFolderPerTest();

/** Records a day on `disk`, and compacts it on a working disk. */
async function recordOn(disk: Disk, name: string) {
  const dataDir = path.join(folder.path, name);
  const objects = memoryBucket();
  const world = { dataDir, objects, minutes: 12 };
  const { acknowledged, eventNames } = await recordSession({ ...world, disk });
  const after = await recordSession({ ...world, startsAt: plus(OPENS_AT, 20 * MINUTE) });
  const found = await readDay(dataDir, TODAY);
  const again = [...eventNames, ...after.eventNames].filter((event) => event === 'ship-conflict');
  return {
    found,
    acknowledged,
    eventNames,
    problems: [
      ...problemsOf(found, acknowledged),
      ...again,
      ...(found.shipped === 'shipped' ? [] : [`${String(found.shipped)}, not shipped`]),
    ],
  };
}

test('A single failure of any file operation costs no row', { timeout: 600_000 }, async () => {
  const whole = faultyDisk();
  await recordSession({
    dataDir: path.join(folder.path, 'whole'),
    objects: memoryBucket(),
    minutes: 12,
    disk: whole,
    onSlot: waitForUpload,
  });
  expect(whole.count()).toBeGreaterThan(80);
  for (let nth = 1; nth <= whole.count(); nth += 1) {
    let failed = '';
    const disk = faultyDisk((count, operation) => {
      if (count === nth) failed = operation;
      return count === nth;
    });
    const { problems, found } = await recordOn(disk, String(nth));
    const received = found.manifest?.received;
    expect({ nth, failed, problems, received }).toEqual({
      nth,
      failed,
      problems: [],
      received: EXPECTED,
    });
  }
});

test('If every nth operation fails, acknowledged rows are kept, and other slots have a reason', async () => {
  let recorded = 0;
  for (let every = 2; every <= 60; every += 1) {
    const disk = faultyDisk((count) => count % every === 0);
    const dataDir = path.join(folder.path, String(every));
    const { acknowledged, eventNames } = await recordSession({ dataDir, minutes: 12, disk });
    const after = await recordSession({
      dataDir,
      minutes: 12,
      startsAt: plus(OPENS_AT, 20 * MINUTE),
    });
    expect(after.eventNames).not.toContain('step-failed');
    if (acknowledged.size === 0) {
      // Opening a file takes nine operations, so a disk that allows fewer stores nothing, which is logged.
      expect(eventNames).toContain('disk-refuses');
      continue;
    }
    recorded += 1;
    const found = await readDay(dataDir, TODAY);
    expect({ every, problems: problemsOf(found, acknowledged) }).toEqual({ every, problems: [] });
    const reasons = Object.keys(found.manifest?.holes ?? {});
    expect(reasons.filter((reason) => reason !== 'disk' && reason !== 'not-running')).toEqual([]);
  }
  expect(recorded).toBeGreaterThan(40);
});

test('A disk that is full for three slots costs only those, with the reason disk', async () => {
  const disk = faultyDisk();
  const dataDir = path.join(folder.path, 'full');
  const objects = memoryBucket();
  const { acknowledged, eventNames } = await recordSession({
    dataDir,
    disk,
    objects,
    minutes: 12,
    onSlot: (index) => {
      for (const operation of ['appendFile', 'writeFile'] as const) {
        if (index === 4) disk.fail(operation, 1_000);
        if (index === 7) disk.fail(operation, 0);
      }
    },
  });
  const found = await readDay(dataDir, TODAY);
  expect(problemsOf(found, acknowledged)).toEqual([]);
  // The write that ran out of space may have kept its first row.
  const { received = 0, holes = {} } = found.manifest ?? {};
  expect([EXPECTED - 6, EXPECTED - 5]).toContain(received);
  expect(holes).toEqual({ disk: EXPECTED - received });
  expect(eventNames.filter((event) => event === 'disk-refuses')).toHaveLength(1);
  expect(found.shipped).toBe('shipped');
});
