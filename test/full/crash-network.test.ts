// Tests a broker that refuses connections or stops answering, and a bucket that hangs or is unreachable for hours.
import { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { objectStore } from '../../adapters/aws/object-store.ts';
import { istDate } from '../../core/time.ts';
import { askingFeed } from '../support/asking-feed.ts';
import { depthOf, startDepthServer } from '../support/depth-server.ts';
import { memoryBucket, throwUnreachable } from '../support/memory-bucket.ts';
import { readDay, problemsOf, recordSession } from '../support/recorded-session.ts';
import { type Fate, startS3 } from '../support/s3-server.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const TODAY = istDate('2026-11-25');
const NOWHERE = 'http://127.0.0.1:1';

const folder = makeFolderPerTest();

test('Slots are holes with timeout while the broker does not answer on open connections', async () => {
  // Calls 10 to 19: five slots of two symbols.
  await using server = await startDepthServer(({ symbol, nth }) =>
    nth >= 10 && nth < 20 ? null : depthOf(symbol),
  );
  const { acknowledged } = await recordSession({
    dataDir: folder.path,
    feed: (clock, everySeconds) =>
      askingFeed({ apiUrl: server.url, clock, everySeconds, deadlineMs: 1_000 }),
  });
  const found = await readDay(folder.path, TODAY);
  expect(problemsOf(found, acknowledged)).toEqual([]);
  expect(found.manifest).toMatchObject({ received: 30, holes: { timeout: 10 } });
});

test('All slots are holes with unreachable if the broker refuses connections', async () => {
  const { acknowledged } = await recordSession({
    dataDir: folder.path,
    feed: (clock, everySeconds) => askingFeed({ apiUrl: NOWHERE, clock, everySeconds }),
  });
  const found = await readDay(folder.path, TODAY);
  expect(problemsOf(found, acknowledged)).toEqual([]);
  expect(found.manifest).toMatchObject({ received: 0, holes: { unreachable: 40 } });
});

test('A bucket that hangs costs no slot, and has every row at the end', async () => {
  let fate: Fate = 'hang';
  const hung = Promise.withResolvers<undefined>();
  await using s3 = await startS3(() => {
    hung.resolve(undefined);
    return fate;
  });
  const client = new S3Client({
    region: 'ap-south-1',
    endpoint: s3.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 500, requestTimeout: 500, throwOnRequestTimeout: true },
  });
  const { eventNames, acknowledged } = await recordSession({
    dataDir: folder.path,
    objects: objectStore({ client, bucket: 'bucket' }),
    onSlot: async (index) => {
      if (index === 3) await hung.promise;
      if (index === 19) fate = 'answer';
    },
  });
  const found = await readDay(folder.path, TODAY);
  expect(problemsOf(found, acknowledged)).toEqual([]);
  expect(found.manifest).toMatchObject({ received: 40 });
  expect(eventNames).toContain('step-failed');
  expect(eventNames).toContain('day-shipped');
  expect(s3.lines('day')).toEqual([...acknowledged]);
});

test('A bucket that is unreachable for three hours of seven has every row at the end', async () => {
  const objects = memoryBucket();
  const { eventNames, acknowledged } = await recordSession({
    dataDir: folder.path,
    objects,
    minutes: 420,
    everySeconds: 30,
    onSlot: (index) => {
      if (index === 120) objects.before = throwUnreachable;
      if (index === 480) objects.before = () => undefined;
    },
  });
  const found = await readDay(folder.path, TODAY);
  expect(problemsOf(found, acknowledged)).toEqual([]);
  expect(found.manifest).toMatchObject({ received: 2 * 840, holes: {} });
  expect(eventNames).not.toContain('ship-conflict');
  expect(objects.lines('day')).toEqual([...acknowledged]);
  expect(found.shipped).toBe('shipped');
});
