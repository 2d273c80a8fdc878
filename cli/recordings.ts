// The recording that a command is about: in a folder of this machine, or fetched from the bucket for as long as it runs.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Command } from 'commander';
import { type Recording, openRecording } from '../adapters/files/recordings.ts';
import { FyersError } from '../core/errors.ts';
import { OBJECTS } from '../core/names.ts';
import { type IstDate, parseIstDate } from '../core/time.ts';
import { asOperator } from './aws.ts';
import { bucketOf } from './bucket.ts';
import type { Session } from './io.ts';

export interface RecordingOptions {
  readonly data: string;
  readonly s3?: true;
  readonly bucket?: string;
  readonly shard?: string;
}

export const DEFAULT_DATA = 'harvested_data';

/** Where the recording is that a command is about: the same options for each of them. */
export function withRecordingOptions(command: Command): Command {
  return command
    .option('--data <DIR>', 'where the recordings are', DEFAULT_DATA)
    .option('--s3', "from the harvester's bucket: FYERS_BUCKET, else the stack output")
    .option('--bucket <BUCKET>', 'from this bucket')
    .option('--shard <N>', 'of several harvesters (default: 0)');
}

/** A day that was fetched is gone again afterwards. */
export interface OpenedRecording extends Recording, AsyncDisposable {
  /** From the bucket: manifest, Parquet and event log alone. */
  readonly fetched: boolean;
}

/**
 * @param what a date, a file, or undefined for the latest day of the folder
 * @throws FyersError as `openRecording` does; for the bucket as every call of the operator's
 */
export async function recordingOf(
  session: Session,
  what: string | undefined,
  options: RecordingOptions,
): Promise<OpenedRecording> {
  const { cwd } = session.io;
  if (options.s3 !== true && options.bucket === undefined) {
    const dataDir = path.resolve(cwd, options.data);
    const recording = await openRecording({ what: what ?? null, dataDir, cwd });
    return { ...recording, fetched: false, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const date = parseIstDate(what ?? '');
  if (date === null) throw withoutDate(what);
  const dataDir = await mkdtemp(path.join(tmpdir(), 'fyers-day-'));
  const remove = () => rm(dataDir, { recursive: true, force: true });
  try {
    await fetchDay(session, date, options, path.join(dataDir, 'days', date));
    const recording = await openRecording({ what: date, dataDir, cwd });
    return { ...recording, fetched: true, [Symbol.asyncDispose]: remove };
  } catch (caught) {
    await remove();
    throw caught;
  }
}

const EVENTS = 'events.jsonl.gz';

/** Manifest, Parquet and event log of a closed day, as its folder had them. */
async function fetchDay(
  session: Session,
  date: IstDate,
  options: RecordingOptions,
  folder: string,
): Promise<void> {
  const bucket = options.bucket ?? (await bucketOf(session));
  const shard = options.shard ?? '0';
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { objectStore } = await import('../adapters/aws/object-store.ts');
  const objects = objectStore({ client: new S3Client(session.io.aws), bucket });
  await mkdir(folder, { recursive: true });
  const fetched = async (name: string): Promise<string> => {
    const file = path.join(folder, name);
    const key = OBJECTS.dayFile(date, shard, name);
    if (!(await asOperator(objects.get(key, file))))
      throw notInBucket(date, `s3://${bucket}/${key}`);
    return file;
  };
  // Last in, so first out: without it the day is not whole.
  await fetched('manifest.json');
  await fetched('depth.parquet');
  const zipped = await fetched(EVENTS);
  const events = createWriteStream(zipped.slice(0, -'.gz'.length));
  await pipeline(createReadStream(zipped), createGunzip(), events);
}

function withoutDate(what: string | undefined): FyersError {
  return new FyersError(
    'operator.usage',
    what === undefined ? 'A day of the bucket needs its date.' : `"${what}" is no date.`,
    'Write it as YYYY-MM-DD: `npx --no-install fyers report 2026-11-25 --s3`.',
  );
}

function notInBucket(date: IstDate, where: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${where} is not there, or you may not read it: a day comes some minutes after its close.`,
    `See what the harvester says of it: \`npx --no-install fyers logs harvester\`; of another shard: \`npx --no-install fyers report ${date} --s3 --shard 1\`.`,
  );
}
