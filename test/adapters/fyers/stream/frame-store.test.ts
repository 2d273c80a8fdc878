import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { frameSegments } from '../../../../adapters/recordings/frame-segments.ts';
import { storeFrames } from '../../../../adapters/fyers/stream/socket.ts';
import type { FrameSink } from '../../../../core/ports.ts';
import { type FrameRecord, parseMark } from '../../../../core/stream/frame-log.ts';
import { topicsFor } from '../../../../core/stream/hsm-topics.ts';
import { hsmKeyOf } from '../../../../core/token/jwt.ts';
import { parseInstant } from '../../../../core/time.ts';
import { observe, TOKEN } from '../../../support/observed-stream.ts';
import { strictRecorder } from '../../../support/recorded-stream.ts';
import { replayFrames } from '../../../support/replayed-frames.ts';
import { makeFolderPerTest } from '../../../support/temporary-folder.ts';

const folder = makeFolderPerTest();

const KEY = hsmKeyOf(TOKEN) ?? '';

async function record(options: Parameters<typeof observe>[0]) {
  const segments = frameSegments(folder.path);
  const observed = await observe({
    ...options,
    frames: (_date, clock) => strictRecorder(segments, clock),
  });
  const records: FrameRecord[] = [];
  for (const name of await segments.names()) records.push(...(await segments.read(name)));
  const marks = records.flatMap(({ kind, socket, bytes }) =>
    kind === 'frame' ? [] : [{ socket, mark: parseMark(bytes)?.mark }],
  );
  return { ...observed, records, marks, frames: records.filter(({ kind }) => kind === 'frame') };
}

describe.each(['tbt', 'hsm'] as const)('The stored frames of %s', (kind) => {
  test('give the books of the grid again, also after a connection is lost', async () => {
    const { batches, records, simulator, marks } = await record({
      ...{ kind, seconds: 90 },
      onJump: (seconds, { streams }) => {
        if (seconds === 32) streams.drop(1001);
      },
    });
    const replayed = replayFrames(records);
    let books = 0;
    for (const taken of batches.flat()) {
      if (taken.kind !== 'book') continue;
      const { symbol, slot, book } = taken;
      const fyToken = simulator.state.instrumentOf(symbol, slot)?.fyToken ?? null;
      const topics = topicsFor(symbol, fyToken);
      expect(topics && replayed.bookAt(symbol, slot, topics)?.book).toEqual(book);
      books += 1;
    }
    expect(books).toBeGreaterThan(28);
    expect(marks.filter(({ mark }) => mark === 'opened').length).toBe(kind === 'tbt' ? 4 : 2);
    expect(marks.filter(({ mark }) => mark === 'closed').length).toBe(kind === 'tbt' ? 4 : 2);
  });

  test('contain neither the token nor the key of the login', async () => {
    const { frames } = await record({ kind });
    expect(frames.length).toBeGreaterThan(10);
    expect(KEY.length).toBeGreaterThan(10);
    const names = await readdir(folder.path);
    const files = await Promise.all(names.map((name) => readFile(path.join(folder.path, name))));
    const contents = [...files, ...frames.map(({ bytes }) => Buffer.from(bytes))];
    for (const secret of [KEY, TOKEN, ...TOKEN.split('.')]) {
      expect(contents.some((each) => each.includes(secret))).toBe(false);
    }
  });

  test('are all that the server sent, and no answer to a login or subscription', async () => {
    const { frames, streams } = await record({ kind });
    const sent = [...streams.sent.values()].reduce((sum, count) => sum + count, 0);
    const hsm = frames.filter(({ socket }) => socket === 0);
    expect(new Set(hsm.map(({ bytes }) => bytes[2]))).toEqual(new Set([6]));
    if (kind === 'tbt') expect(frames.length - hsm.length).toBeGreaterThan(12);
    else expect(frames.length).toBeLessThanOrEqual(sent);
  });
});

test('A frame that is cut is stored with the mark that it could not be read', async () => {
  const { marks, frames, records } = await record({
    kind: 'tbt',
    onJump: (seconds, { streams }) => {
      if (seconds === 20) streams.faults.isCut = true;
    },
  });
  expect(marks.filter(({ mark }) => mark === 'bad-frame')).toHaveLength(1);
  const at = records.findIndex(({ bytes }) => parseMark(bytes)?.mark === 'bad-frame');
  expect(records[at - 1]).toMatchObject({ kind: 'frame', socket: 1 });
  expect(frames).toContain(records[at - 1]);
});

test('The refusal of a subscription is not stored', async () => {
  const { frames, notes } = await record({
    kind: 'hsm',
    seconds: 20,
    onJump: (_seconds, { streams }) => {
      streams.faults.planLimit = 1;
    },
  });
  expect(notes.map(({ event }) => event)).toContain('stream-refused');
  expect(frames).toEqual([]);
});

test('A frame that contains the token or the key is withheld and counted', () => {
  const kept: Uint8Array[] = [];
  const lost: string[] = [];
  const at = parseInstant('2026-11-25T09:30:00+05:30');
  const sink: FrameSink = {
    frame: (_socket, _at, bytes) => kept.push(bytes),
    mark: () => undefined,
    lose: (frames, problem) => lost.push(`${String(frames)} ${problem}`),
    step: () => undefined,
    takeLost: () => null,
    close: () => Promise.resolve(),
  };
  let token = TOKEN;
  const clock = { now: () => at };
  const secrets = () => [token, KEY];
  const { received } = storeFrames({ sink, clock, secrets }, 1, 'tbt 1');
  received(Buffer.from(`a frame with ${KEY} in it`), at);
  received(Buffer.from(TOKEN), at);
  token = `${TOKEN}x` as typeof TOKEN;
  received(Buffer.from(TOKEN.slice(0, -1)), at);
  expect(lost).toEqual(Array.from({ length: 2 }, () => '1 a frame of tbt 1 contains the token'));
  expect(kept).toHaveLength(1);
});
