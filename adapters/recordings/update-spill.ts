// Keeps rows of updates on disk, by symbol, while a day's frames are decoded: they arrive mixed, and
// the file has them by symbol. Each symbol has a small buffer; a full one is compressed, column by
// column, and appended. The writes are synchronous, because the process has nothing else to do, and
// because waiting rows would take memory.
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { UPDATE_WIDTH } from '../../core/stream/update-rows.ts';

/** Of all symbols together. */
const BUFFER_BYTES = 16 * 1024 * 1024;
const MAX_ROWS = 1024;
const MIN_ROWS = 32;
const WRITE_BYTES = 256 * 1024;
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

interface Spilled {
  /** The rows that are not on disk yet, row by row. */
  readonly buffer: Float64Array;
  /** How many numbers of `buffer` are used. */
  waiting: number;
  rows: number;
  /** Place, length and rows of each part in the file. */
  readonly parts: number[];
}

/**
 * The `UpdateSpill` of `harvester/ports.ts`.
 *
 * @param symbols about so many
 */
export function updateSpill(file: string, symbols: number) {
  const perSymbol = BUFFER_BYTES / (8 * UPDATE_WIDTH * Math.max(1, symbols));
  const capacity = Math.min(MAX_ROWS, Math.max(MIN_ROWS, Math.floor(perSymbol)));
  const bySymbol = new Map<string, Spilled>();
  const out = bufferedFile(file);
  const spilledOf = (symbol: string): Spilled => {
    const found = bySymbol.get(symbol);
    if (found !== undefined) return found;
    const buffer = new Float64Array(UPDATE_WIDTH * capacity);
    const made: Spilled = { buffer, waiting: 0, rows: 0, parts: [] };
    bySymbol.set(symbol, made);
    return made;
  };
  /** Columns compress better than rows, so `flush` writes columns. */
  const columns = new Float64Array(UPDATE_WIDTH * capacity);
  const flush = (spilled: Spilled): void => {
    transpose(spilled.buffer, columns);
    const packed = zstdCompressSync(new Uint8Array(columns.buffer), FAST);
    spilled.parts.push(out.append(packed), packed.length);
    spilled.waiting = 0;
  };
  return {
    /** @param rows row by row */
    add(symbol: string, rows: Float64Array): void {
      const spilled = spilledOf(symbol);
      const { buffer } = spilled;
      spilled.rows += rows.length / UPDATE_WIDTH;
      for (let from = 0; from < rows.length;) {
        const part = rows.subarray(from, from + buffer.length - spilled.waiting);
        buffer.set(part, spilled.waiting);
        spilled.waiting += part.length;
        from += part.length;
        if (spilled.waiting === buffer.length) flush(spilled);
      }
    },
    symbols: (): readonly string[] => [...bySymbol.keys()],
    rows: (symbol: string): number => bySymbol.get(symbol)?.rows ?? 0,
    *parts(symbol: string): Generator<readonly Float64Array[]> {
      const spilled = bySymbol.get(symbol);
      if (spilled === undefined) return;
      const { parts, buffer, waiting } = spilled;
      for (let at = 0; at < parts.length; at += 2) {
        const bytes = zstdDecompressSync(out.read(parts[at] ?? 0, parts[at + 1] ?? 0), {
          chunkSize: buffer.byteLength + 64,
        });
        yield columnsIn(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8));
      }
      if (waiting > 0) {
        const rest = columns.subarray(0, waiting);
        transpose(buffer.subarray(0, waiting), rest);
        yield columnsIn(rest);
      }
    },
    [Symbol.dispose]() {
      out.remove();
    },
  };
}

/** Writes `rows` to `columns`, column by column. */
function transpose(rows: Float64Array, columns: Float64Array): void {
  for (let column = 0, to = 0; column < UPDATE_WIDTH; column += 1) {
    for (let from = column; from < rows.length; from += UPDATE_WIDTH, to += 1) {
      columns[to] = rows[from] ?? NaN;
    }
  }
}

function columnsIn(values: Float64Array): readonly Float64Array[] {
  const rows = values.length / UPDATE_WIDTH;
  return Array.from({ length: UPDATE_WIDTH }, (_, column) =>
    values.subarray(column * rows, (column + 1) * rows),
  );
}

/** Begins with an empty file. */
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
