import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { frameSegments } from '../../adapters/recordings/frame-segments.ts';
import { OBJECTS } from '../../core/config/names.ts';
import { istDate, MINUTE, parseInstant, plus } from '../../core/time.ts';
import { countFrames, uploadFrames } from '../../harvester/frames.ts';
import { memoryBucket, throwUnreachable } from '../support/memory-bucket.ts';
import { strictRecorder } from '../support/recorded-stream.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const DATE = istDate('2026-11-25');
const NINE = parseInstant('2026-11-25T09:00:00+05:30');
const KEYS = ['090000-0001', '090100-0002'].map(
  (name) => `depth/v2/date=2026-11-25/shard=3/frames/frames-${name}.bin.zst`,
);

const folder = makeFolderPerTest();

/** Records two segments with three frames, one of them bad, and two lost frames. */
async function recordFrames() {
  const frames = frameSegments(folder.path);
  let now = NINE;
  const recorder = strictRecorder(frames, { now: () => now });
  recorder.mark(1, now, { mark: 'opened', name: 'tbt 1' });
  recorder.frame(1, now, Buffer.from('12345'));
  recorder.mark(1, now, { mark: 'closed' });
  recorder.lose(2, 'withheld');
  now = plus(now, MINUTE);
  recorder.step();
  while ((await frames.names()).length === 0) await new Promise((done) => setTimeout(done, 2));
  recorder.mark(1, now, { mark: 'opened', name: 'tbt 1' });
  recorder.mark(0, now, { mark: 'opened', name: 'hsm' });
  recorder.frame(0, now, Buffer.from('123'));
  recorder.frame(1, now, Buffer.from('bad'));
  recorder.mark(1, now, { mark: 'bad-frame' });
  await recorder.close();
  return frames;
}

describe("A day's frames", () => {
  test('are counted by reading every segment', async () => {
    const frames = await recordFrames();
    const names = await frames.names();
    expect(await countFrames(frames)).toEqual({
      ...{ frames: 3, bytes: 11, badFrames: 1, lostFrames: 2 },
      sockets: [
        { name: 'tbt 1', connections: 2 },
        { name: 'hsm', connections: 1 },
      ],
      files: [
        { ...(await frames.facts(names[0] ?? '')), frames: 1 },
        { ...(await frames.facts(names[1] ?? '')), frames: 2 },
      ],
    });
  });

  test('are null if the feed polls', async () => {
    expect(await countFrames(frameSegments(folder.path))).toBeNull();
  });

  test('are counted without a damaged segment, whose number of frames is unknown', async () => {
    const frames = await recordFrames();
    const [first = ''] = await frames.names();
    const bytes = await readFile(frames.pathOf(first));
    await writeFile(frames.pathOf(first), bytes.subarray(0, -1));
    const counted = await countFrames(frames);
    expect(counted).toMatchObject({ frames: 2, files: [{ frames: null }, { frames: 2 }] });
  });

  test('are not counted if the disk does not give a segment, which is no damage', async () => {
    const frames = await recordFrames();
    const code = 'EIO';
    const failing = {
      ...frames,
      read: () => Promise.reject(Object.assign(new Error(`${code}: i/o error, read`), { code })),
    };
    await expect(countFrames(failing)).rejects.toMatchObject({ code });
    const [first = ''] = await frames.names();
    // The reading of a folder fails for every user, also for root.
    await rm(frames.pathOf(first));
    await mkdir(frames.pathOf(first));
    await expect(frames.read(first)).rejects.toMatchObject({ code: 'platform.disk' });
  });

  test('are uploaded under their own folder, each once', async () => {
    const frames = await recordFrames();
    const bucket = memoryBucket();
    const options = { frames, objects: bucket, date: DATE, shard: 3 };
    expect(await uploadFrames(options)).toBe('current');
    expect([...bucket.stored.keys()]).toEqual(KEYS);
    bucket.before = throwUnreachable;
    expect(await uploadFrames(options)).toBe('current');
  });

  test('have keys that the role of the instance may write', () => {
    const patterns = OBJECTS.dayFilePatterns('3').map((each) => each.replaceAll('?', '.'));
    for (const key of KEYS) {
      expect(patterns.some((each) => new RegExp(`^${each}$`).test(key))).toBe(true);
    }
  });

  test('are uploaded again after a failure in between, and found in the bucket', async () => {
    const frames = await recordFrames();
    const bucket = memoryBucket();
    const options = { frames, objects: bucket, date: DATE, shard: 3 };
    bucket.after = throwUnreachable;
    await expect(uploadFrames(options)).rejects.toThrow('cannot be reached');
    bucket.after = () => undefined;
    expect(await uploadFrames(options)).toBe('current');
    expect([...bucket.stored.keys()]).toEqual(KEYS);
  });

  test('do not replace another file of the same name', async () => {
    const frames = await recordFrames();
    const bucket = memoryBucket(new Map([[KEYS[0] ?? '', Buffer.from('another')]]));
    const options = { frames, objects: bucket, date: DATE, shard: 3 };
    expect(await uploadFrames(options)).toBe('conflict');
    expect([...bucket.stored.values()].map(String)).toEqual(['another']);
  });
});
