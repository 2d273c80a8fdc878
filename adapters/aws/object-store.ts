// Stores objects in the bucket, write-once and with a checksum that S3 verifies. An existing object
// is compared, never overwritten.
import { createWriteStream } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { toError } from '../../core/errors.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { awsFault } from './fault.ts';

export interface ObjectStoreOptions {
  readonly client: S3Client;
  readonly bucket: string;
}

/**
 * Errors: `platform.permission` naming action and resource, `operator.credentials`,
 * `platform.store`.
 */
export function objectStore({ client, bucket }: ObjectStoreOptions): ObjectStore {
  return {
    async putOnce(key, file, sha256) {
      try {
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            // Not a stream, because the SDK could not retry it. A day is a few megabytes.
            Body: await readFile(file),
            ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
            Metadata: { sha256 },
            IfNoneMatch: '*',
          }),
        );
        return 'stored';
      } catch (caught) {
        if (statusOf(caught) !== 412) throw awsFault(caught, `Storing s3://${bucket}/${key}`);
        return (await storedHash(client, bucket, key)) === sha256 ? 'same' : 'different';
      }
    },
    async get(key, toFile) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        if (!(Body instanceof Readable)) return false;
        await pipeline(Body, createWriteStream(`${toFile}.partial`));
        await rename(`${toFile}.partial`, toFile);
        return true;
      } catch (caught) {
        if (isAbsent(caught)) return false;
        throw awsFault(caught, `Reading s3://${bucket}/${key}`);
      }
    },
  };
}

async function storedHash(client: S3Client, bucket: string, key: string): Promise<string | null> {
  try {
    return (await headOf(client, bucket, key)).sha256;
  } catch (caught) {
    throw awsFault(caught, `Comparing s3://${bucket}/${key}`);
  }
}

export interface ObjectFacts {
  readonly bytes: number;
  /** The hash that `putOnce` stored; null for an object of another program. */
  readonly sha256: string | null;
}

/**
 * Returns null if the object does not exist or may not be read; without s3:ListBucket, a HEAD gets
 * the same answer for both.
 *
 * @throws as `objectStore`
 */
export async function objectFacts(
  { client, bucket }: ObjectStoreOptions,
  key: string,
): Promise<ObjectFacts | null> {
  try {
    return await headOf(client, bucket, key);
  } catch (caught) {
    if (isAbsent(caught) || statusOf(caught) === 403) return null;
    throw awsFault(caught, `Reading s3://${bucket}/${key}`);
  }
}

async function headOf(client: S3Client, bucket: string, key: string): Promise<ObjectFacts> {
  const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  return { bytes: head.ContentLength ?? 0, sha256: head.Metadata?.['sha256'] ?? null };
}

/**
 * Without s3:ListBucket a missing key is AccessDenied (Amazon S3 API, "GetObject"). Other 403
 * answers do not mean that the key is missing.
 */
function isAbsent(caught: unknown): boolean {
  return statusOf(caught) === 404 || toError(caught).name === 'AccessDenied';
}

function statusOf(caught: unknown): number | null {
  const metadata: unknown = Reflect.get(toError(caught), '$metadata');
  const status: unknown = Reflect.get(Object(metadata), 'httpStatusCode');
  return typeof status === 'number' ? status : null;
}
