import { execFile } from 'node:child_process';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { columnSum } from '../../../adapters/files/column-sum.ts';
import { writeParquet } from '../../../adapters/files/parquet.ts';
import { COLUMNS, type Cell, RECORDED_COLUMNS } from '../../../core/depth/columns.ts';
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
  yield await Promise.resolve(rows.slice(0, 200));
  yield rows.slice(200);
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
      yield await Promise.resolve(rows.slice(0, 200));
      const handle = await open(`${file}.partial`, 'r+');
      await handle.write(Buffer.alloc(64, 7), 0, 64, 2_000);
      await handle.close();
      yield rows.slice(200);
    }
    await expect(writeParquet(file, ALL, damaging())).rejects.toMatchObject({
      code: 'platform.integrity',
    });
    expect(await readdir(folder)).toEqual(['depth.parquet.partial']);
  });

  test('may hold no row', async () => {
    const nothing = async function* (): AsyncGenerator<readonly (readonly Cell[])[]> {
      yield await Promise.resolve([]);
    };
    await writeParquet(path.join(folder, 'depth.parquet'), ALL, nothing());
    expect(await readdir(folder)).toEqual(['depth.parquet']);
  });
});

describe('The sum of a column', () => {
  const total = (...cells: readonly Cell[]): string => {
    const sum = columnSum();
    for (const cell of cells) sum.add(cell);
    return sum.total();
  };

  test('sees a changed value, a changed place, and a null for a zero', () => {
    const expected = total(1, 2, null, 'a');
    expect(total(1, 2, null, 'a')).toBe(expected);
    expect(total(1, 3, null, 'a')).not.toBe(expected);
    expect(total(2, 1, null, 'a')).not.toBe(expected);
    expect(total(1, 2, 0, 'a')).not.toBe(expected);
    expect(total(1, 2, null, 'b')).not.toBe(expected);
  });
});
