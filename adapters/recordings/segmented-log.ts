// A log in numbered files: lines go to the last one, and a file that the disk failed is never written again.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { CSV_HEADER, csvLine, type Row, SCHEMA_VERSION } from '../../core/recording/columns.ts';
import { type DayEvent, eventLine, parseEventLine } from '../../core/recording/day-events.ts';
import type { LogEnd } from '../../core/recording/manifest.ts';
import { toError } from '../../core/errors.ts';
import { type AppendFile, openAppendFile } from './append-file.ts';
import { type Disk, diskFault, plainText, refuseLink, THIS_DISK } from './disk.ts';

/** One kind of log. */
export interface LogFormat {
  /** For people, such as "day log". */
  readonly what: string;
  readonly nameOf: (part: number) => string;
  /** Null for the name of anything else. */
  readonly partOf: (name: string) => number | null;
  /** What an earlier harvester of the day, on another machine, had shipped; it is read first. */
  readonly earlier: string;
  /** The first line of each file, with its end; empty for none. */
  readonly header: string;
}

interface PartLog {
  readonly cutBytes: number;
  /** Null: the disk refused to open the log, and nothing was written since. */
  readonly end: () => LogEnd | null;
  /**
   * replaced: the disk failed, and the text is in a new file.
   * @throws FyersError `platform.disk` when that fails too; the next call begins with another file
   */
  append(text: string): Promise<'appended' | 'replaced'>;
  close(): Promise<void>;
}

interface Part {
  readonly part: number;
  readonly file: string;
}

/** The log's own files in the order in which they were begun. */
export async function partsIn(folder: string, names: LogFormat): Promise<readonly Part[]> {
  return (await readdir(folder))
    .flatMap((name) => {
      const part = names.partOf(name);
      return part === null ? [] : [{ part, file: path.join(folder, name) }];
    })
    .sort((a, b) => a.part - b.part);
}

/** Every file of the log as it is read: what was taken over first. Empty where there is no folder. @throws FyersError for a link or a device */
export async function filesOf(folder: string, names: LogFormat): Promise<readonly string[]> {
  const present = await readdir(folder).catch((): string[] => []);
  if (present.length === 0) return [];
  const earlier = present.includes(names.earlier) ? [path.join(folder, names.earlier)] : [];
  const all = [...earlier, ...(await partsIn(folder, names)).map(({ file }) => file)];
  for (const file of all) await refuseLink(file);
  return all;
}

/** Continues the last file of the folder, or begins the first. Where the disk refuses, the first append tries again. */
async function openPartLog(
  folder: string,
  names: LogFormat,
  disk: Disk = THIS_DISK,
): Promise<PartLog> {
  const known = await partsIn(folder, names).catch((): Part[] => []);
  let last = known.at(-1)?.part ?? 0;
  let current = await openPart(path.join(folder, names.nameOf(last)), names, disk).catch(
    () => null,
  );
  let end = current === null ? null : { part: last, bytes: current.bytes() };
  return {
    cutBytes: current?.cutBytes ?? 0,
    end: () => end,
    async append(text) {
      if (current !== null) {
        try {
          await current.append(text);
          end = { part: last, bytes: current.bytes() };
          return 'appended';
        } catch {
          // Closing tells nothing more: what counts was synced.
          await current.close().catch(() => undefined);
          current = null;
        }
      }
      // Not the number of a file that failed: what is left of it may still be there.
      last += 1;
      current = await begin(folder, names, last, text, disk);
      end = { part: last, bytes: current.bytes() };
      return 'replaced';
    },
    async close() {
      await current?.close().catch(() => undefined);
      current = null;
    },
  };
}

async function openPart(
  name: string,
  { header }: LogFormat,
  disk: Disk,
  must: 'be any' | 'be new' = 'be any',
): Promise<AppendFile> {
  const file = await openAppendFile(name, disk, must);
  try {
    if (file.fresh && header !== '') await file.append(header);
    return file;
  } catch (caught) {
    await file.close().catch(() => undefined);
    throw caught;
  }
}

