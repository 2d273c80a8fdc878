import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { THIS_DISK } from '../../../adapters/recordings/disk.ts';
import { frameRecorder } from '../../../adapters/recordings/frame-recorder.ts';
import { frameSegments } from '../../../adapters/recordings/frame-segments.ts';
import { parseMark } from '../../../core/stream/frame-log.ts';
import { type Instant, MINUTE, parseInstant, plus, SECOND } from '../../../core/time.ts';
import { faultyDisk } from '../../support/faulty-disk.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const NINE = parseInstant('2026-11-25T09:00:00+05:30');

const folder = makeFolderPerTest();

function setUp(disk = THIS_DISK) {
  const clock = { at: NINE, now: (): Instant => clock.at };
  const segments = frameSegments(folder.path, disk);
  const problems: string[] = [];
  const recorder = frameRecorder({
    ...{ segments, clock, disk },
    onFailed: (problem) => problems.push(problem),
  });
  const later = (ms: number): void => {
    clock.at = plus(clock.at, ms);
  };
  const pass = (ms: number): void => {
    later(ms);
    recorder.step();
  };
  const frame = (text: string, socket = 1): void => {
    recorder.frame(socket, clock.at, Buffer.from(text));
  };
  return { recorder, segments, problems, later, pass, frame };
}

/** The record that a recorder begins with. */
const BEGAN_BYTES = 29;

/** Reads the frames of every segment as text, with marks in brackets but without the first mark. */
async function readStored(): Promise<readonly string[]> {
  const segments = frameSegments(folder.path);
  const records = [];
  for (const name of await segments.names()) records.push(...(await segments.read(name)));
  const texts = records.map(({ kind, bytes }) =>
    kind === 'frame' ? Buffer.from(bytes).toString() : `[${parseMark(bytes)?.mark ?? ''}]`,
  );
  return texts.filter((text) => text !== '[began]');
}

const rawFiles = async () => (await readdir(folder.path)).filter((name) => name.endsWith('.raw'));

