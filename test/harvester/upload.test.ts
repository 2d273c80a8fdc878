import { appendFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { csvLine } from '../../core/recording/columns.ts';
import { MINUTE, istDate, plus } from '../../core/time.ts';
import { OPENS_AT, sampleRow } from '../support/depth.ts';
import { faultyDisk } from '../support/faulty-disk.ts';
import { memoryBucket, throwUnreachable } from '../support/memory-bucket.ts';
import {
  readDay,
  waitForUpload,
  problemsOf,
  recordSession,
  stopAt,
} from '../support/recorded-session.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const folder = makeFolderPerTest();

const TODAY = istDate('2026-11-25');
const AFTER_CLOSE = plus(OPENS_AT, 30 * MINUTE);
const here = (name: string) => path.join(folder.path, name);
const ownFile = (dataDir: string, name: string) => path.join(dataDir, 'days', TODAY, name);

describe('The segments of a running day in the bucket', () => {
  test('contain every acknowledged row and event', async () => {
    const objects = memoryBucket();
    const { acknowledged, eventNames } = await recordSession({
      dataDir: here('a'),
      objects,
      onSlot: waitForUpload,
    });
    // One at the start, one every five minutes, and one at the end.
    expect(objects.pieces('events')).toHaveLength(5);
    expect(eventNames.filter((event) => event === 'piece-shipped')).toHaveLength(5);
    expect(objects.lines('day')).toEqual([...acknowledged]);
    const log = await readFile(ownFile(here('a'), 'events.jsonl'), 'utf8');
    expect(objects.lines('events').join('\n')).toBe(log.trimEnd());
    expect([...objects.stored.keys()].at(-1)).toMatch(/manifest\.json$/);
  });

  test('are uploaded on a stop signal', async () => {
    const objects = memoryBucket();
    const { acknowledged } = await recordSession({ dataDir: here('a'), objects, ...stopAt(6) });
    expect(acknowledged.size).toBe(14);
    expect(objects.lines('day')).toEqual([...acknowledged]);
    expect(objects.lines('events').at(-1)).toContain('"event":"stopped"');
  });

  test('cost no slot while the bucket hangs, and are uploaded later', async () => {
    const objects = memoryBucket();
    const hanging = Promise.withResolvers<undefined>();
    objects.before = () => hanging.promise;
    const { eventNames, acknowledged } = await recordSession({
      dataDir: here('a'),
      objects,
      onSlot: (index) => {
        if (index === 19) hanging.resolve(undefined);
      },
    });
    expect(eventNames).toContain('day-shipped');
    expect((await readDay(here('a'), TODAY)).manifest).toMatchObject({ received: 40 });
    expect(objects.lines('day')).toEqual([...acknowledged]);
  });

  test('are uploaded again with the same bytes if an answer is lost', async () => {
    const objects = memoryBucket();
    let answers = 0;
    objects.after = () => {
      answers += 1;
      // Every second object is stored, and the answer is lost.
      if (answers % 2 === 0) throwUnreachable();
    };
    const { eventNames, acknowledged } = await recordSession({ dataDir: here('a'), objects });
    const again = await recordSession({ dataDir: here('a'), objects, startsAt: AFTER_CLOSE });
    const last = await recordSession({ dataDir: here('a'), objects, startsAt: AFTER_CLOSE });
    expect([...eventNames, ...again.eventNames, ...last.eventNames]).not.toContain('ship-conflict');
    expect(objects.lines('day')).toEqual([...acknowledged]);
    expect((await readDay(here('a'), TODAY)).shipped).toBe('shipped');
  });

  test('let another machine continue the day', async () => {
    const objects = memoryBucket();
    const first = await recordSession({ dataDir: here('a'), objects, ...stopAt(6) });
    const startsAt = plus(OPENS_AT, 11.5 * MINUTE);
    const second = await recordSession({ dataDir: here('b'), objects, startsAt });
    expect(second.eventNames).toContain('day-taken-over');
    const found = await readDay(here('b'), TODAY);
    expect(found.manifest).toMatchObject({
      expected: 40,
      received: 2 * (7 + 8),
      holes: { stopped: 2 * 5 },
      leftOut: { duplicate: 0, unplanned: 0, malformed: 0 },
    });
    const both = new Set([...first.acknowledged, ...second.acknowledged]);
    expect(problemsOf(found, both)).toEqual([]);
    expect(objects.lines('day')).toEqual([...both]);
    expect(await readdir(here('b'))).not.toContain('fetched/2026-11-25');
  });

  test('contain all but the last minutes of a lost machine', async () => {
    const objects = memoryBucket();
    let snapshot = objects;
    await recordSession({
      dataDir: here('a'),
      objects,
      onSlot: async (index, clock, uploads) => {
        await waitForUpload(index, clock, uploads);
        if (index === 13) snapshot = objects.copy();
      },
    });
    // The slots of 09:00 to 09:10.
    const kept = snapshot.lines('day').length;
    expect(kept).toBe(2 * 11);
    const startsAt = plus(OPENS_AT, 17.5 * MINUTE);
    await recordSession({ dataDir: here('b'), objects: snapshot, startsAt });
    const { manifest } = await readDay(here('b'), TODAY);
    expect(manifest).toMatchObject({
      received: kept + 4,
      holes: { 'not-running': 40 - kept - 4 },
      unexplained: 0,
    });
  });

  test('are compacted to a day by another machine after the close', async () => {
    const objects = memoryBucket();
    await recordSession({ dataDir: here('a'), objects, ...stopAt(9) });
    await recordSession({ dataDir: here('b'), objects, startsAt: AFTER_CLOSE });
    const { manifest, shipped } = await readDay(here('b'), TODAY);
    expect(manifest).toMatchObject({ received: 20, holes: { stopped: 20 }, unexplained: 0 });
    expect(shipped).toBe('shipped');
    // A third machine finds the manifest.
    const third = await recordSession({ dataDir: here('c'), objects, startsAt: AFTER_CLOSE });
    expect(third.eventNames).not.toContain('day-taken-over');
  });

  test('are fetched later if the bucket was unreachable at the start', async () => {
    const objects = memoryBucket();
    await recordSession({ dataDir: here('a'), objects, ...stopAt(6) });
    objects.before = throwUnreachable;
    const { eventNames } = await recordSession({
      dataDir: here('b'),
      objects,
      startsAt: plus(OPENS_AT, 11.5 * MINUTE),
      onSlot: (index) => {
        if (index === 15) objects.before = () => undefined;
      },
    });
    expect(eventNames).toContain('step-failed');
    expect(eventNames).toContain('day-taken-over');
    const { manifest } = await readDay(here('b'), TODAY);
    expect(manifest).toMatchObject({ received: 30, unexplained: 0 });
  });

  test('stop the second of two harvesters: it uploads nothing more, and logs ship-conflict', async () => {
    const objects = memoryBucket();
    const other = { dataDir: here('b'), objects };
    const first = await recordSession({
      dataDir: here('a'),
      objects,
      onSlot: async (index, clock, uploads) => {
        if (index <= 5) await waitForUpload(index, clock, uploads);
        if (index === 8) await recordSession({ ...other, startsAt: clock.now(), ...stopAt(12) });
      },
    });
    expect(first.eventNames).toContain('ship-conflict');
    const a = await readDay(here('a'), TODAY);
    expect(a.shipped).toBe('conflict');
    // Its local recording stays complete.
    expect(a.manifest).toMatchObject({ received: 40 });
    expect([...objects.stored.keys()].filter((key) => key.endsWith('manifest.json'))).toEqual([]);

    await recordSession({ ...other, startsAt: plus(OPENS_AT, 15.5 * MINUTE) });
    const b = await readDay(here('b'), TODAY);
    expect(b.shipped).toBe('shipped');
    expect(b.manifest).toMatchObject({ unexplained: 0, leftOut: { duplicate: 0 } });
    const key = [...objects.stored.keys()].find((name) => name.endsWith('manifest.json')) ?? '';
    expect(JSON.parse(objects.stored.get(key)?.toString() ?? '')).toEqual(b.manifest);
    expect(new Set(objects.lines('day')).size).toBe(objects.lines('day').length);
    const again = await recordSession({ dataDir: here('a'), objects, startsAt: AFTER_CLOSE });
    expect(again.eventNames).not.toContain('ship-conflict');
  });
});

describe('A disk that refuses writes', () => {
  test('costs rows with the reason disk, and neither the process nor later slots', async () => {
    const disk = faultyDisk();
    const { eventNames, acknowledged } = await recordSession({
      dataDir: here('a'),
      disk,
      onSlot: (index) => {
        // Two slots: the log and its replacement, of which the header is the first append.
        if (index === 4) disk.fail('appendFile', 6);
      },
    });
    expect(eventNames.filter((event) => event === 'disk-refuses')).toHaveLength(1);
    const found = await readDay(here('a'), TODAY);
    expect(problemsOf(found, acknowledged)).toEqual([]);
    const { holes = {}, received } = found.manifest ?? {};
    expect(Object.keys(holes)).toEqual(['disk']);
    expect(received).toBe(40 - (holes['disk'] ?? 0));
    expect(received).toBeGreaterThan(30);
  });
});

describe('The close of a day', () => {
  test('moves a folder without plan and rows aside, and logs it once', async () => {
    await mkdir(path.join(here('a'), 'days', TODAY), { recursive: true });
    await writeFile(ownFile(here('a'), 'events.jsonl'), '');
    const first = await recordSession({ dataDir: here('a'), startsAt: AFTER_CLOSE });
    const second = await recordSession({ dataDir: here('a'), startsAt: AFTER_CLOSE });
    const eventNames = [...first.eventNames, ...second.eventNames];
    expect(eventNames.filter((event) => event === 'day-put-aside')).toHaveLength(1);
    expect(eventNames).not.toContain('step-failed');
    expect(await readdir(path.join(here('a'), 'days'))).toEqual([`${TODAY}.empty`]);
  });

  test('moves lines that are not rows to quarantine.csv, and counts them', async () => {
    const objects = memoryBucket();
    await recordSession({ dataDir: here('a'), objects, ...stopAt(4) });
    // The last value is cut, and is still a number.
    const torn = csvLine(sampleRow('NSE:SBIN-EQ', plus(OPENS_AT, 5 * MINUTE))).slice(0, -2);
    await appendFile(ownFile(here('a'), 'day-0.v2.csv'), `not,a,row\n${torn}`);
    await writeFile(ownFile(here('a'), 'day-1.v2.csv'), '');
    const { eventNames } = await recordSession({
      dataDir: here('a'),
      objects,
      startsAt: AFTER_CLOSE,
    });
    expect(eventNames).toContain('lines-quarantined');
    const { manifest } = await readDay(here('a'), TODAY);
    expect(manifest?.leftOut.malformed).toBe(2);
    expect(manifest?.received).toBe(10);
    const shipped = [...objects.stored].find(([key]) => key.endsWith('/quarantine.csv'));
    expect(shipped?.[1].toString()).toBe(`not,a,row\n${torn}\n`);
  });
});
