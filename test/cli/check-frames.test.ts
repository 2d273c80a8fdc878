// Tests `fyers check` on a day with the recorded frames of a stream.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { frameRecorder } from '../../adapters/recordings/frame-recorder.ts';
import { parseManifest } from '../../core/recording/manifest.ts';
import { compactDay } from '../../harvester/compact.ts';
import { OPENS_AT, shortSession } from '../support/depth.ts';
import { recordDay } from '../support/recorded-day.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

async function recordStream() {
  const { folder, date } = await recordDay({ dataDir: cli.dataDir, state: 'ended' });
  const recorder = frameRecorder({
    ...{ segments: folder.frames, clock: { now: () => OPENS_AT } },
    onFailed: (problem) => {
      throw new Error(problem);
    },
  });
  recorder.mark(1, OPENS_AT, { mark: 'opened', name: 'tbt 1' });
  for (let n = 0; n < 1_200; n += 1) recorder.frame(1, OPENS_AT, Buffer.from(`frame ${String(n)}`));
  recorder.mark(1, OPENS_AT, { mark: 'bad-frame' });
  await recorder.close();
  await compactDay({ folder, date, shard: 0, session: shortSession() });
  const [name = ''] = await folder.frames.names();
  return { folder, file: folder.pathOf(name), name };
}

describe('fyers check', () => {
  test('counts the frames of a stream and exits with 0', async () => {
    await recordStream();
    const { code, out } = await cli.run('check');
    expect(code).toBe(0);
    expect(out).toContain(
      'Frames: 1,200 in 1 segment, 1 unreadable, 0 lost. Connections: tbt 1 1.',
    );
    const { frames } = JSON.parse((await cli.run('check', '--json')).out) as { frames: unknown };
    expect(frames).toMatchObject({ frames: 1_200, badFrames: 1 });
  });

  test('reports a missing segment and its missing frames', async () => {
    const { file, name } = await recordStream();
    await rename(file, `${file}.away`);
    const { code, out } = await cli.run('check');
    expect(code).toBe(4);
    expect(out).toContain(`${name} cannot be read`);
    expect(out).toContain('The manifest has 1200 frames, but the recording has 0.');
  });

  test('reports a damaged segment', async () => {
    const { file, name } = await recordStream();
    const bytes = zstdDecompressSync(await readFile(file));
    bytes[bytes.length - 1] = 0;
    await writeFile(file, zstdCompressSync(bytes));
    const { code, out } = await cli.run('check');
    expect(code).toBe(4);
    expect(out).toContain(`${name} is damaged`);
  });

  test('reports a segment whose bytes differ from the manifest', async () => {
    const { file, name } = await recordStream();
    await writeFile(file, zstdCompressSync(zstdDecompressSync(await readFile(file))));
    const { code, out } = await cli.run('check');
    expect(code).toBe(4);
    expect(out).toContain(`${name} is not the file that the manifest names`);
  });

  test('parseManifest accepts manifests with and without frames', async () => {
    const { folder } = await recordStream();
    const text = await readFile(folder.pathOf('manifest.json'), 'utf8');
    expect(parseManifest(text).frames?.frames).toBe(1_200);
    const { frames: _, ...earlier } = parseManifest(text);
    expect(parseManifest(JSON.stringify(earlier)).frames).toBeUndefined();
  });
});
