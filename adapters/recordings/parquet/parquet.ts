// Writes rows as Parquet with zstd, and reads them back: a file counts as written only after its
// values have been compared.
import { hash } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { type ColumnChunk, parquetMetadataAsync } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { readPlain } from 'hyparquet/src/plain.js';
import { ByteWriter, ParquetWriter, type SchemaElement, fileWriter } from 'hyparquet-writer';
import type { Column } from '../../../core/recording/columns.ts';
import {
  type GroupColumn,
  type RowGroup,
  scratchMemory,
  type TextColumn,
} from '../../../core/recording/row-group.ts';
import { FyersError, toError } from '../../../core/errors.ts';
import { release } from '../unzip.ts';
import { writeChunk } from './chunk.ts';

export type ParquetColumn = Pick<Column, 'name' | 'nullable'> & {
  readonly kind: keyof typeof ELEMENTS;
};

const ELEMENTS = {
  timestamp: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  /** An instant in microseconds. */
  precise: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  price: { type: 'DOUBLE' },
  count: { type: 'INT64' },
  /** 1 is true. */
  flag: { type: 'BOOLEAN' },
} as const satisfies Record<string, Omit<SchemaElement, 'name'>>;

/** Initial size of the buffer, which grows to the largest chunk. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Writes `file` completely or not at all. One item of `groups` is one row group.
 *
 * @throws FyersError `platform.integrity` if the values read differ from the values written
 */
export async function writeParquet(
  file: string,
  columns: readonly ParquetColumn[],
  groups: AsyncIterable<RowGroup> | Iterable<RowGroup>,
): Promise<void> {
  const partial = `${file}.partial`;
  const schema = schemaOf(columns);
  const parquet = new ParquetWriter({
    writer: fileWriter(partial),
    schema,
    codec: 'ZSTD',
    createdBy: 'fyers-token-refresh',
  });
  const digests: Digests[] = [];
  // Reuse one buffer for all chunks: a day has thousands, and their garbage would exceed the heap.
  const chunks = new ByteWriter(CHUNK_BYTES);
  for await (const group of groups) digests.push(await writeGroup(parquet, group, partial, chunks));
  await parquet.finish();
  try {
    await verifyFooter(partial, parquet, digests);
  } catch (caught) {
    throw readBackError(partial, toError(caught));
  }
  const handle = await open(partial, 'r+');
  await handle.sync();
  await handle.close();
  await rename(partial, file);
}

/** Digests of a row group's columns, made once each column has been read back and compared. */
type Digests = readonly string[];

/**
 * Yields to the event loop between columns, so that other work, such as the compression of a log,
 * can continue.
 */
async function writeGroup(
  parquet: ParquetWriter,
  group: RowGroup,
  file: string,
  chunkWriter: ByteWriter,
): Promise<Digests> {
  const { writer, schema, row_groups } = parquet;
  const begins = writer.offset;
  const columns: ColumnChunk[] = [];
  const digests: string[] = [];
  for (const [index, element] of schema.slice(1).entries()) {
    const column = group.column(index);
    chunkWriter.index = 0;
    chunkWriter.offset = writer.offset;
    const chunk = writeChunk(chunkWriter, element, column);
    const bytes = chunkWriter.getBytes();
    try {
      if (!matchesColumn(bytes, chunk, element, column))
        throw new Error(`column ${element.name} differs`);
    } catch (caught) {
      throw readBackError(file, toError(caught));
    }
    writer.appendBytes(bytes);
    columns.push(chunk);
    digests.push(digestOf(bytes));
    await nextTurn();
  }
  const bytes = columns.map(({ meta_data }) => meta_data?.total_uncompressed_size ?? 0n);
  const num_rows = BigInt(group.rows);
  row_groups.push({
    columns,
    num_rows,
    total_byte_size: bytes.reduce((sum, each) => sum + each, 0n),
    total_compressed_size: BigInt(writer.offset - begins),
  });
  parquet.num_rows += num_rows;
  return digests;
}

function schemaOf(columns: readonly ParquetColumn[]): SchemaElement[] {
  return [
    { name: 'depth', num_children: columns.length },
    ...columns.map(({ name, kind, nullable }) => ({
      name,
      repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
      ...ELEMENTS[kind],
    })),
  ];
}

/** Checks that the file's footer leads to the columns that were written. */
async function verifyFooter(
  file: string,
  written: Form,
  digests: readonly Digests[],
): Promise<void> {
  await using handle = await open(file);
  const metadata = await parquetMetadataAsync(bufferOf(handle, (await handle.stat()).size));
  if (formOf(metadata) !== formOf(written)) {
    throw new Error('its schema or its number of rows differs');
  }
  for (const [index, { columns }] of metadata.row_groups.entries()) {
    const chunks = await chunksOf(handle, columns);
    for (const [place, digest] of (digests[index] ?? []).entries()) {
      if (digestOf(chunks[place] ?? new Uint8Array()) === digest) continue;
      throw new Error(`column ${written.schema[place + 1]?.name ?? ''} differs`);
    }
  }
}

/** The columns of a row group must be contiguous. */
async function chunksOf(
  handle: FileHandle,
  columns: readonly ColumnChunk[],
): Promise<readonly Uint8Array[]> {
  const spans = columns.map(({ meta_data }) => ({
    from: Number(meta_data?.dictionary_page_offset ?? meta_data?.data_page_offset),
    bytes: Number(meta_data?.total_compressed_size),
  }));
  const begins = spans[0]?.from ?? 0;
  const length = spans.reduce((sum, { bytes }) => sum + bytes, 0);
  const all = await bytesFrom(handle, begins, length);
  return spans.map(({ from, bytes }) => all.subarray(from - begins, from - begins + bytes));
}

async function bytesFrom(handle: FileHandle, from: number, length: number) {
  const bytes = new Uint8Array(length);
  await handle.read(bytes, 0, length, from);
  return bytes;
}

function bufferOf(handle: FileHandle, byteLength: number) {
  return {
    byteLength,
    slice: async (from: number, to = byteLength) =>
      (await bytesFrom(handle, from, to - from)).buffer,
  };
}

/** The metadata that readers need to interpret the bytes. */
type Form = Pick<ParquetWriter, 'schema' | 'row_groups'>;

function formOf({ schema, row_groups }: Form): string {
  const rows = row_groups.map(({ num_rows }) => Number(num_rows));
  const columns = schema.map(({ name, type, converted_type, repetition_type }) => ({
    name,
    type,
    converted_type,
    repetition_type,
  }));
  return JSON.stringify({ columns, rows });
}

function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64');
}

function readBackError(file: string, cause: Error): FyersError {
  return new FyersError(
    'platform.integrity',
    `${file} differs from the data that was written to it: ${cause.message}.`,
    'Nothing was deleted: keep the day log and check the disk. `./fyers logs harvester` shows whether the next try succeeds.',
    { cause },
  );
}

// Reading back the pages of one column of one row group: the library parses the pages, but values are
// decoded here, because the library would create an object for each.

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
