// Sorts updates by symbol on disk while a day's frames are decoded: frames mix the symbols, but the
// Parquet file is sorted by symbol. A message is stored once, not once for each of its levels. Each
// symbol has two small buffers; when one is full, both are compressed, column by column, and
// appended. The writes are synchronous, because the process has nothing else to do, and waiting
// messages would take memory.
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { HEADING_WIDTH, UPDATE_WIDTH, type UpdateNumbers } from '../../core/stream/update-rows.ts';
import { release } from './unzip.ts';

/** Of all symbols together. */
const BUFFER_BYTES = 16 * 1024 * 1024;
const MAX_MESSAGES = 1024;
/** The smallest buffer still has room for the levels of a whole book. */
const MIN_MESSAGES = 32;
/** A message changes about three levels. */
const LEVELS_PER_MESSAGE = 4;
const LEVEL_WIDTH = UPDATE_WIDTH - HEADING_WIDTH;
/** The numbers of a heading, and how many levels follow it. */
const MESSAGE_WIDTH = HEADING_WIDTH + 1;
const WRITE_BYTES = 256 * 1024;
/** Level of zstd: these bytes are read once. */
const FAST = 1;

interface Counts {
  readonly messages: number;
  readonly levels: number;
}

/**
 * Place and bytes in the file, messages, levels; plain numbers, because a day of a thousand symbols
 * has 300,000 parts.
 */
const PART_NUMBERS = 4;

/**
 * The `UpdateSpill` of `harvester/ports.ts`.
 *
 * @param symbols approximate number of symbols, which sizes the buffers
 */
export function updateSpill(file: string, symbols: number) {
  const bytesPerMessage = 8 * (MESSAGE_WIDTH + LEVELS_PER_MESSAGE * LEVEL_WIDTH);
  const perSymbol = Math.floor(BUFFER_BYTES / bytesPerMessage / Math.max(1, symbols));
  const maxMessages = Math.min(MAX_MESSAGES, Math.max(MIN_MESSAGES, perSymbol));
  const maxLevels = LEVELS_PER_MESSAGE * maxMessages;
  const bySymbol = new Map<string, Spilled>();
  const out = bufferedFile(file);
  const packed = new Float64Array(MESSAGE_WIDTH * maxMessages + LEVEL_WIDTH * maxLevels);
  const expanded = new Float64Array(HEADING_WIDTH * maxLevels);
  const spilledOf = (symbol: string) => {
    const found = bySymbol.get(symbol);
    if (found !== undefined) return found;
    const waiting = waitingUpdates(maxMessages, maxLevels);
    const made: Spilled = { waiting, parts: [], rows: 0 };
    bySymbol.set(symbol, made);
    return made;
  };
  const flush = ({ waiting, parts }: Spilled): void => {
    const { messages, levels } = waiting.counts;
    const { buffer, byteLength } = waiting.take(packed);
    const compressed = zstdCompressSync(new Uint8Array(buffer, 0, byteLength), {
      params: { [constants.ZSTD_c_compressionLevel]: FAST },
      // Large enough for a single chunk, so that its memory can be released.
      chunkSize: packed.byteLength,
    });
    parts.push(out.append(compressed), compressed.length, messages, levels);
    release(compressed);
  };
  return {
    add(symbol: string, numbers: UpdateNumbers): void {
      const spilled = spilledOf(symbol);
      if (!spilled.waiting.hasRoom(numbers.levels)) flush(spilled);
      spilled.waiting.add(numbers);
      spilled.rows += numbers.levels;
    },
    symbols: (): readonly string[] => [...bySymbol.keys()],
    rows: (symbol: string): number => bySymbol.get(symbol)?.rows ?? 0,
    /** The columns are valid until the next part. */
    *parts(symbol: string): Generator<readonly Float64Array[]> {
      const { waiting, parts = [] } = bySymbol.get(symbol) ?? {};
      for (let at = 0; at < parts.length; at += PART_NUMBERS) {
        const [place = 0, bytes = 0, messages = 0, levels = 0] = parts.slice(at, at + PART_NUMBERS);
        const compressed = out.read(place, bytes);
        const unpacked = zstdDecompressSync(compressed, { chunkSize: packed.byteLength + 64 });
        const { buffer, byteOffset, byteLength } = unpacked;
        const values = new Float64Array(buffer, byteOffset, byteLength / 8);
        yield expand(values, { messages, levels }, expanded);
        release(compressed);
        release(unpacked);
      }
      if (waiting === undefined || waiting.counts.messages === 0) return;
      yield expand(waiting.copyTo(packed), waiting.counts, expanded);
    },
    [Symbol.dispose]() {
      out.remove();
    },
  };
}

