// Reads the Parquet file with DuckDB and pyarrow, and the exported CSV with pandas.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, afterAll, expect, test } from 'vitest';
import type { Book } from '../../core/recording/book.ts';
import { COLUMNS, RECORDED_COLUMNS, parseCsvLine } from '../../core/recording/columns.ts';
import { istDate, istInstant } from '../../core/time.ts';
import { ensureVenv } from '../../sandbox/aws/venv.ts';
import { type Stage, stage } from '../cli/cli-harness.ts';
import { shortSession } from '../support/depth.ts';
import { moving, recordDay } from '../support/recorded-day.ts';

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
  const recorded = await recordDay({ dataDir, session, book });
  folder = path.dirname(recorded.folder.pathOf('depth.parquet'));
  ({ python } = await ensureVenv('readers', PACKAGES));
});
afterAll(() => cli[Symbol.asyncDispose]());

/** Whole rupees, a price that is missing, and sides of two levels in turn with sides of five. */
function book(_symbol: string, index: number): Partial<Book> {
  const side = (best: number, step: number) =>
    Array.from({ length: 5 }, (_, n) => ({ price: best + n * step, quantity: 10 + n, orders: 1 }));
  const deep = { bids: side(427, -0.05), asks: side(427.4, 0.05) };
  return {
    ...moving(index),
    ...(index % 2 === 0 ? deep : {}),
    ...(index === 3 ? { lastPrice: null } : {}),
  };
}

async function runPython(script: string, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(python, ['-c', script, ...args]);
  return JSON.parse(stdout);
}

/** The facts of the day log itself: non-null values and their sum, by column of numbers. */
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

/** Writes what was recorded as the reference writes it, a frame for each round, and reads both files with one call. */
const PANDAS = `
import itertools, json, os, sys, pandas as pd
ours, books, theirs = sys.argv[1:]
def row(taken):
    book, levels = taken['book'], {}
    for side, key in (('bid', 'bids'), ('ask', 'asks')):
        for n in range(5):
            level = book[key][n] if n < len(book[key]) else {'price': 0, 'quantity': 0}
            levels[f'{side}_px_{n + 1}'], levels[f'{side}_qty_{n + 1}'] = level['price'], level['quantity']
    return {
        'timestamp': taken['receivedAt'], 'symbol': taken['symbol'], 'ltp': book['lastPrice'] or 0,
        'total_buy_qty': book['totalBuyQuantity'] or 0, 'total_sell_qty': book['totalSellQuantity'] or 0, **levels,
    }
taken = [json.loads(line) for line in open(books)]
for _, round in itertools.groupby(taken, lambda each: each['slot']):
    pd.DataFrame([row(each) for each in round]).to_csv(theirs, mode='a', header=not os.path.exists(theirs), index=False)
read = lambda file: pd.read_csv(file, parse_dates=['timestamp'])
pd.testing.assert_frame_equal(read(ours), read(theirs))
frame = read(ours)
print(json.dumps({
  'columns': list(frame.columns),
  'rows': len(frame),
  'types': sorted({str(kind) for kind in frame.dtypes.iloc[2:]}),
  'missing': [int((frame[name] == 0).sum()) for name in ('ltp', 'bid_px_2', 'bid_px_5')],
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
  '%s reads every column with its type, and the sums of the day log',
  async (_reader, script, kinds) => {
    const seen = (await runPython(script, path.join(folder, 'depth.parquet'))) as Seen;
    const columns = RECORDED_COLUMNS;
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

test('pandas reads equal frames from the exported CSV and from the CSV of the Python original', async () => {
  const name = 'market_depth_2026-11-25.csv';
  const { code, err } = await cli.run('export', DATE, '--compat', '--to', name);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  cli.write('books.jsonl', (await cli.run('replay', DATE)).out);
  const files = [name, 'books.jsonl', 'theirs.csv'].map((file) => path.join(cli.folder, file));
  expect(await runPython(PANDAS, ...files)).toEqual({
    columns: COLUMNS.slice(0, 25).map(({ name: column }) => column),
    rows: 24,
    types: ['float64', 'int64'],
    missing: [2, 0, 12],
  });
});
