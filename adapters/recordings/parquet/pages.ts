// Reads back the pages of one column of one row group. The library parses the pages, but values are
// decoded here, because the library would create an object for each.
import { zstdDecompressSync } from 'node:zlib';
import type { ColumnChunk, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import {
  type GroupColumn,
  scratchMemory,
  type TextColumn,
} from '../../../core/recording/row-group.ts';
import { release } from '../unzip.ts';

type Values = Float64Array | readonly string[];

interface Page {
  readonly values: Values;
  /** The index in `values` of each row that has a value; null if `values` is in row order. */
  readonly indexes: Uint32Array | null;
  /** 1 for each row with a value. */
  readonly levels: Uint8Array;
  /** The unpacked pages; `values` may be a view of one. */
  readonly unpacked: readonly Uint8Array[];
}

/**
 * Whether the output of `writeChunk` decodes to the column, value by value.
 *
 * @param bytes the complete chunk
 * @throws Error if the chunk has a form that `writeChunk` does not write
 */
export function matchesColumn(
  bytes: Uint8Array,
  chunk: ColumnChunk,
  element: SchemaElement,
  column: GroupColumn,
): boolean {
  const page = pageIn(bytes, chunk, element);
  const isSame =
    column instanceof Float64Array
      ? holdsNumbers(page, column)
      : !(page.values instanceof Float64Array) && holdsTexts(page, page.values, column);
  for (const each of page.unpacked) release(each);
  return isSame;
}

// The arrays of this memory are valid until the next page.
const LEVELS = scratchMemory((length) => new Uint8Array(length));
const INDEXES = scratchMemory((length) => new Uint32Array(length));
const NUMBERS = scratchMemory((length) => new Float64Array(length));

function pageIn(bytes: Uint8Array, { meta_data }: ColumnChunk, element: SchemaElement): Page {
  const reader = readerOf(bytes);
  const rows = Number(meta_data?.num_values);
  let dictionary: Values | null = null;
  const all: Uint8Array[] = [];
  for (;;) {
    const header = parquetHeader(reader);
    const begins = reader.offset;
    reader.offset += header.compressed_page_size;
    const body = bytes.subarray(begins, reader.offset);
    if (header.dictionary_page_header !== undefined) {
      const page = unzipped(body, header.uncompressed_page_size);
      all.push(page);
      dictionary = valuesIn(page, element, header.dictionary_page_header.num_values);
      continue;
    }
    const facts = header.data_page_header_v2;
    if (facts?.num_values !== rows) throw new Error('it is not a page of all rows');
    const levelBytes = facts.definition_levels_byte_length;
    const levels = LEVELS(rows).fill(1);
    if (element.repetition_type === 'OPTIONAL') {
      readRleBitPackedHybrid(readerOf(body), 1, levels, levelBytes);
    }
    const size = header.uncompressed_page_size - levelBytes;
    const page = unzipped(body.subarray(levelBytes), size);
    all.push(page);
    const present = rows - facts.num_nulls;
    if (dictionary === null) {
      return { values: valuesIn(page, element, present), indexes: null, levels, unpacked: all };
    }
    const indexes = INDEXES(present);
    const width = page[0] ?? 0;
    readRleBitPackedHybrid(readerOf(page.subarray(1)), width, indexes, page.length - 1);
    return { values: dictionary, indexes, levels, unpacked: all };
  }
}

function holdsNumbers({ values, indexes, levels }: Page, column: Float64Array): boolean {
  if (!(values instanceof Float64Array) || levels.length !== column.length) return false;
  let place = 0;
  for (let row = 0; row < column.length; row += 1) {
    let value = NaN;
    if (levels[row] === 1) {
      value = values[indexes === null ? place : (indexes[place] ?? -1)] ?? NaN;
      place += 1;
    }
    if (!Object.is(value, column[row])) return false;
  }
  return true;
}

function holdsTexts(
  { indexes, levels }: Page,
  values: readonly string[],
  { names, places }: TextColumn,
): boolean {
  if (levels.length !== places.length) return false;
  const known = new Map(names.map((name, at) => [name, at]));
  const inNames = Int32Array.from(values, (value) => known.get(value) ?? -1);
  let place = 0;
  for (let row = 0; row < places.length; row += 1) {
    let name = -1;
    if (levels[row] === 1) {
      name = inNames[indexes === null ? place : (indexes[place] ?? -1)] ?? -1;
      place += 1;
      if (name === -1) return false;
    }
    if (name !== places[row]) return false;
  }
  return true;
}

function valuesIn(page: Uint8Array, { type }: SchemaElement, count: number): Values {
  if (count === 0) return type === 'BYTE_ARRAY' ? [] : new Float64Array();
  if (type === 'BOOLEAN') return flagsIn(page, count);
  const values = readPlain(readerOf(page), type ?? 'BYTE_ARRAY', count, undefined);
  if (values instanceof Float64Array) return values;
  if (values instanceof BigInt64Array) return wholeNumbers(values);
  const texts = new TextDecoder();
  return Array.from(values, (each) => (each instanceof Uint8Array ? texts.decode(each) : ''));
}

function flagsIn(page: Uint8Array, count: number): Float64Array {
  const numbers = NUMBERS(count);
  for (let row = 0; row < count; row += 1) numbers[row] = ((page[row >> 3] ?? 0) >> (row & 7)) & 1;
  return numbers;
}

/** Avoids creating a BigInt for each value. */
function wholeNumbers({ buffer, byteOffset, length }: BigInt64Array): Float64Array {
  const [low, high] = [new Uint32Array(buffer, byteOffset), new Int32Array(buffer, byteOffset)];
  const numbers = NUMBERS(length);
  for (let index = 0; index < length; index += 1) {
    numbers[index] = (high[2 * index + 1] ?? NaN) * 2 ** 32 + (low[2 * index] ?? NaN);
  }
  return numbers;
}

function unzipped(body: Uint8Array, size: number): Uint8Array {
  const page = zstdDecompressSync(body, { chunkSize: size + 64 });
  if (page.length !== size) throw new Error('the length of a page differs from its header');
  return page;
}

function readerOf(bytes: Uint8Array) {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}
