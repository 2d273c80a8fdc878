// Reads one day's folder after the close, and writes the files that are made from its logs.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { COLUMNS, parseCell, parseCsvLine } from '../../core/recording/columns.ts';
import { UPDATES_FILE } from '../../core/config/names.ts';
import {
  type FileFacts,
  type Manifest,
  manifestProblem,
  parseManifest,
} from '../../core/recording/manifest.ts';
import type { Observed } from '../../core/recording/observed.ts';
import type { RowGroup } from '../../core/recording/row-group.ts';
import { HOUR, istInstant, MINUTE, parseIstDate, SECOND } from '../../core/time.ts';
import { plainText, replaceFile } from './disk.ts';
import { frameSegments } from './frame-segments.ts';
import {
  blocksOf,
  LINE_END,
  linesOf,
  DAY_LOG,
  EVENT_LOG,
  type LogFormat,
  readEventLog,
} from './segmented-log.ts';
import { otherVersionError } from './open-recording.ts';
import { type ParquetColumn, writeParquet } from './parquet/parquet.ts';
import { updateSpill } from './update-spill.ts';

/** `OBJECTS.dayFilePatterns` allows these names in the bucket. */
export const DAY_FILES = {
  parquet: 'depth.parquet',
  updates: UPDATES_FILE,
  dayLog: 'day.log.gz',
  events: 'events.jsonl.gz',
  quarantine: 'quarantine.csv',
  manifest: 'manifest.json',
} as const;

/** A thousand times the size of a day's manifest. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
/** Temporary file of compaction. If compaction was killed, the next one removes it. */
const SPILL = 'updates.rows.partial';
/** Local file with the outcome of the upload. */
const SHIPPED = 'shipped';

export type DayArchive = ReturnType<typeof dayArchive>;

