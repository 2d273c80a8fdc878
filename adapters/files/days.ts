// The harvester's folder: one folder a day with its logs, and after the close what is made from them.
import { readFile, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { compatFileName, compatLine } from '../../core/depth/compat.ts';
import type { Row } from '../../core/depth/row.ts';
import type { DayEvent } from '../../core/depth/day-events.ts';
import { toError } from '../../core/errors.ts';
import { type IstDate, parseIstDate } from '../../core/time.ts';
import { appendCompat } from './compat-file.ts';
import { type DayArchive, dayArchive } from './day-archive.ts';
import { type DayLog, openDayLog } from './day-log.ts';
import { openEventLog } from './event-log.ts';

export interface OpenDay {
  readonly cutBytes: number;
  append: DayLog['append'];
  record(events: readonly DayEvent[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * `DIR/days/YYYY-MM-DD/` for each day, and `DIR/strikes.json`. One process at a time: see `harvest-lock.ts`.
 * @param onCompatFailed given: each row also goes to `DIR/market_depth_YYYY-MM-DD.csv`, the reference's form; told when that fails
 */
export function dayFolders(
  dataDir: string,
  onCompatFailed: ((problem: Error) => void) | null = null,
) {
  const root = path.join(dataDir, 'days');
  const folder = (date: IstDate): DayArchive => dayArchive(path.join(root, date));
  const dates = async (): Promise<readonly IstDate[]> =>
    (await namesIn(root)).flatMap((name) => parseIstDate(name) ?? []).sort();
  const diskUsedPercent = async (): Promise<number> => {
    const { blocks, bavail } = await statfs(dataDir);
    return Math.round(1000 * (1 - bavail / blocks)) / 10;
  };
  return {
    open: async (date: IstDate): Promise<OpenDay> => {
      const day = await openDay(path.join(root, date));
      const file = path.join(dataDir, compatFileName(date));
      return onCompatFailed === null ? day : withCompat(day, file, onCompatFailed);
    },
    folder,
    dates,
    diskUsedPercent,
    async makeRoom(maxUsedPercent: number): Promise<readonly IstDate[]> {
      const removed: IstDate[] = [];
      for (const date of await dates()) {
        if ((await diskUsedPercent()) <= maxUsedPercent) break;
        if ((await folder(date).shipped()) !== 'shipped') continue;
        await rm(path.join(root, date), { recursive: true });
        removed.push(date);
      }
      return removed;
    },
  };
}

async function openDay(folder: string): Promise<OpenDay> {
  const events = await openEventLog(folder);
  const log = await openDayLog(folder).catch(async (caught: unknown) => {
    await events.close();
    throw caught;
  });
  return {
    cutBytes: events.cutBytes + log.cutBytes,
    append: (rows: readonly Row[]) => log.append(rows),
    record: (lines) => events.append(lines),
    close: async () => {
      await log.close();
      await events.close();
    },
  };
}

/** The reference's file is a copy for its readers: when it cannot be written, the day log still is. */
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

/** Rate-limit strikes by date, beside the days: they outlive the process, as the broker's count does. */
export function strikeFile(dataDir: string) {
  const file = path.join(dataDir, 'strikes.json');
  return {
    async read(date: IstDate): Promise<number> {
      try {
        const kept: unknown = JSON.parse(await readFile(file, 'utf8'));
        const strikes: unknown = Reflect.get(Object(kept), date);
        return typeof strikes === 'number' ? strikes : 0;
      } catch {
        return 0;
      }
    },
    write: (date: IstDate, strikes: number): Promise<void> =>
      writeFile(file, JSON.stringify({ [date]: strikes }), { flush: true }),
  };
}
