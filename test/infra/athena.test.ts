// Tests the table and the saved queries: sqlglot parses them as Athena SQL, and DuckDB runs them on
// Parquet in the bucket's layout.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeParquet } from '../../adapters/recordings/parquet/parquet.ts';
import { COLUMNS, type Cell, RECORDED_COLUMNS } from '../../core/recording/columns.ts';
import { groupOf } from '../../core/recording/row-group.ts';
import { OBJECTS } from '../../core/config/names.ts';
import { SECOND, parseInstant, plus } from '../../core/time.ts';
import { askAthena, BUCKET } from '../support/athena-questions.ts';
import { sampleRow } from '../support/depth.ts';
import {
  ACCOUNT,
  type Graph,
  allOf,
  asRecord,
  graphOf,
  one,
  problemsOf,
} from '../support/graph.ts';
import { APP_ONLY } from '../support/stack-configs.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';

const DATE = '2026-11-25';
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];

let graph: Graph;
const root = makeFolderPerFile();

beforeAll(async () => {
  graph = await graphOf({ ...APP_ONLY, config: { athena: 'true' } });
  const file = path.join(root.path, OBJECTS.dayFile(DATE, '0', 'depth.parquet'));
  await mkdir(path.dirname(file), { recursive: true });
  await writeParquet(file, RECORDED_COLUMNS, groups());
  const manifest = path.join(root.path, OBJECTS.dayFile(DATE, '0', 'manifest.json'));
  await writeFile(manifest, 'not a Parquet file');
});

/**
 * Two minutes of continuous trading from 10:14, then a part of the auction. The second symbol has a
 * hole of one slot, and marks.
 */
async function* groups() {
  const [clean = '', flawed = ''] = SYMBOLS;
  const morning: Marks = ['', '', 'crossed', '', 'stale', '', '', 'locked stale'];
  const rows = [
    ...minutes(clean, '10:14:00', 24, 'CONTINUOUS'),
    ...minutes(clean, '15:20:00', 12, 'CAS_ENTRY'),
    ...minutes(flawed, '10:14:00', 24, 'CONTINUOUS', morning).filter((_, n) => n !== 5),
    ...minutes(flawed, '15:20:00', 12, 'CAS_ENTRY', ['outside-circuit']),
  ];
  yield await Promise.resolve(groupOf(RECORDED_COLUMNS, rows));
}

/** The marks of the first slots; later slots have none. */
type Marks = readonly string[];

function minutes(
  symbol: string,
  from: string,
  slots: number,
  phase: string,
  marks: Marks = [],
): (readonly Cell[])[] {
  const start = parseInstant(`${DATE}T${from}+05:30`);
  return Array.from({ length: slots }, (_, n) => {
    const over = { lastPrice: 400 + n, volume: n * 10 };
    const crossed = { bids: [{ price: 430, quantity: 1, orders: 1 }] };
    const slot = plus(start, n * 5 * SECOND);
    const row = sampleRow(symbol, slot, marks[n] === 'crossed' ? { ...over, ...crossed } : over);
    const text = marks[n] ?? '';
    return [...COLUMNS.map(({ of }) => of(row)), phase, 'sourced', text === '' ? null : text];
  });
}

function runQuery(question: string, ...parameters: readonly string[]) {
  return askAthena({ graph, root: root.path, table: 'depth', question, parameters });
}

describe('The Athena table', () => {
  test('is created only if it is enabled', async () => {
    const without = await graphOf(APP_ONLY);
    expect(without.resources.filter(({ type }) => /athena|glue/i.test(type))).toEqual([]);
    expect(without.outputs['athena']).toBe('none');
    expect(graph.outputs['athena']).toBe('fyers-depth');
  });

  test('needs the bucket of a harvester', async () => {
    const { message } = await problemsOf({ config: { athena: 'true', harvester: 'false' } });
    expect(message).toContain('`pulumi config set athena false`');
  });

  test('has the columns of the Parquet file in the same order, with the types of Glue', () => {
    const { inputs } = one(graph, 'aws:glue/catalogTable:CatalogTable');
    const { columns, serDeInfo } = asRecord(inputs['storageDescriptor']);
    const types = { timestamp: 'timestamp', text: 'string', price: 'double', count: 'bigint' };
    expect(columns).toEqual(
      RECORDED_COLUMNS.map(({ name, kind, unit }) => ({
        name,
        type: types[kind],
        comment: unit,
      })),
    );
    expect(asRecord(serDeInfo)['serializationLibrary']).toContain('ParquetHiveSerDe');
  });

  test('projects a partition per day and shard onto the folder that the harvester writes', () => {
    const { inputs } = one(graph, 'aws:glue/catalogTable:CatalogTable');
    const parameters = asRecord(inputs['parameters']);
    expect(parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.date.type': 'date',
      'projection.date.format': 'yyyy-MM-dd',
      'projection.date.range': '2026-11-01,NOW',
      'projection.shard.type': 'integer',
    });
    const folder = String(parameters['storage.location.template'])
      .replace('${date}', DATE)
      .replace('${shard}', '0');
    expect(`${folder}depth.parquet`).toBe(
      `${BUCKET}${OBJECTS.dayFile(DATE, '0', 'depth.parquet')}`,
    );
  });

  test('has a limit for queries, and encrypted results that expire', () => {
    const { configuration } = one(graph, 'aws:athena/workgroup:Workgroup').inputs;
    expect(configuration).toMatchObject({
      enforceWorkgroupConfiguration: true,
      bytesScannedCutoffPerQuery: 10_000_000_000,
      resultConfiguration: {
        outputLocation: `${BUCKET}athena-results/`,
        expectedBucketOwner: ACCOUNT,
        encryptionConfiguration: { encryptionOption: 'SSE_S3' },
      },
    });
    const lifecycle = 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration';
    expect(one(graph, lifecycle).inputs['rules']).toContainEqual({
      id: 'answers-of-athena',
      status: 'Enabled',
      filter: { prefix: 'athena-results/' },
      expiration: { days: 30 },
    });
  });
});

