// Reads the rows of a Parquet file, one row group in memory at a time.
import { zstdDecompressSync } from 'node:zlib';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetScan,
} from 'hyparquet';
import type { Cell } from '../../../core/recording/columns.ts';

export interface ParquetRows {
  readonly columns: readonly string[];
  /** Columns that have a value in every row. */
  readonly required: ReadonlySet<string>;
  /**
   * Row groups in order; cells in the order of `wanted`, null for a column that the file does not
   * have.
   */
  groups(wanted: readonly string[]): AsyncIterable<readonly (readonly Cell[])[]>;
}

/** Size of the footer: a day has about 20 kB. */
const MAX_METADATA_BYTES = 16 * 1024 * 1024;
/** The default group size of other writers; our groups have 20,000 rows. */
const MAX_GROUP_ROWS = 1024 * 1024;
/** Unpacked size of a column of such a group, with its dictionary. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
/** Length of the footer's size field and `PAR1` at the end of the file. */
const TAIL_BYTES = 8;

/**
 * @throws Error if the file is not a complete Parquet file, or would need more memory than a
 * recording does
 */
export async function openParquet(file: string): Promise<ParquetRows> {
  const buffer = await asyncBufferFromFile(file);
  await refuseLongFooter(buffer);
  const metadata = await parquetMetadataAsync(buffer);
  for (const { num_rows } of metadata.row_groups) {
    if (num_rows < 0 || num_rows > MAX_GROUP_ROWS) {
      throw new Error(
        `a row group has ${String(num_rows)} rows, and at most ${String(MAX_GROUP_ROWS)} are read`,
      );
    }
  }
  const columns = metadata.schema.slice(1).map(({ name }) => name);
  const required = metadata.schema.filter((each) => each.repetition_type === 'REQUIRED');
  return {
    columns,
    required: new Set(required.map(({ name }) => name)),
    async *groups(wanted) {
      const scan = await parquetScan({
        file: buffer,
        metadata,
        compressors: {
          ZSTD: (input) => zstdDecompressSync(input, { maxOutputLength: MAX_PAGE_BYTES }),
        },
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

/**
 * The number of rows that a file's footer has.
 *
 * @throws Error if the file is not a complete Parquet file
 */
export async function countParquetRows(file: string): Promise<number> {
  const buffer = await asyncBufferFromFile(file);
  await refuseLongFooter(buffer);
  return Number((await parquetMetadataAsync(buffer)).num_rows);
}

async function refuseLongFooter(buffer: AsyncBuffer): Promise<void> {
  if (buffer.byteLength < TAIL_BYTES) return;
  const tail = new DataView(await buffer.slice(buffer.byteLength - TAIL_BYTES));
  const bytes = tail.getUint32(0, true);
  if (bytes > MAX_METADATA_BYTES) {
    throw new Error(
      `its metadata has ${String(bytes)} bytes, and at most ${String(MAX_METADATA_BYTES)} are read`,
    );
  }
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : Number(value);
}
