// Rows to Parquet, zstd, and back: nothing counts as written before it has been read and compared.
import { type FileHandle, open, rename } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ColumnChunk, parquetMetadataAsync } from 'hyparquet';
import { ParquetWriter, type SchemaElement, fileWriter } from 'hyparquet-writer';
import type { Column } from '../../core/depth/columns.ts';
import type { RowGroup } from '../../core/depth/row-group.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { type ColumnSum, columnSum } from './column-sum.ts';
import { writeChunk } from './parquet-chunk.ts';
import { readChunk } from './parquet-pages.ts';

export type ParquetColumn = Pick<Column, 'name' | 'kind' | 'nullable'>;

const ELEMENTS = {
  timestamp: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  price: { type: 'DOUBLE' },
  count: { type: 'INT64' },
} as const satisfies Record<Column['kind'], Omit<SchemaElement, 'name'>>;

/**
 * Writes `file` whole or not at all. One item of `groups` is one row group.
 * @throws FyersError `platform.integrity` when the file does not read as it was written
 */
export async function writeParquet(
  file: string,
  columns: readonly ParquetColumn[],
  groups: AsyncIterable<RowGroup>,
): Promise<void> {
  const partial = `${file}.partial`;
  const schema = schemaOf(columns);
  const parquet = new ParquetWriter({
    writer: fileWriter(partial),
    schema,
    codec: 'ZSTD',
    createdBy: 'fyers-token-refresh',
  });
  const sums = columns.map(columnSum);
  for await (const group of groups) await writeGroup(parquet, group, sums);
  await parquet.finish();
  try {
    await compare(partial, columns, Number(parquet.num_rows), sums);
  } catch (caught) {
    throw damaged(partial, toError(caught));
  }
  const handle = await open(partial, 'r+');
  await handle.sync();
  await handle.close();
  await rename(partial, file);
}

/** Turns between columns let whatever else goes on, such as the compression of a log, go on. */
async function writeGroup(
  parquet: ParquetWriter,
  group: RowGroup,
  sums: readonly ColumnSum[],
): Promise<void> {
  const { writer, schema, row_groups } = parquet;
  const begins = writer.offset;
  const columns: ColumnChunk[] = [];
  for (const [index, element] of schema.slice(1).entries()) {
    const column = group.column(index);
    sums[index]?.add(column);
    columns.push(writeChunk(writer, element, column));
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

async function compare(
  file: string,
  columns: readonly ParquetColumn[],
  rows: number,
  written: readonly ColumnSum[],
): Promise<void> {
  await using handle = await open(file);
  const metadata = await parquetMetadataAsync(bufferOf(handle, (await handle.stat()).size));
  if (Number(metadata.num_rows) !== rows) throw new Error('the number of rows differs');
  for (const [index, { name }] of columns.entries()) {
    const element = metadata.schema[index + 1];
    const read = columnSum();
    for (const group of metadata.row_groups) {
      const chunk = group.columns[index];
      if (element === undefined || chunk === undefined)
        throw new Error(`column ${name} is missing`);
      const bytes = await chunkBytes(handle, chunk);
      read.add(readChunk(bytes, chunk, element));
    }
    if (read.total() !== written[index]?.total()) throw new Error(`column ${name} differs`);
  }
}

async function chunkBytes(handle: FileHandle, { meta_data }: ColumnChunk): Promise<Uint8Array> {
  const from = meta_data?.dictionary_page_offset ?? meta_data?.data_page_offset;
  return bytesFrom(handle, Number(from), Number(meta_data?.total_compressed_size));
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

function damaged(file: string, cause: Error): FyersError {
  return new FyersError(
    'platform.integrity',
    `${file} does not read as it was written: ${cause.message}.`,
    'Nothing was deleted: keep the day log beside it and check the disk. `npx --no-install fyers logs harvester` shows whether the next try succeeds.',
    { cause },
  );
}
