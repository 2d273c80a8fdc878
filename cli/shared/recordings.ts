// Opens the recording that a command names: from a local folder, or downloaded from the bucket into a temporary folder
// that is removed when the command ends or a signal arrives. Finds the harvester's bucket.
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { ObjectFacts } from '../../adapters/aws/object-store.ts';
import { removeAtEnd } from '../../adapters/process/stop-signal.ts';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import {
  notADateError,
  openRecording,
  type Recording,
} from '../../adapters/recordings/open-recording.ts';
import { unpacked } from '../../adapters/recordings/unzip.ts';
import { parseShard } from '../../core/config/values.ts';
import { readDate, type IstDate, istDateAt } from '../../core/time.ts';
import { FyersError } from '../../core/errors.ts';
import { dayOf } from '../../core/market/calendar.ts';
import { ENVIRONMENT, OBJECTS } from '../../core/config/names.ts';
import type { FrameRecord } from '../../core/stream/frame-log.ts';
import { daysWords } from '../../core/text.ts';
import { withNextStep, withOperatorHints } from './aws.ts';
import type { Session } from './io.ts';
import { pulumiIn } from './pulumi.ts';
import { readOverrides, settingsOf } from './settings.ts';

export interface RecordingOptions {
  readonly data?: string;
  readonly s3?: true;
  readonly bucket?: string;
  readonly shard?: string;
  readonly json?: true;
}

export const DEFAULT_DATA = 'harvested_data';
/** The folder into which `npm start` records its day. */
const DEMO_DATA = 'demo';

/** Adds the options that select a recording. */
export function withRecordingOptions(command: Command): Command {
  return command
    .option(
      '--data <DIR>',
      `where the recordings are (default: ${DEFAULT_DATA} and ${DEMO_DATA}, the newest day of both)`,
    )
    .option('--s3', "from the harvester's bucket: FYERS_BUCKET, else the stack output")
    .option('--bucket <BUCKET>', 'from this bucket')
    .option('--shard <N>', 'in the bucket: the number of the harvester (default: 0)');
}

/** @throws FyersError `operator.usage` for an invalid shard */
export function shardIn(text: string): number {
  const shard = parseShard(text);
  if (shard.ok) return shard.value;
  throw new FyersError(
    'operator.usage',
    `--shard "${text}" ${shard.problem}.`,
    'See which harvesters there are: `./fyers status`.',
  );
}

/** A downloaded day is removed on disposal. */
export interface OpenedRecording extends Recording, AsyncDisposable {
  /** Null for a recording on this machine. Of a day in the bucket only manifest, rows and event log are downloaded. */
  readonly bucket: BucketDay | null;
  readonly frames: StoredFrames;
}

/** A day in the bucket. */
export interface BucketDay {
  /** Reads the facts of a file without a download; null if it does not exist or may not be read. */
  facts(name: string): Promise<ObjectFacts | null>;
  /** Downloads a file to a path; false if it does not exist or may not be read. */
  fetch(name: string, file: string): Promise<boolean>;
}

/** The frames of a stream. From the bucket, a segment is downloaded when it is read. */
export interface StoredFrames {
  /** In time order; empty for a day that was polled, and for a single file. */
  names(): Promise<readonly string[]>;
  /** @throws FyersError `platform.integrity` if the segment is missing or damaged; those of every AWS call */
  read(name: string): Promise<Iterable<FrameRecord> & Disposable>;
}

/**
 * Without --data, --s3 and --bucket it finds the day itself and prints where: on standard error if standard output is
 * for a program (`--json`, or `dataOnStdout`).
 *
 * @param what a date, a file, or undefined for the latest day of the folder
 * @throws FyersError as `openRecording` does; for the bucket those of every AWS call by the operator
 */
