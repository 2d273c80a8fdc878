// Manages the harvester's data folder: one folder a day with its logs, and after the close the
// files made from them.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, mkdir, realpath, rm } from 'node:fs/promises';
import { type Server, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as z from 'zod/mini';
import { errnoOf, FyersError, toError } from '../../core/errors.ts';
import type { Row } from '../../core/recording/columns.ts';
import type { DayEvent } from '../../core/recording/day-events.ts';
import {
  type FileFacts,
  type LogEnds,
  parseUploadState,
  type UploadSegment,
  segmentNames,
  type UploadState,
} from '../../core/recording/manifest.ts';
import { referenceCsvFileName, referenceCsvLine } from '../../core/recording/csv-files.ts';
import { formatIso, type IstDate, parseInstant, parseIstDate } from '../../core/time.ts';
import type { Strikes } from '../fyers/rate-guard.ts';
import { dayArchive, type DayArchive } from './day-archive.ts';
import { type Disk, replaceFile, THIS_DISK } from './disk.ts';
import { frameSegments } from './frame-segments.ts';
import {
  stretchOf,
  DAY_LOG,
  type DayLog,
  EVENT_LOG,
  type LogFormat,
  openDayLog,
  openEventLog,
} from './segmented-log.ts';
import { appendReferenceCsv } from './reference-csv.ts';
import { unzipSegment } from './unzip.ts';

interface OpenDay {
  readonly cutBytes: number;
  /** Where both logs end on disk; null if the disk has refused a write to one of them. */
  readonly ends: () => LogEnds | null;
  append: DayLog['append'];
  record(events: readonly DayEvent[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * `DIR/days/YYYY-MM-DD/` for each day, and `DIR/strikes.json`. One process at a time: see
 * {@link lockFolder}.
 *
 * @param onReferenceCsvFailed if given, each row also goes to `DIR/market_depth_YYYY-MM-DD.csv` in the
 * reference implementation's form; called if that fails
 */
export function dayFolders(
  dataDir: string,
  disk: Disk = THIS_DISK,
  onReferenceCsvFailed: ((problem: Error) => void) | null = null,
) {
  const root = path.join(dataDir, 'days');
  const folder = (date: IstDate): DayArchive => dayArchive(path.join(root, date));
  const dates = async (): Promise<readonly IstDate[]> =>
    (await namesIn(root)).flatMap((name) => parseIstDate(name) ?? []).sort();
  const diskUsedPercent = async (): Promise<number> => {
    const { blocks, bavail } = await disk.space(dataDir);
    return Math.round(1000 * (1 - bavail / blocks)) / 10;
  };
  return {
    open: async (date: IstDate): Promise<OpenDay> => {
      const day = await openDay(path.join(root, date), disk);
      const file = path.join(dataDir, referenceCsvFileName(date));
      return onReferenceCsvFailed === null
        ? day
        : withReferenceCsv(day, file, onReferenceCsvFailed);
    },
    folder,
    uploads: (date: IstDate) =>
      dayUploads(path.join(root, date), path.join(dataDir, 'fetched', date), disk),
    frames: (date: IstDate) => frameSegments(path.join(root, date), disk),
    dates,
    diskUsedPercent,
    async putAside(date: IstDate): Promise<string> {
      let name = `${date}.empty`;
      for (let n = 2; existsSync(path.join(root, name)); n += 1)
        name = `${date}.empty-${String(n)}`;
      await disk.rename(path.join(root, date), path.join(root, name));
      return path.join(root, name);
    },
    async makeRoom(maxUsedPercent: number): Promise<readonly IstDate[]> {
      const removed: IstDate[] = [];
      for (const date of await dates()) {
        if ((await diskUsedPercent()) <= maxUsedPercent) break;
        if ((await folder(date).shipped()) !== 'shipped') continue;
        await disk.rm(path.join(root, date), { recursive: true });
        removed.push(date);
      }
      return removed;
    },
  };
}

async function openDay(folder: string, disk: Disk): Promise<OpenDay> {
  const events = await openEventLog(folder, disk);
  const log = await openDayLog(folder, disk);
  return {
    cutBytes: events.cutBytes + log.cutBytes,
    ends: () => {
      const ends = { rows: log.end(), events: events.end() };
      return ends.rows === null || ends.events === null
        ? null
        : { rows: ends.rows, events: ends.events };
    },
    append: async (rows: readonly Row[]) => {
      // Pending lines of the event log go first: rows without a plan could not be read.
      await events.append([]);
      return log.append(rows);
    },
    record: (lines) => events.append(lines),
    close: async () => {
      await log.close();
      await events.close();
    },
  };
}

/** If the reference CSV, which is only a copy, cannot be written, the day log is still written. */
function withReferenceCsv(day: OpenDay, file: string, onFailed: (problem: Error) => void): OpenDay {
  return {
    ...day,
    async append(rows) {
      const outcome = await day.append(rows);
      const lines = rows.flatMap((row) => referenceCsvLine(row) ?? []);
      if (lines.length === 0) return outcome;
      await appendReferenceCsv(file, lines).catch((caught: unknown) => {
        onFailed(toError(caught));
      });
      return outcome;
    },
  };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

/** An earlier release wrote a plain number. */
const strikesOfDay = z.union([z.number(), z.object({ count: z.number(), until: z.string() })]);

/**
 * Stores rate-limit strikes by date, next to the days: they outlive the process, as the broker's
 * count does.
 *
 * @param onFailure called if the strikes are not on disk; the process keeps them in memory
 */
export function strikeFile(
  dataDir: string,
  onFailure: (problem: string) => void,
  disk: Disk = THIS_DISK,
) {
  const file = path.join(dataDir, 'strikes.json');
  return {
    async read(date: IstDate): Promise<Strikes | number> {
      try {
        const kept: unknown = JSON.parse(await readFile(file, 'utf8'));
        const strikes = strikesOfDay.parse(Reflect.get(Object(kept), date));
        return typeof strikes === 'number'
          ? strikes
          : { count: strikes.count, until: parseInstant(strikes.until) };
      } catch {
        return 0;
      }
    },
    async write(date: IstDate, { count, until }: Strikes): Promise<void> {
      try {
        const kept = { [date]: { count, until: formatIso(until) } };
        await replaceFile(file, JSON.stringify(kept), disk);
      } catch (caught) {
        onFailure(toError(caught).message);
      }
    },
  };
}

// Makes the segments of a day from this machine's logs, and fetches those of a day that another machine started.

const STATE = 'pieces.json';
/**
 * Limit of log text in one segment: after hours without the bucket, the backlog is uploaded in
 * several segments.
 */
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;

/**
 * @param folder the day's folder
 * @param fetched folder for fetched segments until all have been fetched
 */
function dayUploads(folder: string, fetched: string, disk: Disk) {
  const pathOf = (name: string): string => path.join(folder, name);
  const writeGzip = async (name: string, text: Buffer): Promise<FileFacts> => {
    const bytes = await promisify(gzip)(text);
    await replaceFile(pathOf(name), bytes, disk);
    return {
      name,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
  };
  const save = (state: UploadState): Promise<void> =>
    replaceFile(pathOf(STATE), `${JSON.stringify(state)}\n`, disk);
  return {
    pathOf,
    state: async (): Promise<UploadState | null> => {
      const text = await readFile(pathOf(STATE), 'utf8').catch(() => null);
      return text === null ? null : parseUploadState(text);
    },
    save,
    async cut({ next, from }: UploadState, to: LogEnds): Promise<UploadSegment | null> {
      const names = segmentNames(next);
      const range = (log: 'rows' | 'events') => ({
        from: from[log],
        to: to[log],
        most: MAX_SEGMENT_BYTES,
      });
      const rows = await stretchOf(folder, DAY_LOG, range('rows'));
      const events = await stretchOf(folder, EVENT_LOG, range('events'));
      if (rows.text.length + events.text.length === 0) return null;
      const files = [await writeGzip(names.events, events.text)];
      // A day's first segment already has the header, because every file of the log starts with
      // one.
      const header = Buffer.from(rows.text.indexOf(DAY_LOG.header) === 0 ? '' : DAY_LOG.header);
      if (rows.text.length > 0) {
        files.push(await writeGzip(names.rows, Buffer.concat([header, rows.text])));
      }
      return { to: { rows: rows.to, events: events.to }, files };
    },
    async remove({ files }: UploadSegment): Promise<void> {
      for (const { name } of files) await disk.rm(pathOf(name), { force: true });
    },
    async placeFor(name: string): Promise<string> {
      await disk.mkdir(fetched, { recursive: true });
      return path.join(fetched, name);
    },
    async takeOver(names: {
      readonly rows: readonly string[];
      readonly events: readonly string[];
    }) {
      await disk.mkdir(folder, { recursive: true });
      const join = async (log: LogFormat, segments: readonly string[]): Promise<void> => {
        if (segments.length === 0) return;
        await replaceFile(pathOf(log.earlier), unzipSegments(fetched, segments), disk);
      };
      await join(DAY_LOG, names.rows);
      await join(EVENT_LOG, names.events);
    },
    forgetFetched: (): Promise<void> => disk.rm(fetched, { recursive: true, force: true }),
  };
}

/** Unzips one segment at a time: a whole day would be large for a small machine. */
async function* unzipSegments(folder: string, names: readonly string[]): AsyncGenerator<Buffer> {
  for (const name of names) yield unzipSegment(await readFile(path.join(folder, name)));
}

/**
 * Locks the folder for one harvester with a listening local socket, which the kernel frees when its process ends.
 *
 * @throws FyersError `operator.usage` if another process holds the folder
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  const address = addressOf(await realpath(folder));
  const server = (await listen(address)) ?? (await replaceStaleSocket(address));
  if (server === null) throw lockedFolderError(folder);
  server.unref();
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}

/**
 * Linux has sockets without a file; elsewhere the socket's file is in the folder for temporary
 * files.
 */
function addressOf(folder: string): string {
  const name = `fyers-harvester-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\${name}`
    : path.join(tmpdir(), `${name}.sock`);
}

/** Null if the address is in use. */
function listen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if (errnoOf(error) === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(address, () => {
      resolve(server);
    });
  });
}

async function replaceStaleSocket(address: string): Promise<Server | null> {
  if (address.startsWith('\0') || (await isAnswered(address))) return null;
  await rm(address, { force: true });
  return listen(address);
}

function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      resolve(errnoOf(error) !== 'ECONNREFUSED');
    });
  });
}

function lockedFolderError(folder: string): FyersError {
  return new FyersError(
    'operator.usage',
    `Another harvester is recording into ${folder}.`,
    'Stop it first, or give this one another folder: `./fyers harvest --data DIR`.',
  );
}
