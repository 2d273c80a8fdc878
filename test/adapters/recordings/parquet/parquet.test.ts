import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { writeChunk } from '../../../../adapters/recordings/parquet/chunk.ts';
import { matchesColumn, writeParquet } from '../../../../adapters/recordings/parquet/parquet.ts';
import { COLUMNS, type Cell, RECORDED_COLUMNS } from '../../../../core/recording/columns.ts';
import { type RowGroup, groupOf } from '../../../../core/recording/row-group.ts';
import { SECOND, plus } from '../../../../core/time.ts';
import { ensureVenv } from '../../../../sandbox/aws/venv.ts';
import { OPENS_AT, sampleRow } from '../../../support/depth.ts';
import { makeFolderPerTest } from '../../../support/temporary-folder.ts';

const folder = makeFolderPerTest();
afterEach(() => {
  vi.restoreAllMocks();
});

const ALL = RECORDED_COLUMNS;
const ROWS = 500;

/** Rows with distinct prices and quantities, some of them null. */
const rows = Array.from({ length: ROWS }, (_, index): readonly Cell[] => {
  const row = sampleRow('NSE:SBIN-EQ', plus(OPENS_AT, index * 5 * SECOND), {
    lastPrice: index % 7 === 0 ? null : 400 + index * 0.05,
    volume: index * 1_000_003,
  });
  return [...COLUMNS.map((column) => column.of(row)), 'CONTINUOUS', null, null];
});

async function* groups() {
  yield await Promise.resolve(groupOf(ALL, rows.slice(0, 200)));
  yield groupOf(ALL, rows.slice(200));
}

const QUERY = `
import duckdb, json, sys
table = duckdb.connect().from_parquet(sys.argv[1])
names = [name for name, kind in zip(table.columns, table.types) if str(kind) in ('DOUBLE', 'BIGINT')]
sums = ', '.join(f'count("{name}"), sum("{name}")::DOUBLE' for name in names)
print(json.dumps({
  'types': dict(zip(table.columns, map(str, table.types))),
  'names': names,
  'sums': table.aggregate(sums).fetchall()[0],
  'rows': table.aggregate('count(*), epoch_ms(min(timestamp)), epoch_ms(max(slot)), min(phase)').fetchall()[0],
}))
`;

