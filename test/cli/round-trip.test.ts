// Tests that import, export and another import keep everything that a file of the Python original
// contains.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { parquetMetadataAsync, asyncBufferFromFile } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { openRecording } from '../../adapters/recordings/open-recording.ts';
import { REFERENCE_CSV_COLUMNS, REFERENCE_CSV_HEADER } from '../../core/recording/csv-files.ts';
import type { Cell } from '../../core/recording/columns.ts';
import { textColumn } from '../../core/recording/rows.ts';
import { formatIso, istInstant, plus } from '../../core/time.ts';
import { OLD_DAY } from '../support/old-files.ts';
import { recordDay } from '../support/recorded-day.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

/** A number as text in the file, and as a recorded cell. */
interface Written {
  readonly text: string;
  readonly cell: number | null;
}

const of = (text: string): Written => ({ text, cell: Number(text) + 0 });
const price = fc.oneof(
  fc.integer({ min: 1, max: 100_000 }).map((paise) => of((paise / 20).toFixed(2))),
  fc.constantFrom('427.123456789', '1e-7', '123456789012.25', '2500', '2500.0').map(of),
);
const quantity = fc.oneof(
  fc.integer({ min: 1, max: 9_999_999 }).map((shares) => of(String(shares))),
  fc.constantFrom('4738.0', '9007199254740991').map(of),
);
const zero = fc.constantFrom('0', '0.0', '-0', '-0.0').map(of);
const empty = fc.constantFrom('', 'nan', 'NaN').map((text): Written => ({ text, cell: null }));
const half = (full: fc.Arbitrary<Written>) => fc.oneof({ weight: 6, arbitrary: full }, zero, empty);
/** A level without price and quantity was not observed. */
const level = fc.tuple(half(price), half(quantity)).map(([px, qty]) => {
  const missing = (px.cell ?? 0) === 0 && (qty.cell ?? 0) === 0;
  return [px, qty].map((each) => (missing ? { ...each, cell: null } : each));
});
/** Outside of the levels a zero is a missing value. */
const single = (full: fc.Arbitrary<Written>) =>
  half(full).map((each) => (each.cell === 0 ? { ...each, cell: null } : each));
const row = fc
  .tuple(
    single(price),
    single(quantity),
    single(quantity),
    fc.array(level, { minLength: 10, maxLength: 10 }),
  )
  .map(([ltp, buy, sell, levels]) => [ltp, buy, sell, ...levels.flat()]);
const books = fc.record({
  rows: fc.array(row, { minLength: 1, maxLength: 12 }),
  lineEnd: fc.constantFrom('\n', '\r\n'),
  header: fc.boolean(),
});

const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:M&M-EQ'];
const WIDTH = REFERENCE_CSV_COLUMNS.length;

function buildFile({
  rows,
  lineEnd,
  header,
}: {
  rows: Written[][];
  lineEnd: string;
  header: boolean;
}) {
  const stamped = rows.map((cells, index) => {
    const at = plus(
      istInstant(OLD_DAY, '09:15'),
      5_250 * (1 + Math.floor(index / 2)) + (index % 2),
    );
    return { at, symbol: SYMBOLS[index % 2] ?? '', cells };
  });
  const lines = stamped.map(({ at, symbol, cells }) =>
    [formatIso(at), symbol, ...cells.map(({ text }) => text)].join(','),
  );
  return {
    text: [...(header ? [REFERENCE_CSV_HEADER] : []), ...lines, ''].join(lineEnd),
    cells: stamped.map(({ at, symbol, cells }): Cell[] => [
      at,
      symbol,
      ...cells.map(({ cell }) => cell),
    ]),
  };
}

const marksOf = textColumn('marks');

async function read(what: string, dataDir: string) {
  const recording = await openRecording({ what, dataDir, cwd: cli.folder });
  const rows = (await Array.fromAsync(recording.rows())).map((each) => each ?? []);
  return { cells: rows.map((each) => each.slice(0, WIDTH)), marks: rows.map(marksOf) };
}

/** Reports a level without price or quantity in front of a complete one, on either side. */
function hasGap(cells: readonly Cell[]): boolean {
  const full = Array.from({ length: 10 }, (_, index) =>
    [0, 1].every((place) => Number(cells[5 + 2 * index + place] ?? 0) > 0),
  );
  return [full.slice(0, 5), full.slice(5)].some(
    (side) => side.includes(false) && side.lastIndexOf(true) > side.indexOf(false),
  );
}

