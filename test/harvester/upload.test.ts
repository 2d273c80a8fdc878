import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { csvLine } from '../../core/recording/columns.ts';
import { MINUTE, istDate, plus } from '../../core/time.ts';
import { OPENS_AT, sampleRow } from '../support/depth.ts';
import { faultyDisk } from '../support/faulty-disk.ts';
import { memoryBucket, unreachable } from '../support/memory-bucket.ts';
import { foundDay, keepingUp, problemsOf, recordDay } from '../support/recorded-session.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-pieces-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const TODAY = istDate('2026-11-25');
const AFTER_CLOSE = plus(OPENS_AT, 30 * MINUTE);
const here = (name: string) => path.join(folder, name);
const ownFile = (dataDir: string, name: string) => path.join(dataDir, 'days', TODAY, name);
/** Stops after the slot of that index. */
const stopAt = (last: number) => {
  const stop = new AbortController();
  return {
    signal: stop.signal,
    onSlot: (index: number) => {
      if (index === last) stop.abort();
    },
  };
};

describe('The pieces of a running day', () => {
  test('put together, are the day', async () => {
    const objects = memoryBucket();
    const { acknowledged, said } = await recordDay({
      dataDir: here('a'),
      objects,
      onSlot: keepingUp,
    });
    // At the start, every five minutes, and at the end.
    expect(objects.pieces('events')).toHaveLength(5);
    expect(said.filter((event) => event === 'piece-shipped')).toHaveLength(5);
    expect(objects.lines('day')).toEqual([...acknowledged]);
    const log = await readFile(ownFile(here('a'), 'events.jsonl'), 'utf8');
    expect(objects.lines('events').join('\n')).toBe(log.trimEnd());
    expect([...objects.stored.keys()].at(-1)).toMatch(/manifest\.json$/);
  });

  test('go up when the process is told to stop', async () => {
    const objects = memoryBucket();
    const { acknowledged } = await recordDay({ dataDir: here('a'), objects, ...stopAt(6) });
    expect(acknowledged.size).toBe(14);
    expect(objects.lines('day')).toEqual([...acknowledged]);
    expect(objects.lines('events').at(-1)).toContain('"event":"stopped"');
  });

  test('cost no slot while the bucket hangs, and all arrive later', async () => {
    const objects = memoryBucket();
    const hanging = Promise.withResolvers<undefined>();
    objects.before = () => hanging.promise;
    const { said, acknowledged } = await recordDay({
      dataDir: here('a'),
      objects,
      onSlot: (index) => {
        if (index === 19) hanging.resolve(undefined);
      },
    });
    expect(said).toContain('day-shipped');
    expect((await foundDay(here('a'), TODAY)).manifest).toMatchObject({ received: 40 });
    expect(objects.lines('day')).toEqual([...acknowledged]);
  });

  test('are sent again with the same bytes when nobody knows whether they arrived', async () => {
    const objects = memoryBucket();
    let answers = 0;
    objects.after = () => {
      answers += 1;
      // Every second object is stored, and the answer is lost.
      if (answers % 2 === 0) unreachable();
    };
    const { said, acknowledged } = await recordDay({ dataDir: here('a'), objects });
    const again = await recordDay({ dataDir: here('a'), objects, startsAt: AFTER_CLOSE });
    const last = await recordDay({ dataDir: here('a'), objects, startsAt: AFTER_CLOSE });
    expect([...said, ...again.said, ...last.said]).not.toContain('ship-conflict');
    expect(objects.lines('day')).toEqual([...acknowledged]);
    expect((await foundDay(here('a'), TODAY)).shipped).toBe('shipped');
  });

  test('bring the day to another machine, which goes on with it', async () => {
    const objects = memoryBucket();
    const first = await recordDay({ dataDir: here('a'), objects, ...stopAt(6) });
    const startsAt = plus(OPENS_AT, 11.5 * MINUTE);
    const second = await recordDay({ dataDir: here('b'), objects, startsAt });
    expect(second.said).toContain('day-taken-over');
    const found = await foundDay(here('b'), TODAY);
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

  test('keep all but the last minutes of a machine that is lost', async () => {
    const objects = memoryBucket();
    let left = objects;
    await recordDay({
      dataDir: here('a'),
      objects,
      onSlot: async (index, clock, pieces) => {
        await keepingUp(index, clock, pieces);
        if (index === 13) left = objects.copy();
      },
    });
    // The slots of 09:00 to 09:10.
    const kept = left.lines('day').length;
    expect(kept).toBe(2 * 11);
    const startsAt = plus(OPENS_AT, 17.5 * MINUTE);
    await recordDay({ dataDir: here('b'), objects: left, startsAt });
    const { manifest } = await foundDay(here('b'), TODAY);
    expect(manifest).toMatchObject({
      received: kept + 4,
      holes: { 'not-running': 40 - kept - 4 },
      unexplained: 0,
    });
  });

  test('are made a whole day by the next machine when theirs was lost before the close', async () => {
    const objects = memoryBucket();
    await recordDay({ dataDir: here('a'), objects, ...stopAt(9) });
    await recordDay({ dataDir: here('b'), objects, startsAt: AFTER_CLOSE });
    const { manifest, shipped } = await foundDay(here('b'), TODAY);
    expect(manifest).toMatchObject({ received: 20, holes: { stopped: 20 }, unexplained: 0 });
    expect(shipped).toBe('shipped');
    // A third one finds the manifest there, and nothing to do.
    const third = await recordDay({ dataDir: here('c'), objects, startsAt: AFTER_CLOSE });
    expect(third.said).not.toContain('day-taken-over');
  });

  test('are looked for again when the bucket was away at the start', async () => {
    const objects = memoryBucket();
    await recordDay({ dataDir: here('a'), objects, ...stopAt(6) });
    objects.before = unreachable;
    const { said } = await recordDay({
      dataDir: here('b'),
      objects,
      startsAt: plus(OPENS_AT, 11.5 * MINUTE),
      onSlot: (index) => {
        if (index === 15) objects.before = () => undefined;
      },
    });
    expect(said).toContain('step-failed');
    expect(said).toContain('day-taken-over');
    const { manifest } = await foundDay(here('b'), TODAY);
    expect(manifest).toMatchObject({ received: 30, unexplained: 0 });
  });

  test('are the fence between two harvesters: who comes second to a number ships nothing more, not even the whole', async () => {
    const objects = memoryBucket();
    const other = { dataDir: here('b'), objects };
    const first = await recordDay({
      dataDir: here('a'),
      objects,
      onSlot: async (index, clock, pieces) => {
        if (index <= 5) await keepingUp(index, clock, pieces);
        if (index === 8) await recordDay({ ...other, startsAt: clock.now(), ...stopAt(12) });
      },
    });
    expect(first.said).toContain('ship-conflict');
    const a = await foundDay(here('a'), TODAY);
    expect(a.shipped).toBe('conflict');
    // Its own recording stays whole where it is.
    expect(a.manifest).toMatchObject({ received: 40 });
    expect([...objects.stored.keys()].filter((key) => key.endsWith('manifest.json'))).toEqual([]);

    await recordDay({ ...other, startsAt: plus(OPENS_AT, 15.5 * MINUTE) });
    const b = await foundDay(here('b'), TODAY);
    expect(b.shipped).toBe('shipped');
    expect(b.manifest).toMatchObject({ unexplained: 0, leftOut: { duplicate: 0 } });
    const key = [...objects.stored.keys()].find((name) => name.endsWith('manifest.json')) ?? '';
    expect(JSON.parse(objects.stored.get(key)?.toString() ?? '')).toEqual(b.manifest);
    expect(new Set(objects.lines('day')).size).toBe(objects.lines('day').length);
    const again = await recordDay({ dataDir: here('a'), objects, startsAt: AFTER_CLOSE });
    expect(again.said).not.toContain('ship-conflict');
  });
});

describe('A disk that refuses', () => {
  test('costs rows with the reason disk, and never the process or the slots after it', async () => {
    const disk = faultyDisk();
    const { said, acknowledged } = await recordDay({
      dataDir: here('a'),
      disk,
      onSlot: (index) => {
        // Two slots: the log and its replacement, of which the header is the first append.
        if (index === 4) disk.fail('appendFile', 6);
      },
    });
    expect(said.filter((event) => event === 'disk-refuses')).toHaveLength(1);
    const found = await foundDay(here('a'), TODAY);
    expect(problemsOf(found, acknowledged)).toEqual([]);
    const { holes = {}, received } = found.manifest ?? {};
    expect(Object.keys(holes)).toEqual(['disk']);
    expect(received).toBe(40 - (holes['disk'] ?? 0));
    expect(received).toBeGreaterThan(30);
  });
});

describe('Closing a day', () => {
  test('puts a folder aside that holds neither a plan nor rows, and says so once', async () => {
    await mkdir(path.join(here('a'), 'days', TODAY), { recursive: true });
    await writeFile(ownFile(here('a'), 'events.jsonl'), '');
    const first = await recordDay({ dataDir: here('a'), startsAt: AFTER_CLOSE });
    const second = await recordDay({ dataDir: here('a'), startsAt: AFTER_CLOSE });
    const said = [...first.said, ...second.said];
    expect(said.filter((event) => event === 'day-put-aside')).toHaveLength(1);
    expect(said).not.toContain('step-failed');
    expect(await readdir(path.join(here('a'), 'days'))).toEqual([`${TODAY}.empty`]);
  });

  test('keeps the lines that are not rows in a file of their own, and counts them', async () => {
    const objects = memoryBucket();
    await recordDay({ dataDir: here('a'), objects, ...stopAt(4) });
    // Cut short, its last value would still look like one.
    const torn = csvLine(sampleRow('NSE:SBIN-EQ', plus(OPENS_AT, 5 * MINUTE))).slice(0, -2);
    await appendFile(ownFile(here('a'), 'day-0.v2.csv'), `not,a,row\n${torn}`);
    await writeFile(ownFile(here('a'), 'day-1.v2.csv'), '');
    const { said } = await recordDay({ dataDir: here('a'), objects, startsAt: AFTER_CLOSE });
    expect(said).toContain('lines-quarantined');
    const { manifest } = await foundDay(here('a'), TODAY);
    expect(manifest?.leftOut.malformed).toBe(2);
    expect(manifest?.received).toBe(10);
    const shipped = [...objects.stored].find(([key]) => key.endsWith('/quarantine.csv'));
    expect(shipped?.[1].toString()).toBe(`not,a,row\n${torn}\n`);
  });
});