describe('writeParquet', () => {
  // Pages of more than 64 KiB have memory of their own, which is freed when they are compared.
  test('writes and compares pages of a hundred kilobytes', async () => {
    const file = path.join(folder.path, 'large.parquet');
    const columns = [
      { name: 'price', kind: 'price', nullable: false },
      { name: 'quantity', kind: 'count', nullable: true },
    ] as const;
    const numbers = Float64Array.from({ length: 20_000 }, (_, row) => row * 1_000_003);
    await writeParquet(file, columns, [{ rows: numbers.length, column: () => numbers }]);
    const read = await parquetReadObjects({
      file: await asyncBufferFromFile(file),
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
    });
    expect(read.map(({ price }) => Number(price))).toEqual([...numbers]);
    expect(read.map(({ quantity }) => Number(quantity))).toEqual([...numbers]);
  });

  test(
    'writes a file that DuckDB reads with the same types, counts and sums',
    { timeout: 120_000 },
    async () => {
      const file = path.join(folder.path, 'depth.parquet');
      await writeParquet(file, ALL, groups());
      const { python } = await ensureVenv('duckdb', ['duckdb==2.0.0']);
      const { stdout } = await promisify(execFile)(python, ['-c', QUERY, file]);
      const seen = JSON.parse(stdout) as {
        types: Record<string, string>;
        names: string[];
        sums: number[];
        rows: unknown[];
      };
      expect(Object.keys(seen.types)).toEqual(ALL.map(({ name }) => name));
      const kinds = {
        timestamp: /^TIMESTAMP/,
        text: /^VARCHAR$/,
        price: /^DOUBLE$/,
        count: /^BIGINT$/,
      };
      for (const { name, kind } of ALL) expect(seen.types[name]).toMatch(kinds[kind]);
      expect(seen.rows).toEqual([
        ROWS,
        rows[0]?.[0],
        plus(OPENS_AT, (ROWS - 1) * 5 * SECOND),
        'CONTINUOUS',
      ]);
      for (const [index, name] of seen.names.entries()) {
        const at = ALL.findIndex((column) => column.name === name);
        const values = rows.flatMap((cells) => (typeof cells[at] === 'number' ? [cells[at]] : []));
        expect(seen.sums[2 * index]).toBe(values.length);
        if (values.length > 0) {
          expect(seen.sums[2 * index + 1]).toBeCloseTo(
            values.reduce((sum, value) => sum + value, 0),
            3,
          );
        }
      }
    },
  );

  test('rejects and leaves only the partial file if the file reads back with other content', async () => {
    const file = path.join(folder.path, 'depth.parquet');
    async function* damaging() {
      yield await Promise.resolve(groupOf(ALL, rows.slice(0, 200)));
      const handle = await open(`${file}.partial`, 'r+');
      await handle.write(Buffer.alloc(64, 7), 0, 64, 2_000);
      await handle.close();
      yield groupOf(ALL, rows.slice(200));
    }
    await expect(writeParquet(file, ALL, damaging())).rejects.toMatchObject({
      code: 'platform.integrity',
    });
    expect(await readdir(folder.path)).toEqual(['depth.parquet.partial']);
  });

  test('rejects and leaves only the partial file if the footer differs', async () => {
    const file = path.join(folder.path, 'depth.parquet');
    const write = fs.writeFileSync;
    vi.spyOn(fs, 'writeFileSync').mockImplementation((to, data, options) => {
      const bytes = Buffer.from(data as Uint8Array);
      const at = bytes.indexOf('previous_close');
      if (at >= 0) bytes.write('P', at);
      write(to, bytes, options);
    });
    await expect(writeParquet(file, ALL, groups())).rejects.toThrow(
      'its schema or its number of rows differs',
    );
    expect(await readdir(folder.path)).toEqual(['depth.parquet.partial']);
  });

  test('rejects a text that UTF-8 cannot encode', async () => {
    const file = path.join(folder.path, 'depth.parquet');
    const columns = [{ name: 'name', kind: 'text', nullable: true }] as const;
    const half = asGroups(columns, [[['\ud800']]]);
    await expect(writeParquet(file, columns, half)).rejects.toMatchObject({
      code: 'platform.integrity',
      message: expect.stringContaining('column name differs') as string,
    });
  });

  test('writes a file without rows', async () => {
    const nothing = async function* (): AsyncGenerator<RowGroup> {
      yield await Promise.resolve(groupOf(ALL, []));
    };
    await writeParquet(path.join(folder.path, 'depth.parquet'), ALL, nothing());
    expect(await readdir(folder.path)).toEqual(['depth.parquet']);
  });
});

/** Reads the file with the library, with null for missing values. */
async function readBack(file: string): Promise<readonly (readonly Cell[])[]> {
  const objects = await parquetReadObjects({
    file: await asyncBufferFromFile(file),
    compressors: { ZSTD: (input) => zstdDecompressSync(input) },
  });
  return objects.map((object) =>
    Object.values(object).map((value: unknown): Cell => {
      if (value === null || value === undefined) return null;
      return typeof value === 'string' ? value : Number(value);
    }),
  );
}

describe('writeParquet with any rows', () => {
  const columns = [
    { name: 'at', kind: 'timestamp', nullable: false },
    { name: 'name', kind: 'text', nullable: true },
    { name: 'count', kind: 'count', nullable: true },
    { name: 'price', kind: 'price', nullable: true },
  ] as const;
  const many = (value: fc.Arbitrary<Cell>) => fc.option(value, { nil: null, freq: 6 });
  const row = fc.tuple(
    fc.integer({ min: 0, max: 4e12 }),
    many(
      fc.oneof(
        fc.constantFrom('NSE:SBIN-EQ', 'NSE:M&M-EQ'),
        fc.string({ minLength: 1, unit: 'binary' }),
      ),
    ),
    many(fc.oneof(fc.nat(40), fc.maxSafeInteger())),
    many(
      fc.oneof(
        fc.nat(2_000).map((ticks) => ticks / 20),
        fc.double({ noNaN: true }),
      ),
    ),
  );
  // Row counts on both sides of the limit for a dictionary.
  const group = fc.oneof(
    fc.array(row, { maxLength: 40 }),
    fc
      .tuple(fc.array(row, { minLength: 1, maxLength: 9 }), fc.integer({ min: 2, max: 60 }))
      .map(([some, times]) => Array.from({ length: times }, () => some).flat()),
  );

  test('writes a file from which another reader reads every row', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 3 }), async (given) => {
        const file = path.join(folder.path, 'any.parquet');
        await writeParquet(file, columns, asGroups(columns, given));
        expect(await readBack(file)).toEqual(given.flat());
      }),
    );
  });

  test('rejects a null in a column that requires a value', async () => {
    const file = path.join(folder.path, 'any.parquet');
    await expect(
      writeParquet(file, columns, asGroups(columns, [[[null, 'x', 1, 1]]])),
    ).rejects.toThrow('column at lacks 1 values');
  });
});

