// Encodes one column of one row group for Parquet. The library writes headers, run lengths and the
// file's footer. Values are encoded here from arrays of numbers, because the library would create
// an object for each. A column is dictionary-encoded if that halves its bytes.
import { constants, zstdCompressSync } from 'node:zlib';
import type { ColumnChunk, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import {
  type GroupColumn,
  scratchMemory,
  type TextColumn,
} from '../../../core/recording/row-group.ts';
import { release } from '../unzip.ts';

/** Receives a file's bytes. */
type Writer = Parameters<typeof writePageHeader>[0];
type Header = Parameters<typeof writePageHeader>[1];
type Values = Float64Array | readonly string[];

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
const MIN_CHUNK_BYTES = 1024;

/**
 * Appends a column of DOUBLE, INT64, BOOLEAN or BYTE_ARRAY: one data page, after a dictionary if that saves
 * space.
 *
 * @throws RangeError for a missing value in a column that requires one
 */
export function writeChunk(
  writer: Writer,
  element: SchemaElement,
  column: GroupColumn,
): ColumnChunk {
  const { name, type, repetition_type } = element;
  if (type === undefined) throw new RangeError(`column ${name} has no type`);
  const rows = column instanceof Float64Array ? column.length : column.places.length;
  const encoded = encode(column, type);
  const nulls = rows - encoded.present;
  const required = repetition_type === 'REQUIRED';
  if (required && nulls > 0) throw new RangeError(`column ${name} lacks ${String(nulls)} values`);
  const page = pagesTo(writer);
  const begins = writer.offset;
  if (encoded.dictionary !== null) {
    const num_values = encoded.dictionary.length;
    page(new Uint8Array(), encodePlain(encoded.dictionary, type), {
      type: 'DICTIONARY_PAGE',
      dictionary_page_header: { num_values, encoding: 'PLAIN' },
    });
  }
  const dataBegins = writer.offset;
  const levels = required ? new Uint8Array() : levelsOf(column, rows, nulls);
  const bytes = page(levels, encoded.body, {
    type: 'DATA_PAGE_V2',
    data_page_header_v2: {
      num_values: rows,
      num_nulls: nulls,
      num_rows: rows,
      encoding: encoded.dictionary === null ? 'PLAIN' : 'RLE_DICTIONARY',
      definition_levels_byte_length: levels.length,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    },
  });
  return {
    file_offset: BigInt(begins),
    meta_data: {
      type,
      encodings: encoded.dictionary === null ? ['PLAIN'] : ['PLAIN', 'RLE_DICTIONARY'],
      path_in_schema: [name],
      codec: 'ZSTD',
      num_values: BigInt(rows),
      total_uncompressed_size: BigInt(bytes),
      total_compressed_size: BigInt(writer.offset - begins),
      data_page_offset: BigInt(dataBegins),
      ...(encoded.dictionary === null ? {} : { dictionary_page_offset: BigInt(begins) }),
      statistics: { null_count: BigInt(nulls), ...encoded.bounds },
    },
  };
}

/** Appends a page and returns the uncompressed size of all pages so far, including headers. */
function pagesTo(writer: Writer) {
  let total = 0;
  return (
    levels: Uint8Array,
    body: Uint8Array,
    header: Omit<Header, 'uncompressed_page_size' | 'compressed_page_size'>,
  ): number => {
    // Large enough for a single chunk, so that its memory can be released.
    const chunkSize = Math.max(MIN_CHUNK_BYTES, body.length);
    const compressed = zstdCompressSync(body, { ...LEVEL, chunkSize });
    const begins = writer.offset;
    writePageHeader(writer, {
      ...header,
      uncompressed_page_size: levels.length + body.length,
      compressed_page_size: levels.length + compressed.length,
    });
    total += writer.offset - begins + levels.length + body.length;
    writer.appendBytes(levels);
    writer.appendBytes(compressed);
    release(compressed);
    return total;
  };
}

interface Encoded {
  /** Number of rows with a value. */
  readonly present: number;
  /** Null: the body has the values themselves and no indexes. */
  readonly dictionary: Values | null;
  readonly body: Uint8Array;
  readonly bounds: Pick<
    NonNullable<NonNullable<ColumnChunk['meta_data']>['statistics']>,
    'min_value' | 'max_value'
  >;
}

function encode(column: GroupColumn, type: SchemaElement['type']): Encoded {
  if (!(column instanceof Float64Array)) {
    const { values, indexes } = textDictionary(column);
    return {
      present: indexes.length,
      dictionary: values,
      body: encodeIndexed(indexes, values.length),
      bounds: textBounds(values),
    };
  }
  const numbers = presentIn(column);
  // Parquet has no dictionary of flags, which take a bit each.
  const dictionary = type === 'BOOLEAN' ? null : numberDictionary(numbers);
  const values = dictionary?.values ?? numbers;
  return {
    present: numbers.length,
    dictionary: dictionary?.values ?? null,
    body:
      dictionary === null
        ? encodePlain(numbers, type)
        : encodeIndexed(dictionary.indexes, values.length),
    bounds: numberBounds(values, type),
  };
}

// The arrays of this memory are valid until the next column.
const PRESENT = scratchMemory((length) => new Float64Array(length));
const LEVELS = scratchMemory((length) => new Uint8Array(length));
const HALVES = scratchMemory((length) => new Uint32Array(length));
const TEXT_INDEXES = scratchMemory((length) => new Uint32Array(length));
const LEVEL_BYTES = new ByteWriter();
const INDEX_BYTES = new ByteWriter();

function presentIn(column: Float64Array): Float64Array {
  let present = 0;
  for (let row = 0; row < column.length; row += 1) if (!Number.isNaN(column[row])) present += 1;
  if (present === column.length) return column;
  const values = PRESENT(present);
  for (let row = 0, place = 0; row < column.length; row += 1) {
    const value = column[row] ?? NaN;
    if (Number.isNaN(value)) continue;
    values[place] = value;
    place += 1;
  }
  return values;
}

/** Definition levels: 1 for each row with a value. */
function levelsOf(column: GroupColumn, rows: number, nulls: number): Uint8Array {
  if (nulls === 0 || nulls === rows) return encodeRepeatedLevel(nulls === 0 ? 1 : 0, rows);
  const levels = LEVELS(rows).fill(1);
  for (let row = 0; row < rows; row += 1) {
    const missing =
      column instanceof Float64Array ? Number.isNaN(column[row]) : column.places[row] === -1;
    if (missing) levels[row] = 0;
  }
  LEVEL_BYTES.index = 0;
  return encodeHybrid(LEVEL_BYTES, levels, 1);
}

function encodeIndexed(indexes: Uint32Array, values: number): Uint8Array {
  const width = bitWidth(values);
  INDEX_BYTES.index = 0;
  INDEX_BYTES.appendUint8(width);
  return encodeHybrid(INDEX_BYTES, indexes, width);
}

/**
 * The output of `hybrid` for one repeated level, without a loop over the rows: most columns have no
 * nulls in a row group.
 */
function encodeRepeatedLevel(level: 0 | 1, rows: number): Uint8Array {
  const bytes = new ByteWriter(8);
  if (rows > 0) {
    bytes.appendVarInt(rows << 1);
    bytes.appendUint8(level);
  }
  return bytes.getBytes();
}

/** Parquet's mix of run-length and bit-packed encoding. */
function encodeHybrid(
  bytes: ByteWriter,
  values: Uint8Array | Uint32Array,
  width: number,
): Uint8Array {
  writeRleBitPackedHybrid(bytes, values, width);
  return bytes.getBytes();
}

/** Little-endian, as are all machines that Node supports. */
function encodePlain(values: Values, type: SchemaElement['type']): Uint8Array {
  if (!(values instanceof Float64Array)) return Buffer.concat(values.flatMap(withLength));
  if (type === 'DOUBLE') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (type === 'BOOLEAN') return encodeFlags(values);
  const halves = HALVES(2 * values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? NaN;
    halves[2 * index] = value;
    halves[2 * index + 1] = Math.floor(value / 2 ** 32);
  }
  return new Uint8Array(halves.buffer, 0, halves.byteLength);
}

function encodeFlags(values: Float64Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 8));
  for (let row = 0; row < values.length; row += 1) {
    if (values[row] === 1) bytes[row >> 3] = (bytes[row >> 3] ?? 0) | (1 << (row & 7));
  }
  return bytes;
}

