// Readers that know nothing of us: the Parquet file in DuckDB and pyarrow, the reference's CSV in pandas.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, afterAll, expect, test } from 'vitest';
import { COLUMNS, DERIVED_COLUMNS, parseCsvLine } from '../../core/depth/columns.ts';
import { istDate, istInstant } from '../../core/time.ts';
import { ensureVenv } from '../../sandbox/aws/venv.ts';
import { type Stage, stage } from '../cli/stage.ts';
import { shortSession } from '../support/depth.ts';
import { recordDay } from '../support/recorded-day.ts';

const PACKAGES = ['duckdb==2.0.0', 'pyarrow==26.0.1', 'pandas==3.1.1'];
const DATE = istDate('2026-11-25');

let cli: Stage;
let python = '';
let folder = '';
beforeAll(async () => {
  cli = await stage();
  const dataDir = path.join(cli.folder, 'harvested_data');
  // Inside the reference's hours.
  const session = shortSession(istInstant(DATE, '10:00'));
  const recorded = await recordDay({ dataDir, session });
  folder = path.dirname(recorded.folder.pathOf('depth.parquet'));
  ({ python } = await ensureVenv('readers', PACKAGES));
});
afterAll(() => cli[Symbol.asyncDispose]());

async function asked(script: string, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(python, ['-c', script, ...args]);
  return JSON.parse(stdout);
}

/** What the day log itself says: non-null values and their sum, by column of numbers. */
async function logSums(): Promise<Readonly<Record<string, readonly [number, number]>>> {
  const lines = (await readFile(path.join(folder, 'day-0.v2.csv'), 'utf8')).trim().split('\n');
  const rows = lines.slice(1).map((line) => parseCsvLine(line) ?? []);
  const numbers = COLUMNS.flatMap(({ name, kind }, index) =>
    kind === 'price' || kind === 'count' ? [{ name, index }] : [],
  );
  return Object.fromEntries(
    numbers.map(({ name, index }) => {
      const values = rows.flatMap((row) => (typeof row[index] === 'number' ? [row[index]] : []));
      return [name, [values.length, values.reduce((sum, value) => sum + value, 0)] as const];
    }),
  );
}

const ARROW = `
import json, sys, pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
numbers = [f.name for f in table.schema if pa.types.is_floating(f.type) or pa.types.is_integer(f.type)]
print(json.dumps({
  'types': {f.name: str(f.type) for f in table.schema},
  'rows': table.num_rows,
  'sums': {n: [len(table[n]) - table[n].null_count, pc.sum(table[n]).as_py() or 0] for n in numbers},
}))
`;

const DUCK = `
import duckdb, json, sys
table = duckdb.connect().from_parquet(sys.argv[1])
names = [n for n, k in zip(table.columns, table.types) if str(k) in ('DOUBLE', 'BIGINT')]
sums = ', '.join(f'count("{n}"), coalesce(sum("{n}"), 0)::DOUBLE' for n in names)
row = table.aggregate(sums).fetchall()[0]
print(json.dumps({
  'types': dict(zip(table.columns, map(str, table.types))),
  'rows': table.aggregate('count(*)').fetchall()[0][0],
  'sums': {n: [row[2 * i], row[2 * i + 1]] for i, n in enumerate(names)},
}))
`;

const PANDAS = `
import json, sys, pandas as pd
frame = pd.read_csv(sys.argv[1], parse_dates=['timestamp'])
print(json.dumps({
  'columns': list(frame.columns),
  'rows': len(frame),
  'types': {c: str(frame[c].dtype) for c in ['ltp', 'bid_px_1', 'bid_qty_1', 'total_buy_qty']},
  'zone': str(frame['timestamp'].dt.tz),
  'spread': float((frame['ask_px_1'] - frame['bid_px_1']).mean()),
  'missing': int((frame['bid_px_5'] == 0).sum()),
}))
`;

interface Seen {
  readonly types: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly sums: Readonly<Record<string, readonly [number, number]>>;
}

test.each([
  [
    'pyarrow',
    ARROW,
    {
      timestamp: /^timestamp\[ms, tz=UTC\]$/,
      text: /^string$/,
      price: /^double$/,
      count: /^int64$/,
    },
  ],
  [
    'DuckDB',
    DUCK,
    { timestamp: /^TIMESTAMP/, text: /^VARCHAR$/, price: /^DOUBLE$/, count: /^BIGINT$/ },
  ],
] as const)(
  '%s finds every column with its type, and the sums of the day log',
  async (_reader, script, kinds) => {
    const seen = (await asked(script, path.join(folder, 'depth.parquet'))) as Seen;
    const columns = [...COLUMNS, ...DERIVED_COLUMNS];
    expect(Object.keys(seen.types)).toEqual(columns.map(({ name }) => name));
    for (const { name, kind } of columns) expect.soft(seen.types[name], name).toMatch(kinds[kind]);
    expect(seen.rows).toBe(24);
    const sums = await logSums();
    expect(Object.keys(seen.sums).toSorted()).toEqual(Object.keys(sums).toSorted());
    for (const [name, [count, sum]] of Object.entries(sums)) {
      expect.soft(seen.sums[name]?.[0], name).toBe(count);
      expect.soft(seen.sums[name]?.[1], name).toBeCloseTo(sum, 6);
    }
  },
);

test('pandas loads the exported CSV as it loads the one of the Python original', async () => {
  const { code, err } = await cli.run('export', '--compat', '--to', 'market_depth_2026-11-25.csv');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const file = path.join(cli.folder, 'market_depth_2026-11-25.csv');
  expect(await asked(PANDAS, file)).toEqual({
    columns: COLUMNS.slice(0, 25).map(({ name }) => name),
    rows: 24,
    types: { ltp: 'float64', bid_px_1: 'float64', bid_qty_1: 'int64', total_buy_qty: 'int64' },
    zone: 'UTC+05:30',
    spread: expect.closeTo(0.15, 6) as unknown,
    // The sample has two levels of bids: the others are zero, as in the original.
    missing: 24,
  });
});