async function until(isDone: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Waits until a raw file has at least so many bytes. */
async function whenWritten(bytes: number): Promise<string> {
  let found = '';
  await until(async () => {
    for (const name of await rawFiles()) {
      const file = path.join(folder.path, name);
      if ((await readFile(file).catch(() => '')).length >= bytes) found = file;
    }
    return found !== '';
  });
  return found;
}

/** A recorder whose raw file has the batches `a` and `b`. */
async function twoBatches() {
  const first = setUp();
  let file = '';
  for (const [text, bytes] of [
    ['a', 38 + BEGAN_BYTES],
    ['b', 64 + BEGAN_BYTES],
  ] as const) {
    first.frame(text);
    first.pass(2 * SECOND);
    file = await whenWritten(bytes);
  }
  return { first, file };
}

describe('The frame recorder', () => {
  test('stores the frames of all sockets in their order, with the time and the socket', async () => {
    const { recorder, segments, later, frame } = setUp();
    recorder.mark(1, NINE, { mark: 'opened', name: 'tbt 1' });
    frame('a');
    later(300);
    frame('b', 2);
    later(5 * SECOND);
    frame('c');
    await recorder.close();
    expect(await readStored()).toEqual(['[opened]', 'a', 'b', 'c']);
    const [name = ''] = await segments.names();
    expect(name).toBe('frames-090000-0001.bin.zst');
    const records = [...(await segments.read(name))];
    expect(records.map(({ kind }) => kind)).toEqual(['mark', 'mark', 'frame', 'frame', 'frame']);
    expect(parseMark(records[0]?.bytes ?? new Uint8Array())).toEqual({ mark: 'began' });
    expect(records[3]).toMatchObject({ socket: 2, receivedAt: (NINE + 300) * 1_000 });
    expect(await rawFiles()).toEqual([]);
  });

  test('writes frames to disk after a second, in one batch', async () => {
    const { recorder, pass, frame } = setUp();
    for (let n = 0; n < 100; n += 1) frame('frame');
    pass(SECOND);
    const file = await whenWritten(12 + 12 + BEGAN_BYTES + 100 * 18);
    expect((await readFile(file)).length).toBe(12 + 12 + BEGAN_BYTES + 100 * 18);
    await recorder.close();
  });

  test('writes a segment for each minute while it records', async () => {
    const { recorder, segments, pass, frame } = setUp();
    for (let n = 0; n < 4; n += 1) {
      frame(`minute ${String(n)}`);
      pass(MINUTE);
      await until(async () => (await segments.names()).length === n + 1);
    }
    await recorder.close();
    expect(await segments.names()).toEqual([
      'frames-090000-0001.bin.zst',
      'frames-090100-0002.bin.zst',
      'frames-090200-0003.bin.zst',
      'frames-090300-0004.bin.zst',
    ]);
    expect(await readStored()).toEqual(['minute 0', 'minute 1', 'minute 2', 'minute 3']);
  });

  test('writes a segment of the complete batches after a crash, and continues in another file', async () => {
    const { first, file } = await twoBatches();
    // As if the process died while it wrote the second batch.
    await truncate(file, 50 + BEGAN_BYTES);
    const second = setUp();
    second.frame('c');
    await second.recorder.close();
    expect(await readStored()).toEqual(['a', 'c']);
    expect(await rawFiles()).toEqual([]);
    await first.recorder.close();
  });

  test('removes a raw file without a complete batch', async () => {
    await writeFile(path.join(folder.path, 'frames-090000-0001.raw'), 'FYFR');
    const { recorder, segments } = setUp();
    await recorder.close();
    expect([await segments.names(), await rawFiles()]).toEqual([[], []]);
  });

  test.each(['open', 'appendFile', 'datasync'] as const)(
    'counts the frames that a failing disk (%s) loses, and continues',
    async (operation) => {
      const disk = faultyDisk();
      const { recorder, pass, frame, problems } = setUp(disk);
      let lost = 0;
      const second = (text: string): void => {
        frame(text);
        pass(SECOND);
      };
      const whenLost = async (frames: number): Promise<void> => {
        await until(() => (lost += recorder.takeLost()?.frames ?? 0) === frames);
      };
      if (operation !== 'open') {
        second('before');
        await whenWritten(12 + 12 + 19);
      }
      disk.fail(operation, 2);
      second('lost 1');
      await whenLost(1);
      second('lost 2');
      await whenLost(2);
      second('after');
      await recorder.close();
      const before = operation === 'open' ? [] : ['before'];
      expect(await readStored()).toEqual([...before, '[lost]', 'after']);
      expect(recorder.takeLost()).toBeNull();
      expect(problems).toHaveLength(1);
    },
  );

  test('records an opened connection again if the disk lost the batch of its mark', async () => {
    const disk = faultyDisk();
    const { recorder, pass, frame } = setUp(disk);
    disk.fail('appendFile', 1);
    recorder.mark(2, NINE, { mark: 'opened', name: 'tbt 2' });
    frame('lost', 2);
    pass(SECOND);
    await until(() => recorder.takeLost() !== null);
    frame('after', 2);
    await recorder.close();
    expect(await readStored()).toEqual(['[lost]', '[opened]', 'after']);
  });

  test('counts the withheld frames of a batch that the disk refused', async () => {
    const disk = faultyDisk();
    const { recorder, segments, pass, frame } = setUp(disk);
    disk.fail('appendFile', 1);
    frame('lost');
    recorder.lose(3, 'withheld');
    pass(SECOND);
    let lost = 0;
    await until(() => (lost += recorder.takeLost()?.frames ?? 0) === 4);
    frame('after');
    await recorder.close();
    const [name = ''] = await segments.names();
    const marks = [...(await segments.read(name))].filter(({ kind }) => kind === 'mark');
    expect(marks.map(({ bytes }) => parseMark(bytes))).toEqual([
      { mark: 'lost', frames: 4 },
      { mark: 'began' },
    ]);
  });

  test('keeps a damaged raw file, writes a segment of the batches before the damage, and reports it', async () => {
    const { first, file } = await twoBatches();
    const bytes = await readFile(file);
    bytes[bytes.length - 1] = 0;
    await writeFile(file, bytes);
    await mkdir(path.join(folder.path, 'frames-080000-0000.raw'));
    const second = setUp();
    await second.recorder.close();
    expect(await readStored()).toEqual(['a', '[lost]']);
    expect(second.problems).toEqual([expect.stringContaining('damaged')]);
    expect(await readdir(folder.path)).toContain(`${path.basename(file)}.damaged`);
    await first.recorder.close();
  });

  test('names a segment after all others, also if the clock was set back', async () => {
    const { recorder, segments, pass, frame } = setUp();
    for (const ms of [MINUTE, -3 * MINUTE, MINUTE]) {
      frame(String(ms));
      pass(ms);
      const before = (await segments.names()).length;
      await until(async () => (await segments.names()).length > before);
    }
    await recorder.close();
    expect(await readStored()).toEqual(['60000', '-180000', '60000']);
  });

  test('keeps the end of a connection whose batch the disk refused', async () => {
    const disk = faultyDisk();
    const { recorder, pass, frame } = setUp(disk);
    recorder.mark(1, NINE, { mark: 'opened', name: 'tbt 1' });
    frame('a');
    pass(SECOND);
    await whenWritten(12 + 12 + 18);
    disk.fail('appendFile', 1);
    recorder.mark(1, NINE, { mark: 'closed' });
    pass(SECOND);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await recorder.close();
    expect(await readStored()).toEqual(['[opened]', 'a', '[closed]']);
  });

  test('keeps the raw file if its segment cannot be written, and writes the segment later', async () => {
    const disk = faultyDisk();
    const { recorder, segments, pass, frame, problems } = setUp(disk);
    frame('a');
    disk.fail('writeFile', 1);
    pass(2 * MINUTE);
    await until(() => problems.length === 1);
    expect([await segments.names(), await rawFiles()]).toEqual([[], ['frames-090000-0001.raw']]);
    await recorder.close();
    expect(await readStored()).toEqual(['a']);
    expect([problems.length, await rawFiles()]).toEqual([1, []]);
  });

  test('keeps the raw file if the segment reads back with other content', async () => {
    const disk = {
      ...THIS_DISK,
      rename: async (from: string, to: string): Promise<void> => {
        if (to.endsWith('.zst')) await writeFile(from, 'another content');
        await THIS_DISK.rename(from, to);
      },
    } as typeof THIS_DISK;
    const { recorder, frame, problems } = setUp(disk);
    frame('a');
    await recorder.close();
    expect(await rawFiles()).toEqual(['frames-090000-0001.raw']);
    expect(problems.length).toBeGreaterThan(0);
  });

  test('bounds its memory, and counts frames beyond the bound as lost', async () => {
    const { recorder } = setUp();
    const bytes = new Uint8Array(5 * 1024 * 1024);
    // Nothing is written in this turn of the loop.
    for (let n = 0; n < 5; n += 1) recorder.frame(1, NINE, bytes);
    expect(recorder.takeLost()).toMatchObject({ frames: 2 });
    await recorder.close();
  });
});
