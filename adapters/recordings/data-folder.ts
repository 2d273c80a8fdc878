// Manages the harvester's data folder: one folder a day with its logs, and after the close the
// files made from them.
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod/mini';
import { compatFileName, compatLine } from '../../core/recording/reference-csv.ts';
import type { Row } from '../../core/recording/columns.ts';
import type { DayEvent } from '../../core/recording/day-events.ts';
import type { LogEnds } from '../../core/recording/manifest.ts';
import { toError } from '../../core/errors.ts';
import { type IstDate, formatIso, parseInstant, parseIstDate } from '../../core/time.ts';
import type { Strikes } from '../fyers/rate-guard.ts';
import { appendCompat } from './reference-csv.ts';
import { type DayArchive, dayArchive } from './day-archive.ts';
import { type DayLog, openDayLog, openEventLog } from './segmented-log.ts';
import { frameSegments } from './frame-segments.ts';
import { dayPieces } from './segments.ts';
import { type Disk, THIS_DISK, replaceFile } from './disk.ts';

export interface OpenDay {
  readonly cutBytes: number;
  /** Where both logs end on disk; null if the disk has refused a write to one of them. */
  readonly ends: () => LogEnds | null;
  append: DayLog['append'];
  record(events: readonly DayEvent[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * `DIR/days/YYYY-MM-DD/` for each day, and `DIR/strikes.json`. One process at a time: see
 * `folder-lock.ts`.
 *
 * @param onCompatFailed if given, each row also goes to `DIR/market_depth_YYYY-MM-DD.csv` in the
 * reference implementation's form; called if that fails
 */
export function dayFolders(
  dataDir: string,
  disk: Disk = THIS_DISK,
  onCompatFailed: ((problem: Error) => void) | null = null,
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
      const file = path.join(dataDir, compatFileName(date));
      return onCompatFailed === null ? day : withCompat(day, file, onCompatFailed);
    },
    folder,
    pieces: (date: IstDate) =>
      dayPieces(path.join(root, date), path.join(dataDir, 'fetched', date), disk),
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

/** The reference CSV is a copy for its readers: if it cannot be written, the day log still is. */
function withCompat(day: OpenDay, file: string, onFailed: (problem: Error) => void): OpenDay {
  return {
    ...day,
    async append(rows) {
      const outcome = await day.append(rows);
      const lines = rows.flatMap((row) => compatLine(row) ?? []);
      if (lines.length === 0) return outcome;
      await appendCompat(file, lines).catch((caught: unknown) => {
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

/** A plain number is the form of an earlier release. */
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
