// Counts and uploads the segments of a day's frame log. A damaged segment does not prevent the day
// from being closed: its number of frames is unknown.
import { OBJECTS } from '../core/config/names.ts';
import { nullIfDamaged } from '../core/errors.ts';
import type { FrameFacts, FrameFile } from '../core/recording/manifest.ts';
import type { ObjectStore } from '../core/ports.ts';
import { type FrameRecord, parseMark } from '../core/stream/frame-log.ts';
import type { IstDate } from '../core/time.ts';
import type { DayFrames } from './ports.ts';

/** Follows the records of a day while they are counted. */
interface Follower {
  apply(record: FrameRecord): void;
  /** A damaged segment is left out. */
  interrupt(): void;
}

/**
 * Reads every segment. Null: the day has none, because its feed polls.
 *
 * @throws errors of the disk: a segment that it does not give is not damaged
 */
export async function countFrames(
  frames: Pick<DayFrames, 'names' | 'read' | 'facts'>,
  follower?: Follower,
): Promise<FrameFacts | null> {
  const names = await frames.names();
  if (names.length === 0) return null;
  const tally = { frames: 0, bytes: 0, badFrames: 0, lostFrames: 0 };
  const connections = new Map<string, number>();
  const files: FrameFile[] = [];
  for (const name of names) {
    const records = await nullIfDamaged(frames.read(name));
    if (records === null) follower?.interrupt();
    const before = tally.frames;
    for (const record of records ?? []) {
      countRecord(record, tally, connections);
      follower?.apply(record);
    }
    const counted = records === null ? null : tally.frames - before;
    files.push({ ...(await frames.facts(name)), frames: counted });
  }
  const sockets = [...connections].map(([name, count]) => ({ name, connections: count }));
  return { ...tally, sockets, files };
}

function countRecord(
  { kind, bytes }: FrameRecord,
  tally: Record<'frames' | 'bytes' | 'badFrames' | 'lostFrames', number>,
  connections: Map<string, number>,
): void {
  if (kind === 'frame') {
    tally.frames += 1;
    tally.bytes += bytes.length;
    return;
  }
  const mark = parseMark(bytes);
  if (mark?.mark === 'bad-frame') tally.badFrames += 1;
  if (mark?.mark === 'lost') tally.lostFrames += mark.frames;
  if (mark?.mark === 'opened') connections.set(mark.name, (connections.get(mark.name) ?? 0) + 1);
}

interface UploadOptions {
  readonly frames: DayFrames;
  readonly objects: ObjectStore;
  readonly date: IstDate;
  readonly shard: number;
}

/**
 * Uploads the segments that are not in the bucket yet. conflict: the bucket keeps another file
 * under one of the names.
 *
 * @throws errors of the object store and the disk; the next call continues
 */
export async function uploadFrames(options: UploadOptions): Promise<'current' | 'conflict'> {
  const { frames, objects, date, shard } = options;
  const uploaded = new Set(await frames.uploaded());
  for (const name of await frames.names()) {
    if (uploaded.has(name)) continue;
    const { sha256 } = await frames.facts(name);
    const key = OBJECTS.dayFile(date, String(shard), name);
    if ((await objects.putOnce(key, frames.pathOf(name), sha256)) === 'different') {
      return 'conflict';
    }
    await frames.markUploaded(name);
  }
  return 'current';
}
