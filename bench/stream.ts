// Measures the processor time of a TBT message: decoding next to protobufjs, by turns in this
// process, and the whole way from its bytes to the disk. The messages are those of a seeded walk of
// fifteen books, with three changed levels each.
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { frameRecorder } from '../adapters/recordings/frame-recorder.ts';
import { frameSegments } from '../adapters/recordings/frame-segments.ts';
import { startTbtBooks } from '../core/stream/tbt-books.ts';
import { decodeTbtFrame } from '../core/stream/tbt-frame.ts';
import { instant, parseInstant } from '../core/time.ts';
import { tbtFrame } from '../sandbox/fyers/stream-frames.ts';
import { SocketMessage } from '../tools/stream-answers.ts';
import { type Measure, median } from './measure.ts';

const SYMBOLS = 15;
const MESSAGES = 60_000;
const ROUNDS = 5;
const BEGINS_AT = parseInstant('2026-11-25T09:15:00+05:30');
/** 150 messages a second, as the largest day that the storage is designed for. */
const MESSAGE_INTERVAL_MS = 1_000 / 150;
const TO_DISK = { atMost: 10 };
const NO_SLOWER = { ratioAtMost: 1 };

export async function streamMeasures(dir: string): Promise<readonly Measure[]> {
  const frames = makeFrames();
  const decoders = {
    ours: () => {
      for (const frame of frames) decodeTbtFrame(frame);
    },
    protobufjs: () => {
      for (const frame of frames) SocketMessage.decode(frame);
    },
  };
  const [ours, theirs]: [number[], number[]] = [[], []];
  const stored: number[] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    const times = [await cpuOf(decoders.ours), await cpuOf(decoders.protobufjs)] as const;
    const toDisk = await cpuOf(() => storeAll(frames, dir));
    // The first round compiles.
    if (round < 0) continue;
    ours.push(times[0]);
    theirs.push(times[1]);
    stored.push(toDisk);
  }
  return [
    measureOf('TBT message decoded, next to protobufjs', median(ours), median(theirs), NO_SLOWER),
    measureOf('… decoded, applied and stored', median(stored), null, TO_DISK),
  ];
}

function measureOf(
  what: string,
  ours: number,
  baseline: number | null,
  aim: Measure['aim'],
): Measure {
  const perMessage = (micros: number) => Math.round((100 * micros) / MESSAGES) / 100;
  const other = baseline === null ? null : perMessage(baseline);
  return { what, unit: 'µs', ours: perMessage(ours), baseline: other, aim };
}

/** Microseconds of processor time. */
async function cpuOf(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

async function storeAll(frames: readonly Buffer[], dir: string): Promise<void> {
  const folder = await mkdtemp(path.join(dir, 'frames-'));
  let now = BEGINS_AT;
  const recorder = frameRecorder({
    ...{ segments: frameSegments(folder), clock: { now: () => now } },
    onFailed: (problem) => {
      throw new Error(problem);
    },
  });
  const books = startTbtBooks();
  for (const [index, frame] of frames.entries()) {
    now = instant(BEGINS_AT + Math.floor(index * MESSAGE_INTERVAL_MS));
    recorder.frame(1, now, frame);
    const message = decodeTbtFrame(frame);
    if (message !== null) books.apply(message, now);
    // A second of messages; the writes run as they do between frames of a socket.
    if (index % 150 === 149) await new Promise((resolve) => setImmediate(resolve));
  }
  await recorder.close();
  await rm(folder, { recursive: true });
}

/** Message `n` is of symbol `n % 15`; the first of each is a whole book. */
export function makeFrames(): readonly Buffer[] {
  let state = 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % limit;
  };
  const level = (num: number) => ({
    num,
    level: { pricePaise: 80_000 + 5 * num, quantity: 1 + below(9_000), orders: 1 + below(60) },
  });
  return Array.from({ length: MESSAGES }, (_, index) => {
    const isSnapshot = index < SYMBOLS;
    const sides = isSnapshot ? wholeSide(level) : [level(below(50)), level(below(50))];
    return tbtFrame({
      ...{ symbol: `NSE:SHARE${String(index % SYMBOLS)}-EQ`, token: '101000000003045' },
      ...{ sequence: 1 + Math.floor(index / SYMBOLS), at: BEGINS_AT, isSnapshot },
      ...{ bids: sides, asks: isSnapshot ? sides : [level(below(50))] },
      totals: { totalBuyQuantity: 1_899_149, totalSellQuantity: 1_041_950 },
    });
  });
}

function wholeSide<T>(level: (num: number) => T): readonly T[] {
  return Array.from({ length: 50 }, (_, num) => level(num));
}
