// Appends a day's logs to numbered files. There are two logs: the day log (observations as CSV, one
// append and fdatasync a slot) and the event log (plan, holes and notes as JSON lines). Lines go to
// the last file. If the disk fails a file, it is never written again: the lines go to a new file
// with the next number. An event line that could not be written goes before the next ones. Readers
// read the files in order, after the file that was taken over from another machine.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { CSV_HEADER, csvLine, type Row, SCHEMA_VERSION } from '../../core/recording/columns.ts';
import { type DayEvent, eventLine, parseEventLine } from '../../core/recording/day-events.ts';
import type { LogEnd } from '../../core/recording/manifest.ts';
import { toError } from '../../core/errors.ts';
import {
  type AppendFile,
  openAppendFile,
  type Disk,
  diskFault,
  plainText,
  refuseLink,
  THIS_DISK,
} from './disk.ts';

/** The format of one kind of log. */
export interface LogFormat {
  /** For people, such as "day log". */
  readonly what: string;
  readonly nameOf: (part: number) => string;
  /** Null for the name of any other file. */
  readonly partOf: (name: string) => number | null;
  /** The part that an earlier harvester on another machine uploaded; it is read first. */
  readonly earlier: string;
  /** The first line of each file, with its line feed; empty for none. */
  readonly header: string;
}

interface PartLog {
  readonly cutBytes: number;
  /** Null: the disk refused to open the log, and nothing was written since. */
  readonly end: () => LogEnd | null;
  /**
   * replaced: the disk failed, and the text is in a new file.
   *
   * @throws FyersError `platform.disk` if that fails too; the next call starts another file
   */
  append(text: string): Promise<'appended' | 'replaced'>;
  close(): Promise<void>;
}

interface Part {
  readonly part: number;
  readonly file: string;
}

/** The log's own files, oldest first. */
export async function partsIn(folder: string, names: LogFormat): Promise<readonly Part[]> {
  return (await readdir(folder))
    .flatMap((name) => {
      const part = names.partOf(name);
      return part === null ? [] : [{ part, file: path.join(folder, name) }];
    })
    .sort((a, b) => a.part - b.part);
}

/**
 * Every file of the log in reading order, the taken-over file first. Empty if there is no folder.
 * @throws FyersError for a link or a device
 */
export async function filesOf(folder: string, names: LogFormat): Promise<readonly string[]> {
  const present = await readdir(folder).catch((): string[] => []);
  if (present.length === 0) return [];
  const earlier = present.includes(names.earlier) ? [path.join(folder, names.earlier)] : [];
  const all = [...earlier, ...(await partsIn(folder, names)).map(({ file }) => file)];
  for (const file of all) await refuseLink(file);
  return all;
}

/**
 * Continues the last file of the folder, or starts the first. If the disk refuses, the first append
 * tries again.
 */
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
          // An error of the close is irrelevant: everything that counts was synced.
          await current.close().catch(() => undefined);
          current = null;
        }
      }
      // Skip the number of a failed file: its remains may still be there.
      last += 1;
      current = await createPart(folder, names, last, text, disk);
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

/**
 * Creates a file with this text. A failed file is removed: nothing in it counts, and a full disk
 * gets no leftovers.
 */
async function createPart(
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

export interface DayLog extends Omit<PartLog, 'append'> {
  /**
   * replaced: the disk failed, and the rows are in a new file.
   * @throws FyersError `platform.disk` if that fails too
   */
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

/** Continues the last file of the folder, or starts the first. */
export async function openDayLog(folder: string, disk?: Disk): Promise<DayLog> {
  const log = await openPartLog(folder, DAY_LOG, disk);
  return { ...log, append: (rows) => log.append(rows.map((row) => `${csvLine(row)}\n`).join('')) };
}

/** Ten times the size of a day on which every slot of 150 symbols had a different reason. */
const MAX_BYTES = 256 * 1024 * 1024;

interface EventLog extends Omit<PartLog, 'append'> {
  /**
   * @throws FyersError `platform.disk`; lines that it could not write go before the next call's
   * lines
   */
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
      // Writes run one after the other, even if callers overlap.
      last = last.catch(() => undefined).then(write);
      return last;
    },
    close: async () => {
      // Last attempt for lines that a full disk refused; if it fails, the next start explains the
      // missing slots.
      await last.catch(() => undefined);
      await write().catch(() => undefined);
      await log.close();
    },
  };
}

/** Every readable event of the folder, in order. Lines of a later version are skipped. */
export async function readEventLog(folder: string): Promise<readonly DayEvent[]> {
  const events: DayEvent[] = [];
  for (const file of await filesOf(folder, EVENT_LOG)) {
    const text = (await plainText(file, MAX_BYTES)) ?? '';
    events.push(...text.split('\n').flatMap((line) => parseEventLine(line) ?? []));
  }
  return events;
}
