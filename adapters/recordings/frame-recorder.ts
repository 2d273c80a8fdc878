// Stores the frames of all sockets of a day: one batch, one write and one fdatasync a second, so a
// crash loses at most the last second. It has no timers: a frame, or a step of the feed, starts the
// write that is due, and nothing waits for it. After a minute the file becomes a segment, in the
// background (see `frame-segments.ts`). If the disk refuses a batch, its frames are lost: they are
// counted, the failed file is not written again, and the next batch goes to a new file. If the disk
// is slow, frames wait in memory up to a limit.
import { crc32 } from 'node:zlib';
import { toError } from '../../core/errors.ts';
import type { Clock, FrameSink } from '../../core/ports.ts';
import {
  encodeMark,
  type FrameBatch,
  type FrameMark,
  type FrameRecord,
  frameLogHeader,
  startFrameBatch,
} from '../../core/stream/frame-log.ts';
import { type Instant, MINUTE, SECOND } from '../../core/time.ts';
import { type AppendFile, openAppendFile, type Disk, THIS_DISK } from './disk.ts';
import type { FrameSegments } from './frame-segments.ts';

export interface FrameRecorderOptions {
  readonly segments: FrameSegments;
  readonly clock: Pick<Clock, 'now'>;
  readonly disk?: Disk;
  /**
   * Called at the first of consecutive write failures, and for each segment that cannot be made.
   */
  readonly onFailed: (problem: string) => void;
}

type Added = Parameters<FrameBatch['add']>[0];

const WRITE_INTERVAL_MS = SECOND;
const SEGMENT_MS = MINUTE;
/** A minute of 15 symbols of TBT is smaller; a minute of thousands of HSM symbols is not. */
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export function frameRecorder(options: FrameRecorderOptions): FrameSink {
  const { clock, onFailed } = options;
  const waiting = waitingBatch(clock);
  const losses = lossCounter();
  const log = rawFiles(options);
  let isFailing = false;
  let writing: Promise<void> | null = null;
  /** The refused marks and the number of refused frames; the next batch begins with them. */
  let refused = NOTHING_REFUSED;
  const flush = async (): Promise<void> => {
    const unmarked = losses.takeUnmarked();
    if (unmarked > 0) waiting.markLost(unmarked);
    if (waiting.bytes() > 0 || refused.frames + refused.needed.size > 0) {
      const taken = waiting.take();
      try {
        const content = Buffer.concat([batchOf(refused, taken.since), ...taken.content]);
        await log.append(content, taken.since);
        isFailing = false;
        refused = NOTHING_REFUSED;
      } catch (caught) {
        const { message } = toError(caught);
        losses.report(taken.frames, message);
        refused = withRefused(refused, taken);
        if (!isFailing) onFailed(message);
        isFailing = true;
        await log.abandon();
      }
    }
    await log.rollOver('if old');
  };
  const run = (work: Promise<void>): void => {
    writing = work.finally(() => {
      writing = null;
      writeIfDue();
    });
  };
  const writeIfDue = (): void => {
    if (writing === null && (waiting.isDue() || log.isOld())) run(flush());
  };
  run(log.recovered());
  return {
    frame(socket, receivedAt, bytes) {
      // After a lost frame, keep no frame until the loss is marked, so that the mark is at its
      // place.
      if (!losses.isUnmarked() && waiting.bytes() + bytes.length <= MAX_WAITING_BYTES) {
        waiting.add('frame', socket, receivedAt, bytes);
      } else losses.add(1, 'the disk is too slow');
      writeIfDue();
    },
    mark: waiting.mark,
    lose(frames, problem) {
      losses.report(frames, problem);
      waiting.markLost(frames);
    },
    step: writeIfDue,
    takeLost: () => losses.takeUnreported(),
    async close() {
      while (writing !== null) await writing;
      await flush();
      await log.close();
    },
  };
}

/**
 * Collects the records since the last write. The very first record is the mark that the recorder
 * began.
 */
function waitingBatch(clock: FrameRecorderOptions['clock']) {
  const batch = startFrameBatch(crc32);
  let since: Instant = clock.now();
  let hasBegun = false;
  /**
   * The last mark of each socket and of the recorder: the frames after it cannot be read without
   * it.
   */
  let needed = new Map<NeededBy, Added>();
  let markedLost = 0;
  const add = (kind: FrameRecord['kind'], socket: number, at: Instant, bytes: Uint8Array): void => {
    if (batch.bytes() === 0) since = at;
    if (!hasBegun) {
      hasBegun = true;
      const began = encodeMark({ mark: 'began' });
      const record: Added = { kind: 'mark', receivedAt: at, socket: 0, bytes: began };
      needed.set('recorder', record);
      batch.add(record);
    }
    batch.add({ kind, receivedAt: at, socket, bytes });
  };
  return {
    add,
    bytes: () => batch.bytes(),
    // An absolute difference, because the clock may have been set back.
    isDue: () => batch.bytes() > 0 && Math.abs(clock.now() - since) >= WRITE_INTERVAL_MS,
    mark: (socket: number, at: Instant, mark: FrameMark): void => {
      const bytes = encodeMark(mark);
      add('mark', socket, at, bytes);
      if (mark.mark === 'opened' || mark.mark === 'closed') {
        needed.set(socket, { kind: 'mark', receivedAt: at, socket, bytes });
      }
    },
    markLost(frames: number): void {
      add('mark', 0, clock.now(), encodeMark({ mark: 'lost', frames }));
      markedLost += frames;
    },
    take() {
      const taken = { since, needed, markedLost, frames: batch.frames() };
      const content = batch.bytes() === 0 ? [] : [batch.take()];
      needed = new Map();
      markedLost = 0;
      return { ...taken, content };
    },
  };
}

