// Closes days: ends, compacts and uploads every finished day that is not in the bucket. Every step
// is idempotent.
import * as logEvents from '../core/recording/log.ts';
import { FyersError, toError } from '../core/errors.ts';
import type { Clock, Logger, ObjectStore } from '../core/ports.ts';
import type { IstDate } from '../core/time.ts';
import { closeDayLog, isEmpty } from './day.ts';
import { type UploadOptions, problemOf, shipDay, uploadSegments, takeOver } from './upload.ts';
import type { DayFolder, Days } from './ports.ts';

export interface CloseOptions {
  readonly days: Days;
  readonly clock: Clock;
  readonly events: Logger;
  /** Compacts one day in a child process. */
  readonly compact: (date: IstDate) => Promise<void>;
  /** Null if days are not uploaded. */
  readonly objects: ObjectStore | null;
  readonly shard: number;
}

/** Above this disk use, the oldest uploaded days are removed. */
export const DISK_USED_PERCENT_MAX = 80;

/**
 * Never throws: a day that fails is logged, left unchanged, and retried by the next call.
 *
 * @param isOver whether the day's session has ended; the day being recorded is skipped
 * @param between runs before each slow step, so that the heartbeat continues
 */
export async function closeDays(
  options: CloseOptions,
  isOver: (date: IstDate) => boolean,
  between: () => Promise<void>,
): Promise<void> {
  const { days, events } = options;
  for (const date of await days.dates()) {
    if (!isOver(date) || (await days.folder(date).shipped()) === 'shipped') continue;
    try {
      await closeDay(options, date, between);
    } catch (caught) {
      events.log(logEvents.stepFailed(`Closing ${date}`, problemOf(caught), 'closing days'));
    }
  }
  await makeRoom(options);
}

/**
 * @throws FyersError `platform.disk` for a day without a manifest, `platform.store` for a day that
 * is not in the bucket
 */
export async function proveClosed(
  { days, objects }: Pick<CloseOptions, 'days' | 'objects'>,
  dates: readonly IstDate[],
): Promise<void> {
  for (const date of dates) {
    const folder = days.folder(date);
    if ((await folder.manifest()) === null) {
      throw new FyersError(
        'platform.disk',
        `The day ${date} could not be closed: it has no manifest.`,
        `Fix the problem in the log lines before this one, such as a full disk, and run \`./fyers compact ${date}\`.`,
      );
    }
    if (objects !== null && (await folder.shipped()) !== 'shipped') {
      throw new FyersError(
        'platform.store',
        `The day ${date} is closed on this machine but is not in the bucket.`,
        'Fix the problem in the log lines before this one, and run `./fyers harvest` again: it uploads the rest.',
      );
    }
  }
}

/** Never throws. */
export async function makeRoom({ days, events }: CloseOptions): Promise<void> {
  try {
    const removed = await days.makeRoom(DISK_USED_PERCENT_MAX);
    if (removed.length > 0) events.log(logEvents.roomMade(removed));
  } catch (caught) {
    events.log(
      logEvents.stepFailed('Removing days that are in the bucket', toError(caught).message),
    );
  }
}

async function closeDay(
  options: CloseOptions,
  date: IstDate,
  between: () => Promise<void>,
): Promise<void> {
  const { days, events, objects } = options;
  const folder = days.folder(date);
  if ((await folder.manifest()) === null) {
    await between();
    // The Parquet file must include the rows that another machine uploaded.
    if (objects !== null) await takeOver({ ...options, objects }, date);
    if (await isEmpty(folder)) {
      events.log(logEvents.dayPutAside(date, await days.putAside(date)));
      return;
    }
    await closeDayLog(options, date);
    await options.compact(date);
    await logCompacted(folder, date, events);
  }
  if (objects === null) return;
  await between();
  const before = await folder.shipped();
  const outcome = await shipAll({ ...options, objects }, date);
  if (outcome === 'shipped') events.log(logEvents.dayShipped(date));
  // A conflict is retried until the operator resolves it, but logged only once.
  else if (before !== outcome) events.log(logEvents.shipConflict(date));
}

async function logCompacted(folder: DayFolder, date: IstDate, events: Logger): Promise<void> {
  const manifest = await folder.manifest();
  if (manifest === null) return;
  events.log(logEvents.dayCompacted(date, manifest));
  const { malformed } = manifest.leftOut;
  const quarantine = manifest.files.find(({ name }) => name.startsWith('quarantine'));
  if (quarantine !== undefined) {
    events.log(logEvents.linesQuarantined(date, malformed, folder.pathOf(quarantine.name)));
  }
}

/**
 * Uploads the last segment before the compacted files: if it gets its number, no other machine is
 * writing this day.
 */
async function shipAll(options: UploadOptions, date: IstDate): Promise<'shipped' | 'conflict'> {
  const { days, objects, shard } = options;
  const folder = days.folder(date);
  const state = await days.uploads(date).state();
  if (state !== null && (state.next > 1 || state.pending !== null)) {
    const logs = await days.open(date);
    const ends = logs.ends();
    await logs.close();
    if (ends !== null && (await uploadSegments(options, date, ends)) === 'conflict') {
      await folder.markShipped('conflict');
      return 'conflict';
    }
  }
  return shipDay({ folder, objects, date, shard });
}
