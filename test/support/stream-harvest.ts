// Runs the bundled harvester as a process that records a stream from the simulator on a virtual clock, and checks its
// recording: rows from frames, updates from the ledger, also after it was killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { expect } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { csvLine, rowsOf } from '../../core/recording/columns.ts';
import { type FrameRecord, parseMark } from '../../core/stream/frame-log.ts';
import { topicsFor } from '../../core/stream/hsm-topics.ts';
import type { BookUpdate, GapBegin } from '../../core/stream/updates.ts';
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
import { bundleCode } from '../../infra/bundle.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP } from '../sandbox/fyers/simulator.ts';
import { matchLedger } from './ledger-match.ts';
import { replayFrames } from './replayed-frames.ts';
import { type S3Server, startS3 } from './s3-server.ts';
import { randomFrom } from './walking-books.ts';

const CHILD = path.join(import.meta.dirname, '..', '..', 'sandbox', 'steps', 'harvester-child.ts');
export const DATE = istDate('2026-11-25');
const CLOSES_AT = istInstant(DATE, '16:00');
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];
const SEED = 'frames';
export const TOKEN = mintToken(SEED, APP, 'access_token', istInstant(DATE, '07:00'));

interface Place {
  readonly folder: string;
  readonly simulator: FyersSimulator;
  readonly s3: S3Server;
}

export type StreamHarvest = Awaited<ReturnType<typeof streamHarvest>>;

/** It records until 16:00. */
export async function streamHarvest(startsAt: Instant) {
  const folder = await mkdtemp(path.join(tmpdir(), 'fyers-frames-'));
  await writeFile(path.join(folder, '.env'), `FYERS_CLIENT_ID=${APP.id}\n`);
  await writeFile(path.join(folder, 'access_token.txt'), `${TOKEN}\n`);
  await writeFile(path.join(folder, 'harvester.mjs'), (await bundleCode()).harvester);
  const simulator = await startFyers({ seed: SEED, apps: [APP], refresh: 'refused', startsAt });
  const s3 = await startS3();
  const place: Place = { folder, simulator, s3 };
  return {
    ...place,
    start: (at: Instant, feed: string) => start(place, at, feed),
    closedDay: () => closedDay(place),
    expectRowsFromFrames: (feed: 'tbt' | 'hsm', records: readonly FrameRecord[]) =>
      expectRowsFromFrames(place, feed, records),
    storedUpdates: () => storedUpdates(place),
    async [Symbol.asyncDispose]() {
      await simulator.close();
      await s3[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

type Run = ReturnType<typeof start>;

function start(
  { folder, simulator, s3 }: Place,
  at: Instant,
  feed: string,
): { child: ChildProcess; output: () => string } {
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

export async function finish({ child, output }: Run): Promise<void> {
  await once(child, 'close');
  expect(output()).not.toContain('step-failed');
  expect(child.exitCode).toBe(0);
}

async function closedDay({ folder }: Place) {
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
  { folder, simulator }: Place,
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
async function storedUpdates({ folder }: Place): Promise<readonly (BookUpdate | GapBegin)[]> {
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
        cells: levels.flatMap(({ side, level, price, quantity, orders }) => [
          side === 'bid' ? 0 : 1,
          ...[level, price, quantity, orders].map((value) => numberOf(value) ?? NaN),
        ]),
      } as unknown as BookUpdate | GapBegin;
    });
}

interface Killing {
  readonly startsAt: Instant;
  readonly kills: number;
  /** Of the simulated clock. */
  readonly longestLife: number;
  /** Real time after which no other one is killed. */
  readonly atMostMs: number;
}

/** Kills one harvester after the other and lets the last one close the day. Returns their deaths. */
export async function killMany(
  harvest: StreamHarvest,
  { startsAt, kills, longestLife, atMostMs }: Killing,
): Promise<readonly Instant[]> {
  const { simulator } = harvest;
  const begun = performance.now();
  const random = randomFrom(1);
  const deaths: Instant[] = [];
  let at = startsAt;
  // The last minutes are recorded without a kill, so that the day is closed.
  while (deaths.length < kills && performance.now() - begun < atMostMs) {
    const dies = plus(at, 4 * SECOND + Math.floor(random() * (longestLife - 4 * SECOND)));
    if (dies > plus(CLOSES_AT, -2 * MINUTE)) break;
    const { child } = harvest.start(at, 'tbt');
    while (simulator.now() < dies && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    child.kill('SIGKILL');
    await once(child, 'close');
    deaths.push(instant(simulator.now()));
    at = plus(instant(simulator.now()), SECOND);
    if (at > plus(CLOSES_AT, -2 * MINUTE)) break;
  }
  const last = at < plus(CLOSES_AT, -MINUTE) ? at : plus(CLOSES_AT, -MINUTE);
  await finish(harvest.start(last, 'tbt'));
  return deaths;
}

/** Each row is one of the frames, and each message is an update or in a gap that a kill explains. */
export async function expectExplained(
  harvest: StreamHarvest,
  ledger: ReturnType<FyersSimulator['streams']['keepLedger']>,
  deaths: readonly Instant[],
): Promise<void> {
  const { manifest, records } = await harvest.closedDay();
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
  expect(await expectRowsFromFrames(harvest, 'tbt', records, isLost)).toBe(manifest.rows);
  // Each update that a kill lost is in a gap. No other is missing.
  const updates = await harvest.storedUpdates();
  const { found, inGaps } = matchLedger(
    ledger.filter(({ kind }) => kind === 'tbt'),
    updates,
  );
  expect(found).toBe(updates.filter(({ kind }) => kind === 'update').length);
  expect(inGaps).toBeGreaterThan(0);
  const reasons = updates.flatMap((each) => (each.kind === 'gap' ? [each.reason] : []));
  expect(new Set(reasons)).toEqual(new Set(['stopped', 'closed']));
}
