// Appends a day's logs to numbered files, and reads them. There are two logs: the day log (observations as CSV, one
// append and fdatasync a slot) and the event log (plan, holes and notes as JSON lines). Lines are appended to the last
// file. After a failed write a file is never written again: the lines go to a new file with the next number. An event
// line that could not be written is written before the next ones. Readers read the files in order, after the file that
// was taken over from another machine.
import { readdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { CSV_HEADER, csvLine, type Row, SCHEMA_VERSION } from '../../core/recording/columns.ts';
import { type DayEvent, eventLine, parseEventLine } from '../../core/recording/day-events.ts';
import type { LogEnd } from '../../core/recording/manifest.ts';
import { errnoOf } from '../../core/errors.ts';
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
  /** Null if the disk refused to open the log and nothing has been written since. */
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
          // Ignore the error: all acknowledged lines were synced.
          await current.close().catch(() => undefined);
          current = null;
        }
      }
      // Skip the number of a failed file, which may still exist.
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
 * Creates a file with this text. If that fails, removes the file, because nothing in it is acknowledged and it would
 * take space on a full disk.
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
    if (errnoOf(caught) !== 'EEXIST') {
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

interface LogLine {
  readonly text: string;
  /** The file ends within this line, so its last value may be truncated and still be valid. */
  readonly torn: boolean;
}

/** Complete lines of a log, or the bytes after the last one. */
interface LogBlock {
  /** Valid until the next block. */
  readonly bytes: Buffer;
  readonly torn: boolean;
}

const BLOCK = 256 * 1024;
const MAX_LINE_BYTES = 8 * 1024 * 1024;
export const LINE_END = 0x0a;

/** The content of every file without headers, in blocks of 256 KiB or one longer line. */
export async function* blocksOf(folder: string, names: LogFormat): AsyncGenerator<LogBlock> {
  for (const file of await filesOf(folder, names)) yield* blocksIn(file, Buffer.from(names.header));
}

async function* blocksIn(file: string, header: Buffer): AsyncGenerator<LogBlock> {
  const handle = await open(file);
  try {
    let buffer = Buffer.allocUnsafe(BLOCK);
    let held = 0;
    for (;;) {
      // A line longer than a block. If it is much longer, it is not a line of the log: a crash may
      // leave zeros.
      if (held >= MAX_LINE_BYTES) {
        yield { bytes: buffer.subarray(0, held), torn: true };
        held = 0;
      } else if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
      const { bytesRead } = await handle.read(buffer, held, buffer.length - held);
      const filled = held + bytesRead;
      const end = bytesRead === 0 ? filled : buffer.lastIndexOf(LINE_END, filled - 1) + 1;
      for (const bytes of bytesBetweenHeaders(header, buffer.subarray(0, end))) {
        if (bytes.length > 0) yield { bytes, torn: bytesRead === 0 };
      }
      if (bytesRead === 0) return;
      buffer.copy(buffer, 0, end, filled);
      held = filled - end;
    }
  } finally {
    await handle.close();
  }
}

/** The bytes between the headers: each segment of a log that was taken over has its own header. */
function* bytesBetweenHeaders(header: Buffer, bytes: Buffer): Generator<Buffer> {
  let from = 0;
  if (header.length > 0) {
    for (let at; (at = bytes.indexOf(header, from)) >= 0; from = at + header.length) {
      yield bytes.subarray(from, at);
    }
  }
  yield bytes.subarray(from);
}

/** Every line of every file without headers, in blocks. */
export async function* linesOf(
  folder: string,
  names: LogFormat,
): AsyncGenerator<readonly LogLine[]> {
  for await (const { bytes, torn } of blocksOf(folder, names)) {
    const lines = bytes.toString().split('\n');
    yield lines.filter((text) => text !== '').map((text) => ({ text, torn }));
  }
}

interface Stretch {
  readonly text: Buffer;
  /** End of the stretch: `to`, or less if the limit was reached. */
  readonly to: LogEnd;
}

/** The bytes of the log's own files between two ends, in complete lines. */
export async function stretchOf(
  folder: string,
  names: LogFormat,
  { from, to, most }: { readonly from: LogEnd; readonly to: LogEnd; readonly most: number },
): Promise<Stretch> {
  const blocks: Buffer[] = [];
  let room = most;
  for (const { part, file } of await partsIn(folder, names)) {
    if (part < from.part || part > to.part) continue;
    const start = part === from.part ? from.bytes : 0;
    const end = part === to.part ? to.bytes : (await stat(file)).size;
    const block = await bytesOf(file, start, Math.min(end, start + room));
    const full = start + block.length < end;
    const whole = full ? block.subarray(0, block.lastIndexOf('\n') + 1) : block;
    blocks.push(whole);
    if (full) return { text: Buffer.concat(blocks), to: { part, bytes: start + whole.length } };
    // A file with a failed write may end within a line.
    if (part !== to.part && !whole.toString().endsWith('\n')) blocks.push(Buffer.from('\n'));
    room -= whole.length;
  }
  return { text: Buffer.concat(blocks), to };
}

async function bytesOf(file: string, start: number, end: number): Promise<Buffer> {
  const block = Buffer.alloc(Math.max(0, end - start));
  const handle = await open(file);
  try {
    const { bytesRead } = await handle.read(block, 0, block.length, start);
    return block.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
