// Rows to Parquet, zstd, and back: nothing counts as written before it has been read and compared.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { open, rename } from 'node:fs/promises';
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan } from 'hyparquet';
import { ParquetWriter, type SchemaElement, fileWriter } from 'hyparquet-writer';
import type { Cell, Column } from '../../core/depth/columns.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { type ColumnSum, columnSum } from './column-sum.ts';

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
  groups: AsyncIterable<readonly (readonly Cell[])[]>,
): Promise<void> {
  const partial = `${file}.partial`;
  const writer = new ParquetWriter({
    writer: fileWriter(partial),
    schema: schemaOf(columns),
    codec: 'ZSTD',
    compressors: { ZSTD: compress },
    createdBy: 'fyers-token-refresh',
  });
  const sums = columns.map(columnSum);
  let rows = 0;
  for await (const group of groups) {
    rows += group.length;
    await writer.write({
      columnData: columns.map((column, index) => ({
        name: column.name,
        data: columnOf(group, index, column, sums),
      })),
      rowGroupSize: Math.max(group.length, 1),
    });
  }
  await writer.finish();
  try {
    await compare(partial, columns, rows, sums);
  } catch (caught) {
    throw damaged(partial, toError(caught));
  }
  const handle = await open(partial, 'r+');
  await handle.sync();
  await handle.close();
  await rename(partial, file);
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

function columnOf(
  group: readonly (readonly Cell[])[],
  index: number,
  { kind }: ParquetColumn,
  sums: readonly ColumnSum[],
): unknown[] {
  return group.map((cells) => {
    const cell = cells[index] ?? null;
    sums[index]?.add(cell);
    return typeof cell === 'number' && (kind === 'timestamp' || kind === 'count')
      ? BigInt(cell)
      : cell;
  });
}

async function compare(
  file: string,
  columns: readonly ParquetColumn[],
  rows: number,
  written: readonly ColumnSum[],
): Promise<void> {
  const buffer = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(buffer);
  const scan = await parquetScan({
    file: buffer,
    metadata,
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    parsers: { timestampFromMilliseconds: Number },
  });
  if (Number(metadata.num_rows) !== rows) throw new Error('the number of rows differs');
  for (const [index, { name }] of columns.entries()) {
    const read = columnSum();
    for (const range of scan.ranges) {
      for (const value of await scan.readColumn({ ...range, column: name })) {
        read.add(cellOf(value));
      }
    }
    if (read.total() !== written[index]?.total()) throw new Error(`column ${name} differs`);
  }
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : Number(value);
}

function compress(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
}

function damaged(file: string, cause: Error): FyersError {
  return new FyersError(
    'platform.integrity',
    `${file} does not read as it was written: ${cause.message}.`,
    'Nothing was deleted: keep the day log beside it and check the disk. `npx --no-install fyers logs harvester` shows whether the next try succeeds.',
    { cause },
  );
}
