// The bundled harvester with a stream: the frames that it stores and uploads give its rows again,
// also after it is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { csvLine, rowsOf } from '../../core/recording/columns.ts';
import { type FrameRecord, parseMark } from '../../core/stream/frame-log.ts';
import type { BookUpdate, GapBegin } from '../../core/stream/updates.ts';
import { topicsFor } from '../../core/stream/hsm-topics.ts';
import {
  formatIso,
  type Instant,
  instant,
  istDate,
  istInstant,
  MINUTE,
  parseInstant,
  plus,
  SECOND,
} from '../../core/time.ts';
import { hsmKeyOf } from '../../core/token/jwt.ts';
import { bundleCode } from '../../infra/bundle.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { matchLedger } from '../support/ledger-match.ts';
import { replayFrames } from '../support/replayed-frames.ts';

const CHILD = path.join(import.meta.dirname, '..', '..', 'sandbox', 'steps', 'harvester-child.ts');
const DATE = istDate('2026-11-25');
const STARTS_AT = istInstant(DATE, '15:50');
const CLOSES_AT = istInstant(DATE, '16:00');
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];
const SEED = 'frames';
const APP = {
  ...{ id: 'ABCD1234EF-100', secret: 'XYZ', fyId: 'XA00001', pin: '1234' },
  redirectUri: 'https://trade.fyers.in/api-login/redirect-uri/index.html',
};
const TOKEN = mintToken(SEED, APP, 'access_token', istInstant(DATE, '07:00'));