export function dayArchive(folder: string) {
  const pathOf = (name: string): string => path.join(folder, name);
  const facts = (name: string): Promise<FileFacts> => factsOf(pathOf(name), name);
  return {
    pathOf,
    frames: frameSegments(folder),
    updateSpill: (symbols: number) => updateSpill(pathOf(SPILL), symbols),
    events: () => readEventLog(folder),
    rows: () => rowsIn(folder),
    async writeParquet(
      columns: readonly ParquetColumn[],
      groups: AsyncIterable<RowGroup> | Iterable<RowGroup>,
      name: string = DAY_FILES.parquet,
    ): Promise<FileFacts> {
      await writeParquet(pathOf(name), columns, groups);
      return facts(name);
    },
    async zipLogs(): Promise<readonly FileFacts[]> {
      await zip(textOf(folder, DAY_LOG), pathOf(DAY_FILES.dayLog));
      await zip(textOf(folder, EVENT_LOG), pathOf(DAY_FILES.events));
      return [await facts(DAY_FILES.dayLog), await facts(DAY_FILES.events)];
    },
    async quarantine(): Promise<FileFacts> {
      await replaceFile(pathOf(DAY_FILES.quarantine), unreadableIn(folder));
      return facts(DAY_FILES.quarantine);
    },
    async manifest(): Promise<Manifest | null> {
      const text = await plainText(pathOf(DAY_FILES.manifest), MAX_MANIFEST_BYTES);
      try {
        return text === null ? null : parseManifest(text);
      } catch (caught) {
        throw otherVersionError(folder, manifestProblem(caught));
      }
    },
    writeManifest: (manifest: Manifest): Promise<void> =>
      replaceFile(pathOf(DAY_FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`),
    manifestFacts: () => facts(DAY_FILES.manifest),
    shipped: () => plainText(pathOf(SHIPPED), MAX_MANIFEST_BYTES),
    markShipped: (outcome: string): Promise<void> => replaceFile(pathOf(SHIPPED), outcome),
  };
}

/**
 * The lines for which {@link rowsIn} returns null, in blocks: a damaged log may consist mostly of
 * them.
 */
async function* unreadableIn(folder: string): AsyncGenerator<Buffer> {
  for await (const lines of linesOf(folder, DAY_LOG)) {
    const unreadable = lines.filter(({ text, torn }) => torn || parseCsvLine(text) === null);
    yield Buffer.from(unreadable.map(({ text }) => `${text}\n`).join(''));
  }
}

/** The header once, then every line of every part, complete or not. */
async function* textOf(folder: string, names: LogFormat): AsyncGenerator<Buffer> {
  if (names.header !== '') yield Buffer.from(names.header);
  for await (const { bytes, torn } of blocksOf(folder, names)) {
    yield Buffer.concat(torn ? [bytes, Buffer.from('\n')] : [bytes]);
  }
}

/** Blocks of the day log's rows; null for an incomplete row. A row is valid until the next one. */
async function* rowsIn(folder: string): AsyncGenerator<Iterable<Observed | null>> {
  const parse = lineParser();
  for await (const { bytes, torn } of blocksOf(folder, DAY_LOG)) {
    yield torn ? [null] : rowsOf(bytes, parse);
  }
}

function* rowsOf(bytes: Buffer, parse: LineParser): Generator<Observed | null> {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(LINE_END, from);
    if (end > from) yield parse(bytes, from, end);
    from = end + 1;
  }
}

/** Deterministic: Node writes no time into a gzip header. */
async function zip(source: AsyncIterable<Buffer>, file: string) {
  const partial = `${file}.partial`;
  await pipeline(
    source,
    createGzip({ level: 4, chunkSize: 64 * 1024 }),
    createWriteStream(partial, { flush: true }),
  );
  await rename(partial, file);
}

export async function factsOf(file: string, name: string): Promise<FileFacts> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { name, bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}

// Parses lines of the day log from bytes. `columns.ts` defines the meaning of a cell; this parser
// is a faster path for the common forms.

/**
 * Parses a line without its line feed; null for an incomplete row. The row is valid until the next
 * call.
 */
type LineParser = (bytes: Buffer, from: number, to: number) => Observed | null;

const STAMP = '2026-11-25T09:00:00.000+05:30';
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** Number of digits that a double always represents exactly. */
const MAX_DIGITS = 15;
/** Exact powers of ten, so that the quotient is rounded once, as the text's own value is. */
const TENS = Float64Array.from({ length: MAX_DIGITS + 1 }, (_, power) => 10 ** power);

const [TEXT, NUMBER, COUNT, STAMPED] = [0, 1, 2, 3];
const CODES = { text: TEXT, price: NUMBER, count: COUNT, timestamp: STAMPED };
const KINDS = Uint8Array.from(COLUMNS, ({ kind }) => CODES[kind]);

export function lineParser(): LineParser {
  const numbers = new Float64Array(COLUMNS.length).fill(NaN);
  const texts = new Array<string | null>(COLUMNS.length).fill(null);
  const row: Observed = { numbers, texts };
  const clock = clockParser();
  const textOf = textParser();
  const last = COLUMNS.length - 1;

  /** Reads the number at `from` if it has the common form. Returns the end, or -1. */
  const number = (index: number, bytes: Buffer, from: number, to: number): number => {
    const first = bytes[from] === MINUS ? from + 1 : from;
    let value = 0;
    let point = -1;
    let at = first;
    for (; at < to; at += 1) {
      const byte = bytes[at] ?? COMMA;
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) value = value * 10 + digit;
      else if (byte === POINT && point < 0) point = at;
      else break;
    }
    const digits = at - first - (point < 0 ? 0 : 1);
    if (digits === 0 || digits > MAX_DIGITS) return -1;
    if (point >= 0) {
      if (KINDS[index] === COUNT || point === first || point === at - 1) return -1;
      value /= TENS[at - point - 1] ?? NaN;
    }
    numbers[index] = first === from ? value : 0 - value;
    return at;
  };

  /** Reads a timestamp; otherwise the same. */
  const stamp = (index: number, bytes: Buffer, from: number, to: number): number => {
    const at = clock(bytes, from, to);
    numbers[index] = at;
    return Number.isNaN(at) ? -1 : from + STAMP.length;
  };

  /** Reads any other value of the column; otherwise the same. */
  const other = (index: number, bytes: Buffer, from: number, to: number): number => {
    const end = endOf(bytes, from, to);
    const column = COLUMNS[index];
    if (column === undefined) return -1;
    const value = parseCell(column, textOf(bytes, from, end));
    if (value === undefined) return -1;
    numbers[index] = typeof value === 'number' ? value : NaN;
    texts[index] = typeof value === 'string' ? value : null;
    return end;
  };

  return (bytes, from, to) => {
    let at = from;
    for (let index = 0; index <= last; index += 1) {
      if (at > to) return null;
      const kind = KINDS[index];
      let end = -1;
      if (kind === NUMBER || kind === COUNT) end = number(index, bytes, at, to);
      else if (kind === STAMPED) end = stamp(index, bytes, at, to);
      if (end < 0 || (end < to && bytes[end] !== COMMA)) end = other(index, bytes, at, to);
      if (end < 0 || (index === last ? end !== to : end >= to)) return null;
      at = end + 1;
    }
    return row;
  };
}

function endOf(bytes: Buffer, from: number, to: number): number {
  let end = from;
  while (end < to && bytes[end] !== COMMA) end += 1;
  return end;
}

/** Size of the text cache; a power of two. */
const TEXT_CACHE_SIZE = 4096;

/** Reuses texts that were read before: a day has few, and most of them are in every row. */
function textParser(): (bytes: Buffer, from: number, to: number) => string {
  const known = new Array<{ readonly bytes: Buffer; readonly text: string } | undefined>(
    TEXT_CACHE_SIZE,
  );
  return (bytes, from, to) => {
    let hash = 0;
    for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    const place = hash & (TEXT_CACHE_SIZE - 1);
    const before = known[place];
    if (before?.bytes.length === to - from && isSame(before.bytes, bytes, from)) return before.text;
    const text = bytes.toString('utf8', from, to);
    known[place] = { bytes: Buffer.from(bytes.subarray(from, to)), text };
    return text;
  };
}

/**
 * The instant of a stamp such as {@link STAMP}; NaN for any other form. A log has one date, which
 * is parsed once.
 */
function clockParser(): (bytes: Buffer, from: number, to: number) => number {
  const date = Buffer.alloc(10);
  let midnight = NaN;
  return (bytes, from, to) => {
    if (from + STAMP.length > to) return NaN;
    for (const place of FIXED) if (bytes[from + place] !== FORM[place]) return NaN;
    if (!isSame(date, bytes, from)) {
      const found = parseIstDate(bytes.toString('latin1', from, from + date.length));
      if (found === null) return NaN;
      midnight = istInstant(found, '00:00');
      bytes.copy(date, 0, from, from + date.length);
    }
    const hours = digits(bytes, from + 11, 2);
    const minutes = digits(bytes, from + 14, 2);
    const seconds = digits(bytes, from + 17, 2);
    if (hours > 23 || minutes > 59 || seconds > 59) return NaN;
    const ms = digits(bytes, from + 20, 3);
    return midnight + hours * HOUR + minutes * MINUTE + seconds * SECOND + ms;
  };
}

/** Faster than the library's comparison for so few bytes. */
function isSame(before: Buffer, bytes: Buffer, from: number): boolean {
  for (let at = 0; at < before.length; at += 1) if (before[at] !== bytes[from + at]) return false;
  return true;
}

const FORM = Buffer.from(STAMP);
/** Positions of a stamp's fixed characters: separators and India's offset. */
const FIXED = Uint8Array.from(
  [...FORM.keys()].filter((at) => /[T:.]/.test(STAMP.charAt(at)) || at > 22),
);

/** NaN if any byte is not a digit. */
function digits(bytes: Buffer, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