interface Spilled {
  readonly waiting: ReturnType<typeof waitingUpdates>;
  /** `PART_NUMBERS` for each part. */
  readonly parts: number[];
  rows: number;
}

/** Keeps the updates of a symbol that are not on disk yet, column by column. */
function waitingUpdates(maxMessages: number, maxLevels: number) {
  const messages = new Float64Array(MESSAGE_WIDTH * maxMessages);
  const levels = new Float64Array(LEVEL_WIDTH * maxLevels);
  const counts = { messages: 0, levels: 0 };
  /** Returns the columns one after the other, in `memory`. */
  const copyTo = (memory: Float64Array): Float64Array => {
    let to = 0;
    const copy = (columns: Float64Array, capacity: number, rows: number): void => {
      for (let from = 0; from < columns.length; from += capacity, to += rows) {
        memory.set(columns.subarray(from, from + rows), to);
      }
    };
    copy(messages, maxMessages, counts.messages);
    copy(levels, maxLevels, counts.levels);
    return memory.subarray(0, to);
  };
  return {
    counts: counts as Counts,
    hasRoom: (more: number): boolean =>
      counts.messages < maxMessages && counts.levels + more <= maxLevels,
    /** @throws RangeError if there is no room */
    add({ heading, cells, levels: count }: UpdateNumbers): void {
      const end = counts.levels + count;
      if (end > maxLevels) throw new RangeError(`a message has ${String(count)} levels`);
      let at = counts.messages;
      for (let n = 0; n < HEADING_WIDTH; n += 1, at += maxMessages)
        messages[at] = heading[n] ?? NaN;
      messages[at] = count;
      for (let from = 0, row = counts.levels; row < end; row += 1) {
        for (let n = 0; n < LEVEL_WIDTH; n += 1, from += 1) {
          levels[row + n * maxLevels] = cells[from] ?? NaN;
        }
      }
      counts.messages += 1;
      counts.levels = end;
    },
    copyTo,
    /** As `copyTo`, and empties the buffers. */
    take(memory: Float64Array): Float64Array {
      const taken = copyTo(memory);
      counts.messages = 0;
      counts.levels = 0;
      return taken;
    },
  };
}

/** Returns columns with one row for each level, repeating the heading of its message. */
function expand(
  packed: Float64Array,
  { messages, levels }: Counts,
  memory: Float64Array,
): readonly Float64Array[] {
  const counts = packed.subarray(HEADING_WIDTH * messages, MESSAGE_WIDTH * messages);
  return Array.from({ length: UPDATE_WIDTH }, (_, index) => {
    const level = index - HEADING_WIDTH;
    if (level >= 0) {
      const from = MESSAGE_WIDTH * messages + level * levels;
      return packed.subarray(from, from + levels);
    }
    const column = memory.subarray(index * levels, (index + 1) * levels);
    for (let message = 0, row = 0; message < messages; message += 1) {
      const value = packed[index * messages + message] ?? NaN;
      for (let left = counts[message] ?? 0; left > 0; left -= 1, row += 1) column[row] = value;
    }
    return column;
  });
}

/** Opens an empty file, replacing an existing one, with a buffer for appends. */
function bufferedFile(file: string) {
  const handle = openSync(file, 'w+');
  const buffer = Buffer.alloc(WRITE_BYTES);
  let [waiting, written] = [0, 0];
  const write = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at, bytes.length - at);
    written += bytes.length;
  };
  const flush = (): void => {
    write(buffer.subarray(0, waiting));
    waiting = 0;
  };
  return {
    /** Returns the place of the bytes. */
    append(bytes: Uint8Array): number {
      if (waiting + bytes.length > buffer.length) flush();
      const place = written + waiting;
      if (bytes.length > buffer.length) write(bytes);
      else {
        buffer.set(bytes, waiting);
        waiting += bytes.length;
      }
      return place;
    },
    read(place: number, length: number): Buffer {
      if (waiting > 0) flush();
      const bytes = Buffer.alloc(length);
      for (let at = 0; at < length;) {
        const count = readSync(handle, bytes, at, length - at, place + at);
        if (count === 0) throw new RangeError(`${file} ends before its last row`);
        at += count;
      }
      return bytes;
    },
    remove(): void {
      closeSync(handle);
      rmSync(file, { force: true });
    },
  };
}
