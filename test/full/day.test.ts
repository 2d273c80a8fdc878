// Compares a recorded day in the bucket, read by DuckDB, with the simulator's ledger.
import { execFile } from 'node:child_process';
import { appendFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OBJECTS, REFERENCE_SYMBOLS } from '../../core/config/names.ts';
import { istDate } from '../../core/time.ts';
import { ensureVenv } from '../../sandbox/aws/venv.ts';
import { startStandIns, type StandIns } from '../../sandbox/stand-ins.ts';
import { dayInBucket, servedSince } from '../../sandbox/steps/bucket-day.ts';
import { harvestDay, instanceOf } from '../../sandbox/steps/harvest-day.ts';
import { provision } from '../../sandbox/steps/provision.ts';
import { clientOptions, invoke } from '../../sandbox/steps/token.ts';
import { quietProgress } from '../support/quiet-progress.ts';

const DATE = istDate('2026-12-07');
const UNKNOWN = 'NSE:NOSUCH-EQ';
/** Every thirty seconds from 09:00 to 16:00. */
const SLOTS = 840;

const SUMS = `
import duckdb, json, sys
levels = lambda side, what, of: ' + '.join(f'sum({of.format(f"{side}_{what}_{n}")})' for n in range(1, 6))
paise, whole = 'cast(round({} * 100) as bigint)', '{}'
query = f'''select symbol, count(*), sum({paise.format('ltp')}), sum(total_buy_qty), sum(total_sell_qty),
  {levels('bid', 'px', paise)}, {levels('bid', 'qty', whole)}, {levels('ask', 'px', paise)}, {levels('ask', 'qty', whole)},
  sum(volume) from read_parquet('{sys.argv[1]}') group by symbol'''
names = ['books', 'lastPaise', 'totalBuyQuantity', 'totalSellQuantity', 'bidPaise', 'bidQuantity', 'askPaise', 'askQuantity', 'volume']
rows = duckdb.sql(query).fetchall()
print(json.dumps({row[0]: dict(zip(names, map(int, row[1:]))) for row in rows}))
`;

let standIns: StandIns;
let bucket = '';
/** The ledger before the day, such as the book of the token's proof. */
let before: ReturnType<StandIns['simulator']['ledger']>;

beforeAll(async () => {
  standIns = await startStandIns({ date: DATE, broker: 'accepting', env: null, seed: 'day' });
  const symbols = [...REFERENCE_SYMBOLS, UNKNOWN].join(',');
  const settings = `FYERS_SYMBOLS=${symbols}\nFYERS_EVERY_SECONDS=30\n`;
  await appendFile(path.join(standIns.operator.dir, '.env'), settings);
  const made = await provision(standIns, quietProgress);
  bucket = String(made.outputs['bucket']);
  await invoke(standIns.emulator, String(made.outputs['functionName']));
  const account = String(made.outputs['topic']).split(':')[4] ?? '';
  const instance = instanceOf(made.registered, (role) => `arn:aws:iam::${account}:role/${role}`);
  before = standIns.simulator.ledger();
  await harvestDay(standIns, instance, DATE, quietProgress);
});
afterAll(async () => {
  await standIns[Symbol.asyncDispose]();
});

test('DuckDB reads from the Parquet the sums that the simulator served, to the paisa and the share', async () => {
  const s3 = new S3Client({ ...clientOptions(standIns.emulator), forcePathStyle: true });
  const Key = OBJECTS.dayFile(DATE, '0', 'depth.parquet');
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
  const file = path.join(standIns.dir, 'depth.parquet');
  await writeFile(file, (await Body?.transformToByteArray()) ?? '');
  const { python } = await ensureVenv('duckdb', ['duckdb==2.0.0']);
  const { stdout } = await promisify(execFile)(python, ['-c', SUMS, file]);
  const ledger = servedSince(before, standIns.simulator.ledger());
  expect(Object.keys(ledger)).toHaveLength(REFERENCE_SYMBOLS.length);
  expect(JSON.parse(stdout)).toEqual(ledger);
});

test('An unknown symbol is a hole with unknown-symbol, and no other slot is missing', async () => {
  const { emulator, simulator } = standIns;
  const day = await dayInBucket(emulator, bucket, DATE, servedSince(before, simulator.ledger()));
  expect(day).toMatchObject({
    expected: 6 * SLOTS,
    received: 5 * SLOTS,
    explained: SLOTS,
    holes: { 'unknown-symbol': SLOTS },
    differences: [],
  });
});

test('The segments that the instance role uploaded during the day equal the day log and the event log', async () => {
  const s3 = new S3Client({ ...clientOptions(standIns.emulator), forcePathStyle: true });
  const { emulator, simulator } = standIns;
  const { objects } = await dayInBucket(
    emulator,
    bucket,
    DATE,
    servedSince(before, simulator.ledger()),
  );
  const linesOf = async (keys: readonly string[]): Promise<readonly string[]> => {
    const texts: string[] = [];
    for (const Key of keys) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      texts.push(gunzipSync((await Body?.transformToByteArray()) ?? '').toString('utf8'));
    }
    return texts
      .flatMap((text) => text.split('\n'))
      .filter((line) => line !== '' && !line.startsWith('timestamp,'));
  };
  const keys = objects.map(({ key }) => key).toSorted();
  const pairs = [
    [/\/day-\d{4}\.csv\.gz$/, 'day.log.gz'],
    [/\/events-\d{4}\.jsonl\.gz$/, 'events.jsonl.gz'],
  ] as const;
  for (const [piece, whole] of pairs) {
    const pieces = keys.filter((key) => piece.test(key));
    expect(pieces.length).toBeGreaterThan(2);
    expect(await linesOf(pieces)).toEqual(await linesOf([OBJECTS.dayFile(DATE, '0', whole)]));
  }
});