export async function recordingOf(
  session: Session,
  what: string | undefined,
  options: RecordingOptions,
  { dataOnStdout = options.json === true }: { readonly dataOnStdout?: boolean } = {},
): Promise<OpenedRecording> {
  const { cwd, out, err } = session.io;
  const shard = shardIn(options.shard ?? '0');
  const given = what === undefined ? null : readDate(what);
  const date = given?.ok === true ? given.value : null;
  if (options.s3 !== true && options.bucket === undefined) {
    if (options.shard !== undefined) throw shardOfFolderError(shard);
    const folder = options.data ?? (await findFolder(session, what, date));
    const dataDir = path.resolve(cwd, folder);
    if (date !== null && !(await dayFolders(dataDir).dates()).includes(date)) {
      const closed = marketClosedError(session, date);
      if (closed !== null) throw closed;
    }
    const recording = await openRecording({ what: what ?? null, dataDir, cwd });
    // A date in the harvester's own folder needs no note.
    const isFound = what === undefined || folder !== DEFAULT_DATA;
    if (options.data === undefined && recording.day !== null && isFound)
      (dataOnStdout ? err : out)(foundText(folder, recording, what === undefined));
    for (const note of recording.notes) session.io.err(note);
    return {
      ...recording,
      bucket: null,
      frames: storedFrames(recording, null),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  if (date === null) throw given?.ok === false ? notADateError(given.problem) : noDateError();
  const bucket = options.bucket ?? (await bucketOf(session));
  const dataDir = await mkdtemp(path.join(tmpdir(), 'fyers-day-'));
  const temporary = removeAtEnd(dataDir, 'folder');
  try {
    const inBucket = await bucketDay(session, { date, shard, bucket });
    if (!(await fetchDay(inBucket, path.join(dataDir, 'days', date))))
      throw marketClosedError(session, date) ?? notInBucketError(date, { bucket, shard });
    const recording = await openRecording({ what: date, dataDir, cwd });
    const place = `s3://${bucket}/${OBJECTS.dayPrefix(date, String(shard))}`;
    return {
      ...recording,
      place,
      bucket: inBucket,
      frames: storedFrames(recording, inBucket),
      [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
    };
  } catch (caught) {
    await temporary[Symbol.asyncDispose]();
    throw caught;
  }
}

/**
 * Returns the folder that has the date, or without a date the newest day. The harvester's folder wins if both have it,
 * and also for a file, which is in neither.
 */
async function findFolder(
  session: Session,
  what: string | undefined,
  date: IstDate | null,
): Promise<string> {
  const [own, demo] = await Promise.all(
    [DEFAULT_DATA, DEMO_DATA].map((folder) =>
      dayFolders(path.resolve(session.io.cwd, folder)).dates(),
    ),
  );
  if (own === undefined || demo === undefined) return DEFAULT_DATA;
  if (what === undefined) {
    const [newest, newestDemo] = [own.at(-1), demo.at(-1)];
    if (newest === undefined && newestDemo === undefined) throw noFolderError();
    return newest === undefined || (newestDemo !== undefined && newestDemo > newest)
      ? DEMO_DATA
      : DEFAULT_DATA;
  }
  if (date === null || own.includes(date)) return DEFAULT_DATA;
  if (demo.includes(date)) return DEMO_DATA;
  if (own.length === 0 && demo.length === 0)
    throw marketClosedError(session, date) ?? noFolderError();
  if (own.length > 0 && demo.length > 0)
    throw marketClosedError(session, date) ?? notInFoldersError(date, own, demo);
  return own.length > 0 ? DEFAULT_DATA : DEMO_DATA;
}

function foundText(folder: string, { date }: Recording, isNewest: boolean): string {
  return `Reading ${date ?? ''} in ${folder}${isNewest ? ', the newest recorded day' : ''}.`;
}

interface InBucket {
  readonly bucket: string;
  readonly date: IstDate;
  readonly shard: number;
}

async function bucketDay(session: Session, { date, shard, bucket }: InBucket): Promise<BucketDay> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { objectFacts, objectStore } = await import('../../adapters/aws/object-store.ts');
  const options = { client: new S3Client(session.io.aws), bucket };
  const objects = objectStore(options);
  const keyOf = (name: string): string => OBJECTS.dayFile(date, String(shard), name);
  return {
    facts: (name) => withOperatorHints(objectFacts(options, keyOf(name))),
    fetch: (name, file) => withOperatorHints(objects.get(keyOf(name), file)),
  };
}

const MANIFEST = 'manifest.json';
const EVENTS = 'events.jsonl.gz';

/** Downloads manifest, Parquet and event log of a closed day. False: there is no manifest. */
async function fetchDay(bucket: BucketDay, folder: string): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const fileOf = (name: string): string => path.join(folder, name);
  // The harvester uploads the manifest last, so read it first: without it the day is incomplete.
  if (!(await bucket.fetch(MANIFEST, fileOf(MANIFEST)))) return false;
  for (const name of [EVENTS, 'depth.parquet']) {
    if (!(await bucket.fetch(name, fileOf(name)))) throw missingFileError(name, 'the bucket');
  }
  const events = createWriteStream(fileOf(EVENTS).slice(0, -'.gz'.length));
  await pipeline(await unpacked(fileOf(EVENTS)), events);
  return true;
}

/** @param where such as "the bucket" */
function missingFileError(name: string, where: string): FyersError {
  return new FyersError(
    'platform.integrity',
    `${name} is not in ${where}, or you may not read it, although the day's manifest is there.`,
    "See the harvester's log: `./fyers logs harvester`.",
  );
}

/**
 * Returns the segments that the manifest names, and those in the day's folder. Removes a downloaded segment after it is
 * read, because the segments of a day are large.
 *
 * @param bucket null for a day on this machine
 */
function storedFrames(recording: Recording, bucket: BucketDay | null): StoredFrames {
  const { day } = recording;
  if (day === null) {
    const read = (name: string) => Promise.reject(new RangeError(`there is no segment ${name}`));
    return { names: () => Promise.resolve([]), read };
  }
  return {
    async names() {
      const files = (await recording.manifest())?.frames?.files ?? [];
      const here = await day.frames.names();
      return [...new Set([...files.map(({ name }) => name), ...here])].sort();
    },
    async read(name) {
      const isThere =
        bucket === null
          ? (await day.frames.names()).includes(name)
          : await bucket.fetch(name, day.pathOf(name));
      if (!isThere) throw missingFileError(name, recording.place);
      try {
        return await day.frames.read(name);
      } finally {
        if (bucket !== null) await rm(day.pathOf(name));
      }
    },
  };
}

function shardOfFolderError(shard: number): FyersError {
  return new FyersError(
    'operator.usage',
    `--shard ${String(shard)} selects a harvester in the bucket. A folder on this machine has the days of one harvester only.`,
    'Add --s3, or name the folder of that harvester with --data DIR: `./fyers check --data DIR`.',
  );
}

/** Error for a date on which nothing can have been recorded; null for a trading day. */
export function marketClosedError({ io }: Session, date: IstDate): FyersError | null {
  const day = dayOf(date, readOverrides(io));
  const isToCome = date > istDateAt(io.clock.now());
  if (day.kind === 'open' && !isToCome) return null;
  return new FyersError(
    'operator.usage',
    day.kind === 'closed'
      ? `There is no recording of ${date}: the market is closed on that day (${day.why}).`
      : `${date} is in the future.`,
    `See which days have a session: \`./fyers calendar ${date.slice(0, 7)}\`.`,
  );
}

function noFolderError(): FyersError {
  return new FyersError(
    'operator.usage',
    `There is no recorded day, neither in ${DEFAULT_DATA} nor in ${DEMO_DATA}.`,
    'Record one with `./fyers harvest`, or a simulated one with `npm start`. If you have one elsewhere, name its folder with --data DIR.',
  );
}

function notInFoldersError(
  date: IstDate,
  own: readonly IstDate[],
  demo: readonly IstDate[],
): FyersError {
  return new FyersError(
    'operator.usage',
    `${date} is not in ${DEFAULT_DATA}, which has ${daysWords(own)}, and not in ${DEMO_DATA}, which has ${daysWords(demo)}.`,
    `Name another folder with --data DIR, or get the day from the bucket: \`./fyers export ${date} --s3 --to ${date}.parquet\`.`,
  );
}

function noDateError(): FyersError {
  return new FyersError(
    'operator.usage',
    'No date is given for the day in the bucket.',
    'Write it as YYYY-MM-DD: `./fyers report 2026-11-25 --s3`.',
  );
}

function notInBucketError(
  date: IstDate,
  { bucket, shard }: Pick<InBucket, 'bucket' | 'shard'>,
): FyersError {
  return new FyersError(
    'operator.usage',
    `s3://${bucket}/${OBJECTS.dayFile(date, String(shard), MANIFEST)} does not exist, or you may not read it: a day is uploaded some minutes after its close.`,
    `See the harvester's log: \`./fyers logs harvester\`; of another shard: \`./fyers report ${date} --s3 --shard 1\`.`,
  );
}

const BUCKET_STEPS: Parameters<typeof withNextStep>[1] = {
  'operator.prerequisite':
    'Name the bucket, as `./fyers check 2026-11-25 --bucket BUCKET` or in FYERS_BUCKET; or install the Pulumi CLI (https://www.pulumi.com/docs/install/), so that the command can read the bucket of the stack.',
};

/**
 * Returns FYERS_BUCKET, else the stack's output.
 * @throws FyersError `operator.config` if the stack has no harvester; errors of `pulumiIn`
 */
export async function bucketOf({ io }: Session): Promise<string> {
  const named = settingsOf(io.cwd, io.env)(ENVIRONMENT.bucket);
  if (named !== null) return named;
  const pulumi = pulumiIn({ folder: io.cwd, env: io.env });
  const output = await pulumi(['stack', 'output', 'bucket'], '').catch((caught: unknown) => {
    throw withNextStep(caught, BUCKET_STEPS);
  });
  const bucket = output.trim();
  if (!bucket.startsWith('none')) return bucket;
  throw new FyersError(
    'operator.config',
    'This stack has no harvester.',
    'Name the bucket of another with --bucket, or run `pulumi config set harvester true` and `pulumi up`.',
  );
}
