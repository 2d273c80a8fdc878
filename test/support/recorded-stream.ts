// Records a day with the frames of a stream: each list of records becomes a segment.
import path from 'node:path';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { frameRecorder } from '../../adapters/recordings/frame-recorder.ts';
import { frameSegments } from '../../adapters/recordings/frame-segments.ts';
import type { Clock } from '../../core/ports.ts';
import { encodeMark, type FrameMark } from '../../core/stream/frame-log.ts';
import type { LevelChange } from '../../core/stream/tbt-frame.ts';
import { type Instant, MINUTE, plus } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { OPENS_AT, shortSession } from './depth.ts';
import { recordDay } from './recorded-day.ts';
import { writeSegment } from './stream-day.ts';
import { encodeTbtMessage, levelsMessage, type SentLevels } from './tbt-message.ts';

/** What a socket received, or what the recorder marked. */
export interface Received {
  readonly at: Instant;
  readonly socket: number;
  readonly content: Uint8Array | FrameMark;
}

export const SBIN = 'NSE:SBIN-EQ';
export const INFY = 'NSE:INFY-EQ';

/** @param ms since the opening, as everywhere here */
export function opened(ms: number, socket = 1): Received {
  const name = socket === 0 ? 'hsm' : `tbt ${String(socket)}`;
  return { at: plus(OPENS_AT, ms), socket, content: { mark: 'opened', name } };
}

export function closed(ms: number, socket = 1): Received {
  return { at: plus(OPENS_AT, ms), socket, content: { mark: 'closed' } };
}

export function level(num: number, rupees: number, quantity: number): LevelChange {
  return { num, price: Math.round(100 * rupees), quantity, orders: 1 };
}

interface Sent extends Partial<Omit<SentLevels, 'sequence'>> {
  readonly socket?: number;
}

export function message(ms: number, sequence: number, { socket = 1, ...sent }: Sent): Received {
  const at = plus(OPENS_AT, ms);
  const feedTime = Math.floor(at / 1_000);
  const levels = levelsMessage({ symbol: SBIN, sequence, feedTime, ...sent });
  return { at, socket, content: encodeTbtMessage(levels) };
}

/** Fifty levels of both sides around 427.30, a tick apart. */
export function snapshot(ms: number, sequence: number, sent: Sent = {}): Received {
  const side = (direction: number) =>
    Array.from({ length: 50 }, (_, num) =>
      level(num, 427.3 + direction * (0.05 + 0.05 * num), 100 + num),
    );
  return message(ms, sequence, { bids: side(-1), asks: side(1), ...sent, isSnapshot: true });
}

interface StreamDay {
  readonly dataDir: string;
  /** By segment. */
  readonly segments: readonly (readonly Received[])[];
  readonly state?: 'ended' | 'compacted';
  /** One by default. */
  readonly minutes?: number;
}

/** Makes a recorder whose failure fails the test. */
export function strictRecorder(
  segments: ReturnType<typeof frameSegments>,
  clock: Pick<Clock, 'now'>,
) {
  return frameRecorder({
    ...{ segments, clock },
    onFailed: (problem) => {
      throw new Error(problem);
    },
  });
}

/** The rows of the day are the usual ones, and do not come from the frames. */
export async function recordStreamDay(options: StreamDay) {
  const { dataDir, segments, state = 'compacted', minutes = 1 } = options;
  const session = { ...shortSession(), closesAt: plus(OPENS_AT, minutes * MINUTE) };
  const every = minutes === 1 ? {} : { everySeconds: 60 };
  const { folder, date } = await recordDay({ dataDir, state: 'ended', session, ...every });
  const frames = frameSegments(path.join(dataDir, 'days', date));
  const began: Received = { at: OPENS_AT, socket: 0, content: { mark: 'began' } };
  for (const [index, received] of segments.entries()) {
    const first = received[0]?.at ?? OPENS_AT;
    const records = (index === 0 ? [began, ...received] : received).map(recordOf);
    await writeSegment(frames, first, records);
  }
  const log = await dayFolders(dataDir).open(date);
  await log.record(
    segments.flat().flatMap(({ at, content }) => {
      if (content instanceof Uint8Array || content.mark !== 'opened') return [];
      return [{ event: 'socket-open' as const, at, message: `${content.name} is open` }];
    }),
  );
  await log.close();
  if (state === 'compacted') await compactDay({ folder, date, shard: 0, session });
  return { folder, date };
}

function recordOf({ at, socket, content }: Received) {
  return content instanceof Uint8Array
    ? ({ kind: 'frame', receivedAt: at, socket, bytes: content } as const)
    : ({ kind: 'mark', receivedAt: at, socket, bytes: encodeMark(content) } as const);
}
