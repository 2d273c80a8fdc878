// Starts a bucket on this machine, with closed days as the harvester uploads them.
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { objectStore } from '../../adapters/aws/object-store.ts';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { OBJECTS } from '../../core/config/names.ts';
import type { IstDate } from '../../core/time.ts';
import { shipDay } from '../../harvester/upload.ts';
import { type Fate, startS3 } from './s3-server.ts';

const BUCKET = 'days';
/** For a command that reads a day of it. */
export const IN_BUCKET = ['--s3', '--bucket', BUCKET] as const;

/** @param fateOf of each call */
export async function startBucket(fateOf?: (method: string, key: string) => Fate) {
  const server = await startS3(fateOf);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const aws = {
    ...{ endpoint: server.endpoint, region: 'ap-south-1', credentials, maxAttempts: 1 },
  } satisfies S3ClientConfig;
  const objects = objectStore({ client: new S3Client(aws), bucket: BUCKET });
  const keyOf = (date: IstDate, name: string): string => {
    const key = OBJECTS.dayFile(date, '0', name).split('/').map(encodeURIComponent).join('/');
    return `/${BUCKET}/${key}`;
  };
  return {
    aws,
    /** Uploads a compacted day. */
    async ship(dataDir: string, date: IstDate): Promise<void> {
      const folder = dayFolders(dataDir).folder(date);
      const outcome = await shipDay({ folder, objects, date, shard: 0 });
      if (outcome !== 'shipped') throw new Error(`the day is not in the bucket: ${outcome}`);
    },
    /** Changes the content of an object that is there, or removes it. */
    damage(date: IstDate, name: string, content: Buffer | null): void {
      server.replace(keyOf(date, name), content);
    },
    /** Changes the last byte of an object, as S3 never does. */
    flip(date: IstDate, name: string): void {
      const key = keyOf(date, name);
      const body = Buffer.from(server.objects.get(key)?.body ?? '');
      body[body.length - 1] = 255 - (body.at(-1) ?? 0);
      server.replace(key, body);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
