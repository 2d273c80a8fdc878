// Uploads a day to the bucket: a segment every five minutes while it is recorded, and the compacted
// files once it is closed. The segments of a stream's frames follow those of the logs. Segments are
// numbered and write-once. The machine whose segment gets the next number is the day's only writer;
// another machine that tries the same number gets a conflict and stops uploading. A machine without
// local state fetches the numbers in order until one is missing, and puts those rows before its own
// logs. Closed days are write-once too, with the manifest last; a repeated upload finds its own
// objects and succeeds.
import * as logEvents from '../core/recording/log.ts';
import {
  firstState,
  type LogEnds,
  type UploadSegment,
  segmentNames,
  type UploadState,
} from '../core/recording/manifest.ts';
import { FyersError, toError } from '../core/errors.ts';
import { OBJECTS } from '../core/config/names.ts';
import type { Clock, Logger, ObjectStore } from '../core/ports.ts';
import { DAY, type Instant, type IstDate, istDateAt, MINUTE, plus } from '../core/time.ts';
import { uploadFrames } from './frames.ts';
import { every } from './interval.ts';
import type { DayFolder, DayUploads, Days } from './ports.ts';

export interface UploadOptions {
  readonly days: Days;
  readonly clock: Clock;
  readonly events: Logger;
  readonly objects: ObjectStore;
  readonly shard: number;
}

/** If the machine fails, at most the rows of this time are lost. */
const SEGMENT_INTERVAL_MS = 5 * MINUTE;
/** Days that a failed machine may have left unfinished in the bucket. */
const LOOK_BACK_DAYS = 7;

interface RunningUpload {
  /**
   * Takes over segments that another machine uploaded for the day. Never throws: a failure is
   * retried with the next segment.
   */
  resume(): Promise<void>;
  /** Starts a segment if one is due, without waiting for it. */
  runIfDue(now: Instant): Promise<void>;
  /** Waits for a running upload, then uploads the rest. Never throws. */
  last(): Promise<void>;
}

/** Does nothing; used without a bucket. */
export const NO_UPLOAD: RunningUpload = {
  resume: () => Promise.resolve(),
  runIfDue: () => Promise.resolve(),
  last: () => Promise.resolve(),
};

/**
 * Uploads the segments of the day that is being recorded.
 *
 * @param ends ends of its logs on disk; null while they are unknown
 */
export function runningUpload(
  options: UploadOptions,
  date: IstDate,
  ends: () => LogEnds | null,
): RunningUpload {
  const { clock, events } = options;
  let busy: Promise<void> | null = null;
  let fenced = false;
  const ship = async (): Promise<void> => {
    const to = ends();
    if (fenced || to === null) return;
    try {
      const { frames } = options.days.folder(date);
      fenced =
        (await uploadSegments(options, date, to)) === 'conflict' ||
        (await uploadFrames({ ...options, frames, date })) === 'conflict';
      if (fenced) events.log(logEvents.shipConflict(date));
    } catch (caught) {
      events.log(logEvents.stepFailed(`Uploading the recorded part of ${date}`, problemOf(caught)));
    }
  };
  // Upload the first segment at once: its number shows every other harvester of this day that this
  // one exists.
  const step = every(clock.now(), SEGMENT_INTERVAL_MS, () => {
    busy ??= ship().finally(() => {
      busy = null;
    });
    return Promise.resolve();
  });
  return {
    async resume() {
      try {
        await takeOver(options, date);
      } catch (caught) {
        events.log(logEvents.stepFailed(`Looking for segments of ${date}`, problemOf(caught)));
      }
    },
    runIfDue: (now) => step.runIfDue(now),
    async last() {
      await busy;
      await ship();
    },
  };
}

/**
 * Uploads everything up to `to`, in as many segments as needed. conflict: another harvester has
 * used the next number and owns the day from now on.
 *
 * @throws errors of the object store and the disk; the next call sends the same bytes again
 */
export async function uploadSegments(
  options: UploadOptions,
  date: IstDate,
  to: LogEnds,
): Promise<'current' | 'conflict'> {
  const uploads = options.days.uploads(date);
  let state = await takeOver(options, date);
  for (;;) {
    const pending = state.pending ?? (await uploads.cut(state, to));
    if (pending === null) return 'current';
    // Save before sending: after a crash the same number must get the same bytes. Other bytes would
    // be a conflict, as if another harvester had used the number.
    if (state.pending === null) await uploads.save({ ...state, pending });
    if (!(await sendSegment(options, date, pending, uploads))) return 'conflict';
    state = { next: state.next + 1, from: pending.to, pending: null };
    await uploads.save(state);
    await uploads.remove(pending);
    const bytes = pending.files.reduce((sum, file) => sum + file.bytes, 0);
    options.events.log(logEvents.segmentShipped(date, state.next - 1, bytes));
  }
}