let folder = '';
let simulator: FyersSimulator;
let s3: S3Server;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-frames-'));
  await writeFile(path.join(folder, '.env'), `FYERS_CLIENT_ID=${APP.id}\n`);
  await writeFile(path.join(folder, 'access_token.txt'), `${TOKEN}\n`);
  await writeFile(path.join(folder, 'harvester.mjs'), (await bundleCode()).harvester);
  const startsAt = STARTS_AT;
  simulator = await startFyers({ seed: SEED, apps: [APP], refresh: 'refused', startsAt });
  s3 = await startS3();
});
afterEach(async () => {
  await simulator.close();
  await s3[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function start(at: Instant, feed: string): { child: ChildProcess; output: () => string } {
  const recording = ['--feed', feed, '--symbols', SYMBOLS.join(), '--every', '5s', '--days', '1'];
  const args = ['--data', path.join(folder, 'data'), ...recording];
  const child = spawn(
    process.execPath,
    [CHILD, 'harvester.mjs', simulator.controlUrl, formatIso(at), ...args],
    {
      cwd: folder,
      env: {
        FYERS_API_URL: simulator.url,
        FYERS_BUCKET: 'bucket',
        AWS_ENDPOINT_URL: s3.endpoint,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
    });
  }
  return { child, output: () => output };
}

async function finish({ child, output }: ReturnType<typeof start>): Promise<void> {
  await once(child, 'close');
  expect(output()).not.toContain('step-failed');
  expect(child.exitCode).toBe(0);
}

async function closedDay() {
  const day = dayFolders(path.join(folder, 'data')).folder(DATE);
  const manifest = await day.manifest();
  if (manifest === null) throw new Error('the day is not closed');
  const records: FrameRecord[] = [];
  for (const { name } of manifest.frames?.files ?? []) {
    records.push(...(await day.frames.read(name)));
  }
  return { day, manifest, records, frames: manifest.frames };
}

/**
 * Makes each row of the day log again from the frames. Returns the number of rows.
 *
 * @param isLost whether a kill took the frames of the slot before they were written
 */
async function expectRowsFromFrames(
  feed: 'tbt' | 'hsm',
  records: readonly FrameRecord[],
  isLost: (slot: Instant) => boolean = () => false,
) {
  const log = await readFile(path.join(folder, 'data', 'days', DATE, 'day-0.v2.csv'), 'utf8');
  const [header = '', ...lines] = log.trim().split('\n');
  const [symbolAt, slotAt] = ['symbol', 'slot'].map((name) => header.split(',').indexOf(name));
  const replayed = replayFrames(records);
  for (const line of lines) {
    const cells = line.split(',');
    const symbol = cells[symbolAt ?? -1] ?? '';
    const slot = parseInstant(cells[slotAt ?? -1] ?? '');
    if (isLost(slot)) continue;
    const fyToken = simulator.state.instrumentOf(symbol, slot)?.fyToken ?? null;
    const topics = topicsFor(symbol, fyToken);
    const found = topics === null ? null : replayed.bookAt(symbol, slot, topics);
    expect(found).not.toBeNull();
    if (found === null) continue;
    const [row] = rowsOf(feed, [{ symbol, slot, sentAt: null, kind: 'book', ...found }]);
    expect(row && csvLine(row)).toBe(line);
  }
  return lines.length;
}

/** Reads the updates of the day from their file. */
async function storedUpdates(): Promise<readonly (BookUpdate | GapBegin)[]> {
  const file = path.join(folder, 'data', 'days', DATE, 'updates.parquet');
  const rows: readonly Record<string, unknown>[] = await parquetReadObjects({
    file: await asyncBufferFromFile(file),
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    parsers: { timestampFromMicroseconds: Number },
  });
  const numberOf = (value: unknown): number | null => (value === null ? null : Number(value));
  return [...Map.groupBy(rows, (row) => `${String(row['symbol'])} ${String(row['update_number'])}`)]
    .map(([, levels]) => levels)
    .map((levels) => {
      const first = levels[0] ?? {};
      return {
        kind: first['side'] === null ? 'gap' : 'update',
        symbol: first['symbol'],
        receivedAt: first['received_at'],
        sequence: numberOf(first['sequence']),
        reason: first['reason'],
        levels: levels.map(({ side, level, price, quantity, orders }) => ({
          ...{ side, level: Number(level), price },
          ...{ quantity: numberOf(quantity), orders: numberOf(orders) },
        })),
      } as unknown as BookUpdate | GapBegin;
    });
}

async function expectNoSecrets(): Promise<void> {
  const place = path.join(folder, 'data', 'days', DATE);
  const { records } = await closedDay();
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
    const ledger = simulator.streams.keepLedger();
    await finish(start(STARTS_AT, feed));
    const { day, manifest, records, frames } = await closedDay();
    expect(manifest).toMatchObject({ unexplained: 0 });
    expect(await expectRowsFromFrames(feed, records)).toBe(manifest.rows);
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
    const updates = await storedUpdates();
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

/** At most so many, and for so long in real time: each start of the harvester takes a while. */
const KILLS = 50;
const KILLING_MS = 60_000;

test('A harvester that is killed many times keeps the frames of all its writes', async () => {
  const ledger = simulator.streams.keepLedger();
  const begun = performance.now();
  const random = randomOf(1);
  let at: Instant = STARTS_AT;
  let kills = 0;
  const deaths: Instant[] = [];
  // The last minutes are recorded without a kill, so that the day is closed.
  while (kills < KILLS && performance.now() - begun < KILLING_MS) {
    const run = start(at, 'tbt');
    const dies = plus(at, 4 * SECOND + Math.floor(random() * 20 * SECOND));
    if (dies > plus(CLOSES_AT, -2 * MINUTE)) {
      run.child.kill('SIGKILL');
      await once(run.child, 'close');
      break;
    }
    while (simulator.now() < dies && run.child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    run.child.kill('SIGKILL');
    await once(run.child, 'close');
    kills += 1;
    deaths.push(instant(simulator.now()));
    at = plus(instant(simulator.now()), SECOND);
    if (at > plus(CLOSES_AT, -2 * MINUTE)) break;
  }
  expect(kills).toBeGreaterThan(2);
  const last = at < plus(CLOSES_AT, -MINUTE) ? at : plus(CLOSES_AT, -MINUTE);
  await finish(start(last, 'tbt'));
  const { manifest, records } = await closedDay();
  expect(manifest).toMatchObject({ unexplained: 0 });
  const lost = deaths.map((to) => {
    const before = records.filter(({ receivedAt }) => receivedAt / 1_000 <= to);
    return { from: (before.at(-1)?.receivedAt ?? 0) / 1_000, to };
  });
  // The clock jumps while a write is on its way, so that "a second" is a few seconds of its time.
  for (const { from, to } of lost) expect(to - from).toBeLessThan(30 * SECOND);
  // The simulated clock stands while a socket connects: frames of the slot's own millisecond may
  // have come after its row.
  const openings = new Set(
    records.flatMap(({ kind, bytes, receivedAt }) =>
      kind === 'mark' && parseMark(bytes)?.mark === 'opened' ? [receivedAt / 1_000] : [],
    ),
  );
  const isLost = (slot: Instant) =>
    openings.has(slot) || lost.some(({ from, to }) => slot >= from && slot <= to);
  expect(await expectRowsFromFrames('tbt', records, isLost)).toBe(manifest.rows);
  // Each update that a kill lost is in a gap. No other is missing.
  const updates = await storedUpdates();
  const { found, inGaps } = matchLedger(
    ledger.filter(({ kind }) => kind === 'tbt'),
    updates,
  );
  expect(found).toBe(updates.filter(({ kind }) => kind === 'update').length);
  expect(inGaps).toBeGreaterThan(0);
  const reasons = updates.flatMap((each) => (each.kind === 'gap' ? [each.reason] : []));
  expect(new Set(reasons)).toEqual(new Set(['stopped', 'closed']));
});

/** Numbers from 0 to 1, the same in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
