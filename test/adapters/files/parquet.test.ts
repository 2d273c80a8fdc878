import { execFile } from 'node:child_process';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { columnSum } from '../../../adapters/files/column-sum.ts';
import { writeParquet } from '../../../adapters/files/parquet.ts';
import { COLUMNS, type Cell, RECORDED_COLUMNS } from '../../../core/depth/columns.ts';
import { type RowGroup, groupOf } from '../../../core/depth/row-group.ts';
import { SECOND, plus } from '../../../core/time.ts';
import { ensureVenv } from '../../../sandbox/aws/venv.ts';
import { OPENS_AT, sampleRow } from '../../support/depth.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-parquet-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const ALL = RECORDED_COLUMNS;
const ROWS = 500;

/** Rows whose prices and quantities differ, some without a value. */
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

describe('A Parquet file', () => {
  test(
    'is read by DuckDB with the types, counts and sums that were written',
    { timeout: 120_000 },
    async () => {
      const file = path.join(folder, 'depth.parquet');
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

  test('does not come to be when it cannot be read back as it was written', async () => {
    const file = path.join(folder, 'depth.parquet');
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
    expect(await readdir(folder)).toEqual(['depth.parquet.partial']);
  });

  test('may hold no row', async () => {
    const nothing = async function* (): AsyncGenerator<RowGroup> {
      yield await Promise.resolve(groupOf(ALL, []));
    };
    await writeParquet(path.join(folder, 'depth.parquet'), ALL, nothing());
    expect(await readdir(folder)).toEqual(['depth.parquet']);
  });
});

/** What the library reads, with null for what is missing. */
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

describe('Whatever the rows are', () => {
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
  // Enough rows for a dictionary, and few enough for none.
  const group = fc.oneof(
    fc.array(row, { maxLength: 40 }),
    fc
      .tuple(fc.array(row, { minLength: 1, maxLength: 9 }), fc.integer({ min: 2, max: 60 }))
      .map(([some, times]) => Array.from({ length: times }, () => some).flat()),
  );

  test('another reader finds every one of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 3 }), async (given) => {
        const file = path.join(folder, 'any.parquet');
        await writeParquet(file, columns, asGroups(columns, given));
        expect(await readBack(file)).toEqual(given.flat());
      }),
    );
  });

  test('a column that requires a value takes none without one', async () => {
    const file = path.join(folder, 'any.parquet');
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

describe('The sum of a column', () => {
  const numbers = (...values: readonly number[]): string => {
    const sum = columnSum();
    sum.add(Float64Array.from(values));
    return sum.total();
  };
  const texts = (...values: readonly (string | null)[]): string => {
    const sum = columnSum();
    sum.add(textsOf(values));
    return sum.total();
  };
  test('sees a changed value, a changed place, and a null for a zero', () => {
    expect(numbers(1, 2, NaN)).toBe(numbers(1, 2, NaN));
    expect(numbers(1, 3, NaN)).not.toBe(numbers(1, 2, NaN));
    expect(numbers(2, 1, NaN)).not.toBe(numbers(1, 2, NaN));
    expect(numbers(1, 2, 0)).not.toBe(numbers(1, 2, NaN));
    expect(texts('b', null, 'a')).not.toBe(texts('a', null, 'b'));
    expect(texts('a', null, 'c')).not.toBe(texts('a', null, 'b'));
    expect(texts('a', 'b', null)).not.toBe(texts('a', null, 'b'));
  });

  test('does not depend on where its texts are kept', () => {
    const sum = columnSum();
    sum.add({ names: ['x', 'b', 'a'], places: Int32Array.of(2, -1, 1) });
    expect(sum.total()).toBe(texts('a', null, 'b'));
  });
});

function textsOf(values: readonly (string | null)[]) {
  const rows = values.map((value) => [value]);
  const column = groupOf([{ kind: 'text' }], rows).column(0);
  return column;
}