describe('A file of the Python original', () => {
  test('keeps every cell through import, export and another import, with any value missing', async () => {
    const seed = 20_261_128;
    let turn = 0;
    await fc.assert(
      fc.asyncProperty(books, async (given) => {
        const { text, cells } = buildFile(given);
        const [first, second] = [`data-${String((turn += 1))}`, `again-${String(turn)}`];
        const name = `market_depth_${OLD_DAY}.csv`;
        await writeFile(path.join(cli.folder, name), text);
        expect((await cli.run('import', name, '--data', first)).code).toBe(0);
        const day = await read(OLD_DAY, path.join(cli.folder, first));
        expect(day.cells).toEqual(cells);
        expect(day.marks.map((marks) => marks?.includes('zero-inside') ?? false)).toEqual(
          cells.map(hasGap),
        );
        for (const file of ['day.csv', 'day.parquet', name]) {
          const compat = file === name ? ['--compat'] : [];
          const to = ['--to', file, '--force', '--data', first];
          expect((await cli.run('export', OLD_DAY, ...compat, ...to)).code).toBe(0);
          expect((await read(path.join(cli.folder, file), '')).cells).toEqual(cells);
        }
        // An export of the Parquet file must give the same file.
        const exported = await readFile(path.join(cli.folder, name), 'utf8');
        await cli.run('export', 'day.parquet', '--compat', '--to', 'by-parquet.csv', '--force');
        expect(await readFile(path.join(cli.folder, 'by-parquet.csv'), 'utf8')).toBe(exported);
        expect((await cli.run('import', name, '--data', second)).code).toBe(0);
        expect(await read(OLD_DAY, path.join(cli.folder, second))).toEqual(day);
      }),
      // A failure prints its own seed and path.
      { numRuns: 12, seed },
    );
  }, 120_000);

  test('keeps levels 4 and 5 behind an empty level 3, and marks the row', async () => {
    const levels =
      '427.25,10,427.2,20,0,0,427.1,40,427.05,50,427.4,1,427.45,2,0,0,427.55,4,427.6,5';
    const line = `2025-12-24T09:15:05.250+05:30,NSE:SBIN-EQ,427.3,120,130,${levels}`;
    const name = `market_depth_${OLD_DAY}.csv`;
    cli.write(name, `${REFERENCE_CSV_HEADER}\n${line}\n`);
    await cli.run('import', name);
    const shown = JSON.parse((await cli.run('inspect', 'SBIN', '--json')).out) as {
      marks: string;
      book: { bids: readonly unknown[] };
    };
    expect(shown.marks).toBe('zero-inside');
    expect(shown.book.bids.slice(2)).toEqual([
      { price: null, quantity: null, orders: null },
      { price: 427.1, quantity: 40, orders: null },
      { price: 427.05, quantity: 50, orders: null },
    ]);
    expect((await cli.run('inspect', 'SBIN')).out).toMatch(/427\.10 +40/);
    const checked = await cli.run('check', '--json');
    expect(JSON.parse(checked.out)).toMatchObject({ quality: { marks: { 'zero-inside': 1 } } });
    await cli.run('export', '--compat', '--to', 'out.csv');
    const exported = await readFile(path.join(cli.folder, 'out.csv'), 'utf8');
    expect(exported.split('\n')[1]).toContain(',0.0,0,427.1,40,427.05,50,427.4,');
  });
});

describe('An exported Parquet file', () => {
  const schemaOf = async (file: string) =>
    (await parquetMetadataAsync(await asyncBufferFromFile(file))).schema;

  test('has the schema of the day’s own file, also after another export', async () => {
    const { folder } = await recordDay({ dataDir: cli.dataDir });
    const own = await schemaOf(folder.pathOf('depth.parquet'));
    await cli.run('export', '--to', 'day.parquet');
    expect(await schemaOf(path.join(cli.folder, 'day.parquet'))).toEqual(own);
    await cli.run('export', 'day.parquet', '--to', 'again.parquet');
    expect(await schemaOf(path.join(cli.folder, 'again.parquet'))).toEqual(own);
    await cli.run('export', '--to', 'day.csv');
    await cli.run('export', 'day.csv', '--to', 'of-csv.parquet');
    expect(await schemaOf(path.join(cli.folder, 'of-csv.parquet'))).toEqual(own);
    const required = own.filter((each) => each.repetition_type === 'REQUIRED');
    expect(required.map(({ name }) => name)).toEqual([
      'timestamp',
      'symbol',
      'slot',
      'received_at',
      'feed',
    ]);
  });

  test('of a file of the original requires only its own columns, also after another export', async () => {
    cli.write('old.csv', `2025-12-24T09:15:05+05:30,NSE:SBIN-EQ${',1'.repeat(23)}\n`);
    for (const [from, to] of [
      ['old.csv', 'old.parquet'],
      ['old.parquet', 'older.parquet'],
    ] as const) {
      expect((await cli.run('export', from, '--to', to)).code).toBe(0);
      const schema = await schemaOf(path.join(cli.folder, to));
      const isRequired = (name: string) =>
        schema.find((each) => each.name === name)?.repetition_type === 'REQUIRED';
      expect(['timestamp', 'symbol', 'slot', 'feed'].map(isRequired)).toEqual([
        true,
        true,
        false,
        false,
      ]);
    }
  });
});
