// Why a recording cannot be read, in words.
import path from 'node:path';
import { SCHEMA_VERSION } from '../../core/depth/columns.ts';
import { FyersError } from '../../core/errors.ts';
import type { IstDate } from '../../core/time.ts';
import { daysWords } from '../../core/words.ts';

export function withoutDays(dataDir: string): FyersError {
  return new FyersError(
    'operator.usage',
    `There is no recorded day in ${dataDir}.`,
    'Name the folder with --data DIR, or record a day: `npx --no-install fyers harvest`.',
  );
}

export function absentDay(date: IstDate, dataDir: string, dates: readonly IstDate[]): FyersError {
  return new FyersError(
    'operator.usage',
    dates.length === 0
      ? `There is no recorded day in ${dataDir}.`
      : `${date} is not in ${dataDir}, which has ${daysWords(dates)}.`,
    `Name another folder with --data DIR, or get the day from the bucket: \`npx --no-install fyers export ${date} --s3 --to ${date}.parquet\`.`,
  );
}

export function absentFile(place: string, dataDir: string): FyersError {
  return new FyersError(
    'operator.usage',
    `There is no file ${place}.`,
    `Name a file that is there, or a recorded day as YYYY-MM-DD: \`ls ${path.join(dataDir, 'days')}\` lists them.`,
  );
}

/** @param problem a sentence without its point */
export function notADate(problem: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${problem.replace(/\?$/, '')}${problem.endsWith('?') ? '?' : '.'}`,
    'Days with a session: `npx --no-install fyers calendar`.',
  );
}

export function notADay(place: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} is a folder, and not one of a day.`,
    'Name the day with the folder of recordings: `npx --no-install fyers check 2026-11-25 --data DIR`.',
  );
}

/** @param why what it is instead; null: unknown */
export function notARecording(place: string, why: string | null = null): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} is no recording${why === null ? '' : ` (${why})`}: neither Parquet, nor a day log, nor a market_depth file of the reference.`,
    'Name one of them, or a date: `npx --no-install fyers check --help`.',
  );
}

/** Of a file that begins like one. */
export function unlikeARecording(place: string, why: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} cannot be read as a recording: ${why}.`,
    'Take the file as the Python original wrote it; its form is in `npx --no-install fyers import --help`.',
  );
}

/** Of a device, a pipe or a link, which a recording does not have. */
export function notAFile(place: string, what: string): FyersError {
  return new FyersError(
    'platform.integrity',
    `${place} is ${what}, and a recording has ordinary files only.`,
    'Put the file itself in its place, or name another one: `npx --no-install fyers check --help`.',
  );
}

export function foreign(place: string, why: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} is not of version ${String(SCHEMA_VERSION)}, the one that this release reads: ${why}.`,
    'With the release that recorded it, write it in the columns that every release reads: `npx --no-install fyers export FILE --compat --to market_depth.csv`.',
  );
}

const ANOTHER_COPY =
  'Take another copy of it; of a day in the bucket: `npx --no-install fyers export DATE --s3 --to FILE`.';

/** Of a day whose log is still beside what was made of it. */
export function madeAnew(date: IstDate, folder: string): string {
  const dataDir = path.dirname(path.dirname(folder));
  return `Its log is beside it: remove ${path.join(folder, 'manifest.json')} and run \`npx --no-install fyers compact ${date} --data ${dataDir}\`.`;
}

export function damaged(place: string, cause: Error, mending = ANOTHER_COPY): FyersError {
  return new FyersError(
    'platform.integrity',
    `${place} cannot be read to its end: ${cause.message}.`,
    mending,
    { cause },
  );
}
