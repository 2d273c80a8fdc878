// Measures the compaction of the largest day that the storage is designed for, 3.4 million messages of
// 15 TBT symbols, as the harvester's child does it, by turns with DuckDB, which reads the best-bid
// changes of all symbols from the file that it made.
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { dayFolders } from '../adapters/recordings/data-folder.ts';
import { istDate, istInstant } from '../core/time.ts';
import { ensureVenv } from '../sandbox/aws/venv.ts';
import { compactionFlags, lastLineOf, PEAK_KIB, PYTHON_PEAK_KIB } from './child.ts';
import { type Measure, median } from './measure.ts';
import { writeStreamDay } from './stream-day.ts';

const DATE = istDate('2026-11-25');
const MAIN = path.join(import.meta.dirname, '..', 'harvester', 'main.ts');
const USED = `const u=process.resourceUsage();process._rawDebug(u.userCPUTime+u.systemCPUTime,${PEAK_KIB})`;
const ROUNDS = 3;
/** The first measurement of this storage: 15 s next to 0.6 s, and twice as much is allowed. */
const RATIO = (2 * 15) / 0.6;

const DUCKDB = `
import duckdb, sys, time
db = duckdb.connect()
begun = time.process_time()
db.execute(f"""
  SELECT symbol, count(*) FROM (
    SELECT symbol, price, quantity, lag(price) OVER w AS p, lag(quantity) OVER w AS q
    FROM '{sys.argv[1]}' WHERE side = 'bid' AND level = 0
    WINDOW w AS (PARTITION BY symbol ORDER BY update_number))
  WHERE price IS DISTINCT FROM p OR quantity IS DISTINCT FROM q GROUP BY symbol""").fetchall()
used = round((time.process_time() - begun) * 1e6)
print(used, ${PYTHON_PEAK_KIB}, file=sys.stderr)
`;

/** @param dir folder for the day: half a gigabyte for some minutes */
export async function streamCompactionMeasures(dir: string): Promise<readonly Measure[]> {
  const data = await mkdtemp(path.join(dir, 'stream-compaction-'));
  const opensAt = istInstant(DATE, '09:15');
  const rate = { symbols: 15, seconds: 22_500, perSecond: 10 };
  await writeStreamDay({
    ...{ dataDir: data, date: DATE, opensAt, feed: 'tbt', ...rate, hasFaults: false },
  });
  const folder = dayFolders(data).folder(DATE);
  const { python } = await ensureVenv('parquet-bench', ['duckdb==2.0.0', 'pyarrow==26.0.1']);
  const flags = compactionFlags(USED);
  const args = ['compact', '--data', data, '--date', DATE, '--shard', '0'];
  const ours: (readonly [number, number])[] = [];
  const duckdb: (readonly [number, number])[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await rm(folder.pathOf('manifest.json'), { force: true });
    ours.push(await used(process.execPath, [...flags, MAIN, ...args]));
    duckdb.push(await used(python, ['-c', DUCKDB, folder.pathOf('updates.parquet')]));
  }
  await rm(data, { recursive: true });
  const ms = (runs: typeof ours) => Math.round(median(runs.map(([micros]) => micros)) / 1_000);
  const peak = Math.round(Math.max(...ours.map(([, kiB]) => kiB)) / 1_024);
  return [
    {
      what: "3.4 M messages to updates, next to DuckDB's best bids of them: processor time",
      ...{ unit: 'ms', ours: ms(ours), baseline: ms(duckdb), aim: { ratioAtMost: RATIO } },
    },
    { what: '… peak memory', unit: 'MiB', ours: peak, baseline: null, aim: { atMost: 256 } },
  ];
}

/** Microseconds of processor time and peak memory in KiB, as the child reports them. */
async function used(file: string, args: readonly string[]): Promise<readonly [number, number]> {
  const [micros, kiB] = (await lastLineOf(file, args)).split(' ').map(Number);
  return [micros ?? NaN, kiB ?? NaN];
}
