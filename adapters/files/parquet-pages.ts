// The pages of one column of one row group, read back. The library takes them apart; it would make an object of each value
// where it puts them together.
import { zstdDecompressSync } from 'node:zlib';
import type { ColumnChunk, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import type { GroupColumn } from '../../core/depth/row-group.ts';

type Values = Float64Array | readonly string[];

/**
 * What `writeChunk` wrote.
 * @param bytes the whole chunk's
 * @throws Error where it is none of what that writes
 */
export function readChunk(
  bytes: Uint8Array,
  { meta_data }: ColumnChunk,
  element: SchemaElement,
): GroupColumn {
  const reader = readerOf(bytes);
  const rows = Number(meta_data?.num_values);
  let dictionary: Values | null = null;
  for (;;) {
    const header = parquetHeader(reader);
    const begins = reader.offset;
    reader.offset += header.compressed_page_size;
    const body = bytes.subarray(begins, reader.offset);
    if (header.dictionary_page_header !== undefined) {
      const page = unzipped(body, header.uncompressed_page_size);
      dictionary = valuesIn(page, element, header.dictionary_page_header.num_values);
      continue;
    }
    const facts = header.data_page_header_v2;
    if (facts?.num_values !== rows) throw new Error('it is no page of all rows');
    const levelBytes = facts.definition_levels_byte_length;
    const levels = new Uint8Array(rows).fill(1);
    if (element.repetition_type === 'OPTIONAL') {
      readRleBitPackedHybrid(readerOf(body), 1, levels, levelBytes);
    }
    const size = header.uncompressed_page_size - levelBytes;
    const page = unzipped(body.subarray(levelBytes), size);
    const present = rows - facts.num_nulls;
    if (dictionary === null) return spread(valuesIn(page, element, present), null, levels);
    const indexes = new Uint32Array(present);
    const width = page[0] ?? 0;
    readRleBitPackedHybrid(readerOf(page.subarray(1)), width, indexes, page.length - 1);
    return spread(dictionary, indexes, levels);
  }
}

/** @param indexes null: the values are in the order of the rows that have one */
function spread(values: Values, indexes: Uint32Array | null, levels: Uint8Array): GroupColumn {
  const numbers = values instanceof Float64Array ? values : null;
  const column = numbers === null ? new Int32Array(levels.length) : new Float64Array(levels.length);
  let place = 0;
  for (let row = 0; row < levels.length; row += 1) {
    if (levels[row] === 0) {
      column[row] = numbers === null ? -1 : NaN;
      continue;
    }
    const index = indexes === null ? place : (indexes[place] ?? -1);
    column[row] = numbers === null ? index : (numbers[index] ?? NaN);
    place += 1;
  }
  return column instanceof Float64Array
    ? column
    : { names: values instanceof Float64Array ? [] : values, places: column };
}

function valuesIn(page: Uint8Array, { type }: SchemaElement, count: number): Values {
  const values = readPlain(readerOf(page), type ?? 'BYTE_ARRAY', count, undefined);
  if (values instanceof Float64Array) return values;
  if (values instanceof BigInt64Array) return Float64Array.from(values, Number);
  const texts = new TextDecoder();
  return Array.from(values, (each) => (each instanceof Uint8Array ? texts.decode(each) : ''));
}

function unzipped(body: Uint8Array, size: number): Uint8Array {
  const page = zstdDecompressSync(body);
  if (page.length !== size) throw new Error('a page has another length than its header says');
  return page;
}

function readerOf(bytes: Uint8Array) {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}
