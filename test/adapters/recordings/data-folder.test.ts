import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { dayFolders, strikeFile, lockFolder } from '../../../adapters/recordings/data-folder.ts';
import { THIS_DISK } from '../../../adapters/recordings/disk.ts';
import { firstState } from '../../../core/recording/manifest.ts';
import { MINUTE, istDate, plus } from '../../../core/time.ts';
import { OPENS_AT, sampleRow } from '../../support/depth.ts';
import { faultyDisk } from '../../support/faulty-disk.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const TODAY = istDate('2026-11-25');

const folder = makeFolderPerTest();

const note = { event: 'started', at: OPENS_AT, message: 'Recording' } as const;
const rowAt = (minute: number) => sampleRow('NSE:SBIN-EQ', plus(OPENS_AT, minute * MINUTE));

describe('The logs of a day', () => {
  test('accept no row until the failed event is written', async () => {
    const disk = faultyDisk();
    const days = dayFolders(folder.path, disk);
    const logs = await days.open(TODAY);
    disk.fail('appendFile', 3);
    await expect(logs.record([note])).rejects.toMatchObject({ code: 'platform.disk' });
    await expect(logs.append([rowAt(0)])).rejects.toMatchObject({ code: 'platform.disk' });
    disk.fail('appendFile', 0);
    await logs.append([rowAt(1)]);
    await logs.close();
    expect((await days.folder(TODAY).events()).map(({ event }) => event)).toEqual(['started']);
    const blocks = await Array.fromAsync(days.folder(TODAY).rows(), (block) => [...block]);
    expect(blocks.flat()).toHaveLength(1);
  });

  test('are moved to an unused name', async () => {
    const days = dayFolders(folder.path);
    for (const name of ['', '.empty', '.empty-2']) {
      await mkdir(path.join(folder.path, 'days', TODAY + name), { recursive: true });
    }
    expect(await days.putAside(TODAY)).toBe(path.join(folder.path, 'days', `${TODAY}.empty-3`));
    expect(await days.dates()).toEqual([]);
  });
});

describe('The segments of a day', () => {
  test('have the size of one upload, and end with whole lines', async () => {
    const days = dayFolders(folder.path);
    const logs = await days.open(TODAY);
    const text = 'x'.repeat(3 * 1024 * 1024);
    for (let n = 0; n < 4; n += 1) await logs.record([{ ...note, message: text }]);
    const ends = logs.ends();
    await logs.close();
    if (ends === null) throw new Error('the logs have no ends');
    const uploads = days.uploads(TODAY);
    let state = firstState(1);
    const sizes: number[] = [];
    for (;;) {
      const segment = await uploads.cut(state, ends);
      if (segment === null) break;
      sizes.push(segment.to.events.bytes);
      state = { ...firstState(state.next + 1), from: segment.to };
    }
    const line = (sizes.at(-1) ?? 0) / 4;
    expect(sizes).toEqual([2 * line, 4 * line]);
  });

  test('have no state if its file cannot be parsed', async () => {
    const uploads = dayFolders(folder.path).uploads(TODAY);
    await mkdir(path.join(folder.path, 'days', TODAY), { recursive: true });
    await uploads.save(firstState(3));
    expect(await uploads.state()).toEqual(firstState(3));
    await writeFile(uploads.pathOf('pieces.json'), '{"next":');
    expect(await uploads.state()).toBeNull();
  });
});

describe('makeRoom', () => {
  test('removes the oldest days that are confirmed in the bucket, and only as many as necessary', async () => {
    const dates = ['2026-11-20', '2026-11-23', '2026-11-25', '2026-11-26'].map(istDate);
    let days = dayFolders(folder.path);
    for (const date of dates) {
      await (await days.open(date)).close();
      if (date !== dates[0]) await days.folder(date).markShipped('shipped');
    }
    const [, conflicting] = dates;
    if (conflicting !== undefined) await days.folder(conflicting).markShipped('conflict');
    // Each day is a tenth of the disk, and all of them fill it to 90 %.
    days = dayFolders(folder.path, {
      ...THIS_DISK,
      space: async () => ({ blocks: 10, bavail: 5 - (await days.dates()).length }),
    });
    expect(await days.diskUsedPercent()).toBe(90);
    expect(await days.makeRoom(80)).toEqual(['2026-11-25']);
    expect(await days.makeRoom(80)).toEqual([]);
    expect(await days.makeRoom(10)).toEqual(['2026-11-26']);
    // The bucket does not have these.
    expect(await days.dates()).toEqual(['2026-11-20', '2026-11-23']);
  });
});

describe('strikeFile', () => {
  test('replaces its file completely or not at all, and reports a failure without throwing', async () => {
    const disk = faultyDisk();
    const lost: string[] = [];
    const strikes = strikeFile(folder.path, (problem) => void lost.push(problem), disk);
    const once = { count: 1, until: plus(OPENS_AT, MINUTE) };
    const twice = { count: 2, until: plus(OPENS_AT, 90 * MINUTE) };
    await strikes.write(TODAY, once);
    for (const operation of ['writeFile', 'rename'] as const) {
      disk.fail(operation, 1);
      await strikes.write(TODAY, twice);
      expect(await strikes.read(TODAY)).toEqual(once);
    }
    expect(lost).toHaveLength(2);
    await strikes.write(TODAY, twice);
    expect(await strikes.read(TODAY)).toEqual(twice);
    expect(await readFile(path.join(folder.path, 'strikes.json'), 'utf8')).toBe(
      `{"${TODAY}":{"count":2,"until":"2026-11-25T10:30:00.000+05:30"}}`,
    );
    expect(await strikes.read(istDate('2026-11-26'))).toBe(0);
  });

  test.each([
    [`{"${TODAY}":2}`, 2],
    ['{"2026-11-24":2}', 0],
    [`{"${TODAY}":{"count":1,"until":"soon"}}`, 0],
    [`{"${TODAY}":`, 0],
  ])('reads %s as %j', async (text, count) => {
    await writeFile(path.join(folder.path, 'strikes.json'), text);
    expect(await strikeFile(folder.path, () => undefined).read(TODAY)).toBe(count);
  });
});

describe('lockFolder', () => {
  test('refuses a second lock until the first is released, and leaves no file', async () => {
    {
      await using _lock = await lockFolder(folder.path);
      await expect(lockFolder(folder.path)).rejects.toMatchObject({ code: 'operator.usage' });
    }
    await using _again = await lockFolder(folder.path);
    expect(await readdir(folder.path)).toEqual([]);
  });
});
