// The harvesters' event logs of the latest day, from their pieces in the bucket.
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { unzippedPiece } from '../../adapters/files/unzip.ts';
import { parseEventLine } from '../../core/depth/day-events.ts';
import { FyersError } from '../../core/errors.ts';
import { awsCall } from '../aws.ts';
import type { Session } from '../io.ts';
import { type Entry, dayEntry } from './entry.ts';

const DAYS = 'depth/v2/';
/** `events.jsonl.gz` after the close; during the day pieces whose names sort as they were shipped. */
const WHOLE = '/events.jsonl.gz';
const SHARD = /\/shard=(\d+)\/$/;
const PIECE = /\/events[^/]*\.jsonl\.gz$/;

export interface DayLogRead {
  /** Its place in the bucket. */
  readonly day: string;
  readonly entries: readonly Entry[];
}

/** Null where no day is in the bucket. Errors: as every call of the operator's, and `operator.config` for a bucket that isn't there. */
export async function latestDay({ io }: Session, bucket: string): Promise<DayLogRead | null> {
  const s3 = await import('@aws-sdk/client-s3');
  const client = new s3.S3Client(io.aws);
  const read = async (Key: string) => {
    const { Body } = await client.send(new s3.GetObjectCommand({ Bucket: bucket, Key }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    return (await unzippedPiece(bytes)).toString('utf8');
  };
  return awsCall(`Reading s3://${bucket}/${DAYS}`, async () => {
    try {
      const pages = (Prefix: string) =>
        s3.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix, Delimiter: '/' });
      const day = (await foldersIn(pages(`${DAYS}date=`))).toSorted().at(-1);
      if (day === undefined) return null;
      const entries: Entry[] = [];
      const folders = await foldersIn(pages(day));
      for (const folder of folders) {
        const shard = SHARD.exec(folder)?.[1] ?? '0';
        for (const key of eventKeys(await filesIn(pages(folder)))) {
          entries.push(...entriesIn(await read(key), shard));
        }
      }
      const shown = folders.length > 1 ? entries : entries.map(withoutShard);
      return { day, entries: shown.toSorted((a, b) => a.at - b.at) };
    } catch (caught) {
      if (caught instanceof Error && caught.name === 'NoSuchBucket') throw noBucket(bucket);
      throw caught;
    }
  });
}

type Pages = AsyncIterable<ListObjectsV2CommandOutput>;

async function foldersIn(pages: Pages): Promise<readonly string[]> {
  const folders: string[] = [];
  for await (const { CommonPrefixes = [] } of pages) {
    folders.push(...CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? []));
  }
  return folders;
}

async function filesIn(pages: Pages): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { Contents = [] } of pages)
    keys.push(...Contents.flatMap(({ Key }) => Key ?? []));
  return keys;
}

/** Of one shard: the whole log, or its pieces while there is no whole one. */
function eventKeys(keys: readonly string[]): readonly string[] {
  const whole = keys.filter((key) => key.endsWith(WHOLE));
  return whole.length > 0 ? whole : keys.filter((key) => PIECE.test(key)).toSorted();
}

function entriesIn(text: string, shard: string): readonly Entry[] {
  return text
    .split('\n')
    .flatMap((line) => parseEventLine(line) ?? [])
    .map((event) => dayEntry(event, shard));
}

/** Where there is one only, nobody asks which. */
function withoutShard({ shard: _one, ...entry }: Entry): Entry {
  return entry;
}

function noBucket(bucket: string): FyersError {
  return new FyersError(
    'operator.config',
    `There is no bucket ${bucket} in this account.`,
    'Name it with --bucket; `pulumi stack output bucket` shows it.',
  );
}