describe('The saved queries', { timeout: 120_000 }, () => {
  test('have a description with their parameters', () => {
    const queries = allOf(graph, 'aws:athena/namedQuery:NamedQuery');
    expect(queries.map(({ name }) => name)).toEqual([
      'book-at-an-instant',
      'closing-auction',
      'coverage-by-day',
      'marks-by-day',
      'spread-by-minute',
    ]);
    for (const { inputs } of queries) {
      expect(inputs).toMatchObject({ database: 'fyers_depth', workgroup: 'fyers-depth' });
      expect(inputs['description']).toMatch(/^[A-Z].*\. Parameters?: .*'2026-11-25'/);
    }
  });

  test('coverage-by-day counts the snapshots of each symbol, and its share of the fullest symbol', async () => {
    const day = { date: DATE, first_slot_ist: `${DATE} 10:14:00` };
    expect(await runQuery('coverage-by-day', '2026-11-01', '2026-11-30')).toMatchObject([
      {
        ...day,
        symbol: 'NSE:INFY-EQ',
        snapshots: 35,
        percent_of_fullest_symbol: 97.22,
        // The time to the auction is not recorded, and is longer than the hole of one slot.
        longest_gap_seconds: 18_245,
        marked_snapshots: 4,
      },
      {
        ...day,
        symbol: 'NSE:SBIN-EQ',
        snapshots: 36,
        percent_of_fullest_symbol: 100,
        longest_gap_seconds: 18_245,
        marked_snapshots: 0,
      },
    ]);
    expect(await runQuery('coverage-by-day', '2026-11-01', '2026-11-24')).toEqual([]);
  });

  test('marks-by-day counts the snapshots of each mark, and computes their share as the manifest does', async () => {
    const day = { date: DATE, symbol: 'NSE:INFY-EQ', marked_snapshots: 1 };
    const answer = await runQuery('marks-by-day', '2026-11-01', '2026-11-30');
    expect(answer).toMatchObject([
      // The share of 23 snapshots in continuous trading; the other shares are of all 35.
      { ...day, mark: 'stale', marked_snapshots: 2, percent_of_snapshots: 8.7 },
      { ...day, mark: 'crossed', percent_of_snapshots: 2.86 },
      { ...day, mark: 'locked', first_slot_ist: `${DATE} 10:14:35` },
      { ...day, mark: 'outside-circuit', last_slot_ist: `${DATE} 15:20:00` },
    ]);
    expect(await runQuery('marks-by-day', '2026-11-01', '2026-11-24')).toEqual([]);
  });

  test('spread-by-minute shows only continuous trading, without crossed and locked books', async () => {
    const minute = {
      mean_spread_rupees: 0.15,
      widest_spread_rupees: 0.15,
      mean_spread_basis_points: 3.51,
    };
    expect(await runQuery('spread-by-minute', DATE, 'NSE:INFY-EQ')).toMatchObject([
      { ...minute, minute_ist: `${DATE} 10:14:00`, snapshots: 10, snapshots_left_out: 1 },
      { ...minute, minute_ist: `${DATE} 10:15:00`, snapshots: 12, snapshots_left_out: 0 },
    ]);
  });

  test('book-at-an-instant shows five levels of the last book at or before the instant', async () => {
    const ladder = await runQuery('book-at-an-instant', DATE, 'NSE:INFY-EQ', '10:14:29');
    expect(ladder).toHaveLength(5);
    expect(ladder[0]).toMatchObject({
      slot_ist: `${DATE} 10:14:20`,
      phase: 'CONTINUOUS',
      marks: 'stale',
      ltp: 404,
      level: 1,
      bid_px: 427.25,
      bid_qty: 4_738,
      bid_orders: 2,
      ask_px: 427.4,
    });
    expect(ladder[4]).toMatchObject({ level: 5, bid_px: null, ask_qty: null });
  });

  test('closing-auction shows the snapshots of the closing auction', async () => {
    const auction = { phase: 'CAS_ENTRY', phase_certainty: 'sourced', snapshots: 12 };
    const seen = { first_ltp: 400, last_ltp: 411, traded_qty: 110 };
    expect(await runQuery('closing-auction', DATE)).toMatchObject([
      {
        ...auction,
        ...seen,
        symbol: 'NSE:INFY-EQ',
        marked_snapshots: 1,
        first_slot_ist: `${DATE} 15:20:00`,
      },
      {
        ...auction,
        ...seen,
        symbol: 'NSE:SBIN-EQ',
        marked_snapshots: 0,
        last_slot_ist: `${DATE} 15:20:55`,
      },
    ]);
  });
});