function withLength(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return [length, bytes];
}

/**
 * Encodes into arrays of their own, because bounds are kept until the file is finished: a small Buffer of each row
 * group would keep 64 KiB of Node's pool.
 */
function textBounds(texts: readonly string[]): Encoded['bounds'] {
  const encoder = new TextEncoder();
  const all = texts.map((text) => encoder.encode(text)).sort((a, b) => Buffer.compare(a, b));
  const [min_value, max_value] = [all[0], all.at(-1)];
  return min_value === undefined || max_value === undefined ? {} : { min_value, max_value };
}

function numberBounds(numbers: Float64Array, type: SchemaElement['type']): Encoded['bounds'] {
  if (numbers.length === 0) return {};
  let [min, max] = [Infinity, -Infinity];
  for (let at = 0; at < numbers.length; at += 1) {
    const value = numbers[at] ?? NaN;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (type === 'INT64') return { min_value: BigInt(min), max_value: BigInt(max) };
  if (type === 'BOOLEAN') return { min_value: min === 1, max_value: max === 1 };
  // Readers of bounds may treat the two signs of zero as different.
  return { min_value: min === 0 ? -0 : min, max_value: max === 0 ? 0 : max };
}

interface Dictionary<Values> {
  readonly values: Values;
  /** The index in `values` of each row that has a value. */
  readonly indexes: Uint32Array;
}

/** Reused between columns, to reduce garbage collection. */
let buffers = createBuffers(0);

function createBuffers(rows: number) {
  const most = Math.floor(rows / 2);
  const table = new Uint32Array(2 ** (bitWidth(most) + 1));
  return { table, values: new Float64Array(most), indexes: new Uint32Array(rows) };
}

/**
 * Null if it would not halve the bytes. The result is valid until the next call.
 * @param numbers without NaN
 */
function numberDictionary(numbers: Float64Array): Dictionary<Float64Array> | null {
  const most = Math.floor(numbers.length / 2);
  if (most === 0) return null;
  if (buffers.indexes.length < numbers.length) buffers = createBuffers(numbers.length);
  const bits = bitWidth(most) + 1;
  /** Hash table with open addressing. An entry is an index of `values` plus one. */
  const table = buffers.table.subarray(0, 2 ** bits).fill(0);
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length);
  const { values, indexes } = buffers;
  let count = 0;
  let last = NaN;
  let place = 0;
  for (let row = 0; row < numbers.length; row += 1) {
    const number = numbers[row] ?? NaN;
    // The rows of one message repeat most of its values.
    if (Object.is(number, last)) {
      indexes[row] = place - 1;
      continue;
    }
    last = number;
    let at = hashOf(words[2 * row] ?? 0, words[2 * row + 1] ?? 0) >>> (32 - bits);
    place = table[at] ?? 0;
    while (place > 0 && !Object.is(values[place - 1], number)) {
      at = (at + 1) & (table.length - 1);
      place = table[at] ?? 0;
    }
    if (place === 0) {
      if (count === most) return null;
      values[count] = number;
      count += 1;
      place = count;
      table[at] = place;
    }
    indexes[row] = place - 1;
  }
  const indexBytes = (numbers.length * bitWidth(count)) / 8;
  return 2 * (8 * count + indexBytes) > 8 * numbers.length
    ? null
    : { values: values.subarray(0, count), indexes: indexes.subarray(0, numbers.length) };
}

/** The texts in the order of their first rows. */
function textDictionary({ names, places }: TextColumn): Dictionary<readonly string[]> {
  const values: string[] = [];
  const found = new Int32Array(names.length).fill(-1);
  const indexes = TEXT_INDEXES(places.length);
  let count = 0;
  for (let row = 0; row < places.length; row += 1) {
    const place = places[row] ?? -1;
    const name = names[place];
    if (name === undefined) continue;
    if (found[place] === -1) found[place] = values.push(name) - 1;
    indexes[count] = found[place] ?? 0;
    count += 1;
  }
  return { values, indexes: indexes.subarray(0, count) };
}

/** Number of bits that every index fits into. */
function bitWidth(values: number): number {
  return Math.ceil(Math.log2(Math.max(1, values)));
}

/** Mixes both halves of a double: whole numbers differ only in the upper one, fractions in both. */
function hashOf(low: number, high: number): number {
  return Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
}
