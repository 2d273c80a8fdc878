// Runs the bundled harvester with a stream: its rows can be made again from the frames that it stores and uploads, also
// after it is killed.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { istInstant, SECOND } from '../../core/time.ts';
import { hsmKeyOf } from '../../core/token/jwt.ts';
import { matchLedger } from '../support/ledger-match.ts';
import {
  DATE,
  expectExplained,
  finish,
  killMany,
  type StreamHarvest,
  streamHarvest,
  TOKEN,
} from '../support/stream-harvest.ts';

const STARTS_AT = istInstant(DATE, '15:50');

let harvest: StreamHarvest;
beforeEach(async () => {
  harvest = await streamHarvest(STARTS_AT);
});
afterEach(async () => {
  await harvest[Symbol.asyncDispose]();
});

async function expectNoSecrets(): Promise<void> {
  const { folder, s3 } = harvest;
  const place = path.join(folder, 'data', 'days', DATE);
  const { records } = await harvest.closedDay();
  const contents = [
    ...records.map(({ bytes }) => Buffer.from(bytes)),
    ...[...s3.objects.values()].map(({ body }) => body),
  ];
  for (const entry of await readdir(place, { withFileTypes: true })) {
    if (entry.isFile()) contents.push(await readFile(path.join(place, entry.name)));
  }
  const key = hsmKeyOf(TOKEN) ?? '';
  expect(key).not.toBe('');
  for (const secret of [TOKEN, key]) {
    expect(contents.some((content) => content.includes(secret))).toBe(false);
  }
}

describe.each(['tbt', 'hsm'] as const)('The frames of a session with feed %s', (feed) => {
  test('give its rows again, are in the bucket, and contain no secret', async () => {
    const { simulator, s3, start } = harvest;
    const ledger = simulator.streams.keepLedger();
    await finish(start(STARTS_AT, feed));
    const { day, manifest, records, frames } = await harvest.closedDay();
    expect(manifest).toMatchObject({ unexplained: 0 });
    expect(await harvest.expectRowsFromFrames(feed, records)).toBe(manifest.rows);
    expect(manifest.rows).toBeGreaterThan(230);
    expect(frames).toMatchObject({ badFrames: 0, lostFrames: 0 });
    expect(frames?.frames).toBe(records.filter(({ kind }) => kind === 'frame').length);
    const names = ['hsm', ...(feed === 'tbt' ? ['tbt 1'] : [])];
    expect(frames?.sockets.map(({ name }) => name).toSorted()).toEqual(names);
    const stored = new Map(
      [...s3.objects].map(([key, { body }]) => [decodeURIComponent(key), body] as const),
    );
    for (const { name } of frames?.files ?? []) {
      const body = stored.get(`/bucket/depth/v2/date=${DATE}/shard=0/frames/${name}`);
      expect(body?.equals(await readFile(day.pathOf(name)))).toBe(true);
    }
    const ofFeed = ledger.filter(({ kind }) => kind === feed);
    const updates = await harvest.storedUpdates();
    const { found, inGaps } = matchLedger(ofFeed, updates);
    expect(found).toBe(updates.filter(({ kind }) => kind === 'update').length);
    expect(manifest.updates).toMatchObject({ updates: found });
    // What the server sends while the last connection ends.
    expect(inGaps).toBeLessThan(ofFeed.length / 20);
    expect(found).toBeGreaterThan(400);
    const key = `/bucket/depth/v2/date=${DATE}/shard=0/updates/updates.parquet`;
    expect(stored.get(key)?.equals(await readFile(day.pathOf('updates.parquet')))).toBe(true);
    expect(frames?.files.length).toBeGreaterThan(8);
    expect((await readdir(day.pathOf('.'))).filter((name) => name.endsWith('.raw'))).toEqual([]);
    await expectNoSecrets();
  });
});

test('A harvester that is killed many times keeps the frames of all its writes', async () => {
  const ledger = harvest.simulator.streams.keepLedger();
  // Each start of the harvester takes a while; `stream-kills.test.ts` has more of them.
  const atMostMs = 30_000;
  const deaths = await killMany(harvest, {
    ...{ startsAt: STARTS_AT, kills: 50, longestLife: 24 * SECOND, atMostMs },
  });
  expect(deaths.length).toBeGreaterThan(2);
  await expectExplained(harvest, ledger, deaths);
});
