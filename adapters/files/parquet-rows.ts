// The rows of a Parquet file of ours, one row group in memory at a time.
import { zstdDecompressSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetScan } from 'hyparquet';
import type { Cell } from '../../core/depth/columns.ts';

export interface ParquetRows {
  readonly columns: readonly string[];
  /** Row groups in their order; cells in the order of `wanted`, null for a column that the file doesn't have. */
  groups(wanted: readonly string[]): AsyncIterable<readonly (readonly Cell[])[]>;
}

/** @throws Error where the file is not a whole Parquet file */
export async function openParquet(file: string): Promise<ParquetRows> {
  const buffer = await asyncBufferFromFile(file);
  const metadata = await parquetMetadataAsync(buffer);
  const columns = metadata.schema.slice(1).map(({ name }) => name);
  return {
    columns,
    async *groups(wanted) {
      const scan = await parquetScan({
        file: buffer,
        metadata,
        compressors: { ZSTD: (input) => zstdDecompressSync(input) },
        parsers: { timestampFromMilliseconds: Number },
      });
      for (const range of scan.ranges) {
        const read: (ArrayLike<unknown> | null)[] = [];
        for (const column of wanted) {
          const has = columns.includes(column);
          read.push(has ? await scan.readColumn({ ...range, column }) : null);
        }
        const count = range.rowEnd - range.rowStart;
        yield Array.from({ length: count }, (_, row) => read.map((data) => cellOf(data?.[row])));
      }
    },
  };
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : Number(value);
}