async function* asGroups(
  columns: Parameters<typeof groupOf>[0],
  groups: readonly (readonly (readonly Cell[])[])[],
): AsyncGenerator<RowGroup> {
  for (const rows of groups) yield await Promise.resolve(groupOf(columns, rows));
}

describe('matchesColumn', () => {
  const text = { name: 'text', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' } as const;
  const price = { name: 'price', type: 'DOUBLE', repetition_type: 'OPTIONAL' } as const;
  const count = { name: 'count', type: 'INT64', repetition_type: 'OPTIONAL' } as const;
  type Element = typeof text | typeof price | typeof count;

  /** Writes `one` and compares it with `other`. */
  const isSame = (element: Element, one: readonly Cell[], other: readonly Cell[]): boolean => {
    const writer = new ByteWriter();
    const chunk = writeChunk(writer, element, columnOf(element, one));
    return matchesColumn(writer.getBytes(), chunk, element, columnOf(element, other));
  };
  const columnOf = ({ type }: Element, cells: readonly Cell[]) => {
    const kind = type === 'BYTE_ARRAY' ? 'text' : 'price';
    return groupOf(
      [{ kind }],
      cells.map((cell) => [cell]),
    ).column(0);
  };
  const repeat = (cells: readonly Cell[]): readonly Cell[] =>
    Array.from({ length: 9 }, () => cells).flat();

  for (const [how, form] of [
    ['each value once', (cells: readonly Cell[]) => cells],
    ['values in a dictionary', repeat],
  ] as const) {
    test(`is false if a value, a position or a null differs: ${how}`, () => {
      for (const numbers of [price, count]) {
        expect(isSame(numbers, form([1, 2, null]), form([1, 2, null]))).toBe(true);
        expect(isSame(numbers, form([1, 3, null]), form([1, 2, null]))).toBe(false);
        expect(isSame(numbers, form([2, 1, null]), form([1, 2, null]))).toBe(false);
        expect(isSame(numbers, form([1, 2, 0]), form([1, 2, null]))).toBe(false);
        expect(isSame(numbers, form([1, 2, null]), form([1, 2, 0]))).toBe(false);
        expect(isSame(numbers, form([1, 2]), form([1, 2, null]))).toBe(false);
        expect(isSame(numbers, form([1, 2, null]), form([1, 2]))).toBe(false);
      }
      expect(isSame(text, form(['a', null, 'b']), form(['a', null, 'b']))).toBe(true);
      expect(isSame(text, form(['b', null, 'a']), form(['a', null, 'b']))).toBe(false);
      expect(isSame(text, form(['a', null, 'c']), form(['a', null, 'b']))).toBe(false);
      expect(isSame(text, form(['a', 'b', null]), form(['a', null, 'b']))).toBe(false);
      expect(isSame(text, form(['a', 'b']), form(['a', 'b', null]))).toBe(false);
    });
  }

  test('distinguishes 0 and -0', () => {
    expect(isSame(price, repeat([0, -0]), repeat([0, -0]))).toBe(true);
    expect(isSame(price, repeat([0, 0]), repeat([0, -0]))).toBe(false);
  });

  test('keeps no memory for its statistics but the texts themselves', () => {
    const { meta_data } = writeChunk(new ByteWriter(), text, columnOf(text, ['a', null, 'b']));
    const { min_value, max_value } = meta_data?.statistics ?? {};
    for (const value of [min_value, max_value]) {
      expect((value as Uint8Array).buffer.byteLength).toBeLessThan(64);
    }
  });

  test('does not depend on the order of the texts in a column', () => {
    const writer = new ByteWriter();
    const chunk = writeChunk(writer, text, columnOf(text, ['a', null, 'b']));
    const column = { names: ['x', 'b', 'a'], places: Int32Array.of(2, -1, 1) };
    expect(matchesColumn(writer.getBytes(), chunk, text, column)).toBe(true);
  });
});
