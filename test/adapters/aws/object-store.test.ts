import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { meteredEvents } from '../../../adapters/aws/metrics.ts';
import { objectFacts, objectStore } from '../../../adapters/aws/object-store.ts';
import type { LogRecord } from '../../../core/ports.ts';
import { type Fate, startS3 } from '../../support/s3-server.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const folder = makeFolderPerTest();

const CLIENT = {
  region: 'ap-south-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};

async function openStore(fate: Fate = 'answer') {
  const s3 = await startS3(() => fate);
  const client = new S3Client({ ...CLIENT, endpoint: s3.endpoint });
  return {
    client,
    objects: s3.objects,
    store: objectStore({ client, bucket: 'bucket' }),
    [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose](),
  };
}

async function fileOf(text: string) {
  const file = path.join(folder.path, 'file');
  await writeFile(file, text);
  return [file, createHash('sha256').update(text).digest('hex')] as const;
}

describe('The object store', () => {
  test('stores a file once, with the checksum that S3 verifies', async () => {
    await using s3 = await openStore();
    const [file, sha256] = await fileOf('one day');
    expect(await s3.store.putOnce('depth/day', file, sha256)).toBe('stored');
    const kept = s3.objects.get('/bucket/depth/day');
    expect(kept?.body.toString()).toBe('one day');
    expect(kept?.headers['x-amz-checksum-sha256']).toBe(
      Buffer.from(sha256, 'hex').toString('base64'),
    );
  });

  test('returns same for an equal file, and different without an overwrite for another file', async () => {
    await using s3 = await openStore();
    await s3.store.putOnce('key', ...(await fileOf('one day')));
    expect(await s3.store.putOnce('key', ...(await fileOf('one day')))).toBe('same');
    expect(await s3.store.putOnce('key', ...(await fileOf('another')))).toBe('different');
    expect(s3.objects.get('/bucket/key')?.body.toString()).toBe('one day');
  });

  test('names the action that is not allowed', async () => {
    await using s3 = await openStore('refuse');
    const [file, sha256] = await fileOf('one day');
    await expect(s3.store.putOnce('key', file, sha256)).rejects.toMatchObject({
      code: 'platform.permission',
      message: expect.stringContaining('s3:PutObject') as unknown,
    });
  });

  test('gets a file, and returns false if there is none', async () => {
    await using s3 = await openStore();
    await s3.store.putOnce('key', ...(await fileOf('one day')));
    const copy = path.join(folder.path, 'copy');
    expect(await s3.store.get('key', copy)).toBe(true);
    expect(await readFile(copy, 'utf8')).toBe('one day');
    expect(await s3.store.get('absent', copy)).toBe(false);
  });
});

describe('The object store with a role that may not list', () => {
  test('treats AccessDenied as an absent key, and rejects for another refusal', async () => {
    const copy = path.join(folder.path, 'copy');
    await using denied = await openStore('refuse');
    expect(await denied.store.get('absent', copy)).toBe(false);
    await using skewed = await openStore('skewed');
    await expect(skewed.store.get('there', copy)).rejects.toThrow('s3://bucket/there');
  });

  test('returns no checksum for an object of another program', async () => {
    await using s3 = await openStore();
    const [Bucket, Key] = ['bucket', 'foreign'];
    await s3.client.send(new PutObjectCommand({ Bucket, Key, Body: 'text' }));
    const facts = await objectFacts({ client: s3.client, bucket: Bucket }, Key);
    expect(facts).toEqual({ bytes: 4, sha256: null });
  });
});

describe('meteredEvents', () => {
  test('does not throw if CloudWatch is unreachable, and logs it once', async () => {
    const events: LogRecord[] = [];
    const client = new CloudWatchClient({ ...CLIENT, endpoint: 'http://127.0.0.1:1' });
    const metered = meteredEvents({
      client,
      events: { log: (event) => void events.push(event) },
      dimensions: {},
    });
    metered.measure('SlotsMissed', 3);
    await metered.flush();
    expect(events.map(({ event }) => event)).toEqual(['metrics-lost']);
    await metered.flush();
    expect(events).toHaveLength(1);
  });
});