async function sendSegment(
  { objects, shard }: UploadOptions,
  date: IstDate,
  { files }: UploadSegment,
  uploads: DayUploads,
): Promise<boolean> {
  for (const { name, sha256 } of files) {
    const key = OBJECTS.dayFile(date, String(shard), name);
    if ((await objects.putOnce(key, uploads.pathOf(name), sha256)) === 'different') return false;
  }
  return true;
}

/**
 * Returns this machine's segment state of the day. If it has no state, asks the bucket for one number
 * after the other until one is missing (its role cannot list), and puts the fetched files before
 * its own logs.
 *
 * @throws errors of the object store and the disk; nothing is taken over then
 */
export async function takeOver(options: UploadOptions, date: IstDate): Promise<UploadState> {
  const uploads = options.days.uploads(date);
  const known = await uploads.state();
  if (known !== null) return known;
  const get = (name: string) => fetchObject(options, date, name);
  const names = { rows: [] as string[], events: [] as string[] };
  let next = 1;
  for (; ; next += 1) {
    const { rows, events: claim } = segmentNames(next);
    const [hasEvents, hasRows] = await Promise.all([get(claim), get(rows)]);
    if (!hasEvents) break;
    names.events.push(claim);
    if (hasRows) names.rows.push(rows);
  }
  await uploads.takeOver(names);
  const state = firstState(next);
  await uploads.save(state);
  await uploads.forgetFetched();
  if (next > 1) options.events.log(logEvents.dayTakenOver(date, next - 1));
  return state;
}

/**
 * Adopts days that have segments in the bucket but no manifest and no local files: another machine
 * failed before it closed them. Never throws. Returns false if the bucket did not answer, so that not
 * every day was checked.
 */
export async function adoptDays(
  options: UploadOptions,
  isOver: (date: IstDate) => boolean,
): Promise<boolean> {
  const { days, clock } = options;
  const here = await days.dates();
  for (let back = 0; back < LOOK_BACK_DAYS; back += 1) {
    const date = istDateAt(plus(clock.now(), -back * DAY));
    if (here.includes(date) || !isOver(date)) continue;
    const has = (name: string) => fetchObject(options, date, name);
    try {
      if ((await has(segmentNames(1).events)) && !(await has('manifest.json'))) {
        await takeOver(options, date);
      } else await days.uploads(date).forgetFetched();
    } catch (caught) {
      options.events.log(
        logEvents.stepFailed(`Looking for segments of ${date}`, problemOf(caught)),
      );
      return false;
    }
  }
  return true;
}

/** False if the bucket has no object of that name. */
async function fetchObject(
  { days, objects, shard }: UploadOptions,
  date: IstDate,
  name: string,
): Promise<boolean> {
  const place = await days.uploads(date).placeFor(name);
  return objects.get(OBJECTS.dayFile(date, String(shard), name), place);
}

export function problemOf(caught: unknown): string {
  const error = toError(caught);
  return error instanceof FyersError ? error.message : `${error.name}: ${error.message}`;
}

interface ShipOptions {
  readonly folder: DayFolder;
  readonly objects: ObjectStore;
  readonly date: IstDate;
  readonly shard: number;
}

/**
 * Uploads the compacted files. conflict: the bucket has another file under one of the names.
 *
 * @throws errors of the object store; the next call finds the objects that were already stored
 */
export async function shipDay(options: ShipOptions): Promise<'shipped' | 'conflict'> {
  const { folder, objects, date, shard } = options;
  const manifest = await folder.manifest();
  if (manifest === null) return 'conflict';
  if ((await uploadFrames({ ...options, frames: folder.frames })) === 'conflict') {
    await folder.markShipped('conflict');
    return 'conflict';
  }
  for (const file of [...manifest.files, await folder.manifestFacts()]) {
    const key = OBJECTS.dayFile(date, String(shard), file.name);
    const outcome = await objects.putOnce(key, folder.pathOf(file.name), file.sha256);
    if (outcome === 'different') {
      await folder.markShipped('conflict');
      return 'conflict';
    }
  }
  await folder.markShipped('shipped');
  return 'shipped';
}