/** A new file with that text in it. What fails is removed: nothing in it counts, and a disk that is full stays clean. */
async function begin(
  folder: string,
  names: LogFormat,
  part: number,
  text: string,
  disk: Disk,
): Promise<AppendFile> {
  const name = path.join(folder, names.nameOf(part));
  let file: AppendFile | null = null;
  try {
    file = await openPart(name, names, disk, 'be new');
    await file.append(text);
    return file;
  } catch (caught) {
    await file?.close().catch(() => undefined);
    if (Reflect.get(toError(caught), 'code') !== 'EEXIST') {
      await disk.rm(name, { force: true }).catch(() => undefined);
    }
    throw diskFault(`The ${names.what} in ${folder}`, folder, caught);
  }
}

// The day's observations as CSV, one append and fdatasync a slot. A disk that fails gets a new file, never a second try.

export interface DayLog extends Omit<PartLog, 'append'> {
  /** replaced: the disk failed and the rows are in a new file. @throws FyersError `platform.disk` when that fails too */
  append(rows: readonly Row[]): Promise<'appended' | 'replaced'>;
}

const PART = new RegExp(`^day-(\\d+)\\.v${String(SCHEMA_VERSION)}\\.csv$`);

export const DAY_LOG: LogFormat = {
  what: 'day log',
  nameOf: (part) => `day-${String(part)}.v${String(SCHEMA_VERSION)}.csv`,
  partOf: (name) => {
    const part = PART.exec(name)?.[1];
    return part === undefined ? null : Number(part);
  },
  earlier: `earlier.v${String(SCHEMA_VERSION)}.csv`,
  header: `${CSV_HEADER}\n`,
};

/** Continues the last file of the folder, or begins the first. */
export async function openDayLog(folder: string, disk?: Disk): Promise<DayLog> {
  const log = await openPartLog(folder, DAY_LOG, disk);
  return { ...log, append: (rows) => log.append(rows.map((row) => `${csvLine(row)}\n`).join('')) };
}

// A day's plan, holes and happenings as JSON lines, in step with its day log.

/** Ten times a day on which every slot of 150 symbols had its own reason. */
const MAX_BYTES = 256 * 1024 * 1024;

interface EventLog extends Omit<PartLog, 'append'> {
  /** @throws FyersError `platform.disk`; what it could not write goes before the next call's lines */
  append(events: readonly DayEvent[]): Promise<void>;
}

const EVENT_PART = /^events(?:\.(\d+))?\.jsonl$/;

export const EVENT_LOG: LogFormat = {
  what: 'event log',
  nameOf: (part) => (part === 0 ? 'events.jsonl' : `events.${String(part)}.jsonl`),
  partOf: (name) => {
    const found = EVENT_PART.exec(name);
    return found === null ? null : Number(found[1] ?? 0);
  },
  earlier: 'earlier.jsonl',
  header: '',
};

export async function openEventLog(folder: string, disk?: Disk): Promise<EventLog> {
  const log = await openPartLog(folder, EVENT_LOG, disk);
  let waiting = '';
  let last: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    if (waiting === '') return;
    await log.append(waiting);
    waiting = '';
  };
  return {
    ...log,
    append: (events) => {
      waiting += events.map((event) => `${eventLine(event)}\n`).join('');
      // One after the other, whoever calls.
      last = last.catch(() => undefined).then(write);
      return last;
    },
    close: async () => {
      // The last chance of what a full disk refused; whatever is lost here the next start explains.
      await last.catch(() => undefined);
      await write().catch(() => undefined);
      await log.close();
    },
  };
}

/** Every readable event of the folder, in order. Lines of a later version are passed over. */
export async function readEventLog(folder: string): Promise<readonly DayEvent[]> {
  const events: DayEvent[] = [];
  for (const file of await filesOf(folder, EVENT_LOG)) {
    const text = (await plainText(file, MAX_BYTES)) ?? '';
    events.push(...text.split('\n').flatMap((line) => parseEventLine(line) ?? []));
  }
  return events;
}