/** A socket (its connection was accepted or closed), or the recorder (it began). */
type NeededBy = number | 'recorder';

interface Refused {
  readonly frames: number;
  readonly needed: ReadonlyMap<NeededBy, Added>;
}

const NOTHING_REFUSED: Refused = { frames: 0, needed: new Map() };

function withRefused(before: Refused, taken: Refused & { readonly markedLost: number }): Refused {
  const frames = before.frames + taken.frames + taken.markedLost;
  return { frames, needed: new Map([...before.needed, ...taken.needed]) };
}

/**
 * Returns a batch with the refused marks and a mark for the lost frames; empty if nothing was
 * refused.
 */
function batchOf({ frames, needed }: Refused, at: Instant): Uint8Array {
  const records = startFrameBatch(crc32);
  const bytes = encodeMark({ mark: 'lost', frames });
  if (frames > 0) records.add({ kind: 'mark', receivedAt: at, socket: 0, bytes });
  for (const record of needed.values()) records.add(record);
  return records.bytes() === 0 ? new Uint8Array() : records.take();
}

/** Counts frames that are not stored. Each is reported once, and marked at its place in the log. */
function lossCounter() {
  let [unmarked, unreported, problem] = [0, 0, ''];
  return {
    /** Marked at the end of the waiting batch. */
    add(frames: number, why: string): void {
      unmarked += frames;
      this.report(frames, why);
    },
    report(frames: number, why: string): void {
      unreported += frames;
      problem = why;
    },
    isUnmarked: () => unmarked > 0,
    takeUnmarked(): number {
      const frames = unmarked;
      unmarked = 0;
      return frames;
    },
    takeUnreported(): ReturnType<FrameSink['takeLost']> {
      const frames = unreported;
      unreported = 0;
      return frames === 0 ? null : { frames, problem };
    },
  };
}

interface RawFile {
  readonly file: AppendFile;
  readonly place: string;
  readonly since: Instant;
}

/** Manages the raw file that is being written, and makes segments of earlier ones. */
function rawFiles({ segments, clock, disk = THIS_DISK, onFailed }: FrameRecorderOptions) {
  let raw: RawFile | null = null;
  const report = (caught: unknown): void => {
    onFailed(toError(caught).message);
  };
  // An earlier process may have left a raw file.
  const recover = async (): Promise<void> => {
    for (const problem of await segments.recover()) onFailed(problem);
  };
  const recovered = recover();
  let sealing = recovered;
  const isOld = (): boolean => {
    if (raw === null) return false;
    const { file, since } = raw;
    return Math.abs(clock.now() - since) >= SEGMENT_MS || file.bytes() >= MAX_SEGMENT_BYTES;
  };
  const closeFile = async ({ file }: RawFile): Promise<void> => {
    raw = null;
    // Ignore the error: all acknowledged batches were synced.
    await file.close().catch(() => undefined);
  };
  const rollOver = async (when: 'if old' | 'now'): Promise<void> => {
    if (raw === null || (when === 'if old' && !isOld())) return;
    const { file, place } = raw;
    const bytes = file.bytes();
    await closeFile(raw);
    sealing = sealing.then(() => segments.seal(place, bytes)).catch(report);
  };
  return {
    /**
     * Wait for this before creating a file: recovery would mistake it for a file of an earlier
     * process.
     */
    recovered: () => recovered,
    isOld,
    rollOver,
    async append(content: Uint8Array, from: Instant): Promise<void> {
      if (raw !== null) {
        await raw.file.append(content);
        return;
      }
      const place = await segments.placeFor(from);
      raw = { file: await openAppendFile(place, disk, 'be new'), place, since: from };
      await raw.file.append(Buffer.concat([frameLogHeader(), content]));
    },
    /** Closes the file after a failed append; it is not written again. */
    async abandon(): Promise<void> {
      if (raw === null) return;
      if (raw.file.bytes() > 0) {
        await rollOver('now');
        return;
      }
      const { place } = raw;
      await closeFile(raw);
      await disk.rm(place, { force: true }).catch(() => undefined);
    },
    async close(): Promise<void> {
      await rollOver('now');
      await sealing;
      // Retry the raw files that could not be made into segments before.
      await recover();
    },
  };
}
