// Measures the compaction of a million rows as the harvester's child does it, compared with
// DuckDB's COPY and pyarrow's writer on the same log.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { dayFolders } from '../adapters/recordings/data-folder.ts';
import { dayOf } from '../core/market/calendar.ts';
import { istDate } from '../core/time.ts';
import { ensureVenv } from '../sandbox/aws/venv.ts';
import { compactionFlags, lastLineOf, PEAK_KIB, PYTHON_PEAK_KIB } from './child.ts';
import { writeBenchDay } from './compaction-day.ts';
import { type Measure, median } from './measure.ts';

const DATE = istDate('2026-11-25');
const MAIN = path.join(import.meta.dirname, '..', 'harvester', 'main.ts');
const PARQUET_ALONE = path.join(import.meta.dirname, 'parquet-child.ts');

const DUCKDB = `
import duckdb, sys
db = duckdb.connect()
db.execute(f"COPY (SELECT * FROM read_csv('{sys.argv[1]}')) TO '{sys.argv[2]}' (FORMAT parquet, COMPRESSION zstd)")
print(${PYTHON_PEAK_KIB}, file=sys.stderr)
`;
const PYARROW = `
import pyarrow.csv as csv, pyarrow.parquet as pq, sys
with csv.open_csv(sys.argv[1], csv.ReadOptions(block_size=16 << 20)) as reader:
    with pq.ParquetWriter(sys.argv[2], reader.schema, compression='zstd') as writer:
        for batch in reader:
            writer.write_batch(batch)
print(${PYTHON_PEAK_KIB}, file=sys.stderr)
`;

interface Run {
  readonly ms: number;
  readonly peakMiB: number;
  readonly bytes: number;
}

/** @param dir folder for the day: a gigabyte for some minutes */
export async function compactionMeasures(dir: string): Promise<readonly Measure[]> {
  const day = dayOf(DATE);
  if (day.kind === 'closed') throw new RangeError(`closed: ${day.why}`);
  const data = await mkdtemp(path.join(dir, 'compaction-'));
  try {
    const rows = await writeBenchDay(data, day.plan);
    const folder = dayFolders(data).folder(DATE);
    const log = await logIn(path.join(data, 'days', DATE));
    const { python } = await ensureVenv('parquet-bench', ['duckdb==2.0.0', 'pyarrow==26.0.1']);
    const baseline = (name: string, script: string): Promise<Run> => {
      const file = path.join(data, `${name}.parquet`);
      return timed(python, ['-c', script, log, file], () => file);
    };
    const flags = compactionFlags(`process._rawDebug(${PEAK_KIB})`);
    const ours = async (...args: readonly string[]): Promise<Run> => {
      await rm(folder.pathOf('manifest.json'), { force: true });
      return timed(process.execPath, [...flags, ...args], () => folder.pathOf('depth.parquet'));
    };
    const runs = await byTurns({
      duckdb: () => baseline('duckdb', DUCKDB),
      alone: () => ours(PARQUET_ALONE, data, DATE),
      pyarrow: () => baseline('pyarrow', PYARROW),
      whole: () => ours(MAIN, 'compact', '--data', data, '--date', DATE, '--shard', '0'),
    });
    return [
      ...linesOf(`1 M rows compared with DuckDB's COPY`, rows, runs.alone, runs.duckdb, true),
      ...linesOf('1 M rows compared with pyarrow', rows, runs.alone, runs.pyarrow, false),
      ...linesOf(
        `1 M rows and their log compared with DuckDB's COPY`,
        rows,
        runs.whole,
        runs.duckdb,
        false,
      ),
    ];
  } finally {
    await rm(data, { recursive: true });
  }
}

/** Number of runs of each side; the result is the median. */
const ROUNDS = 3;

async function byTurns<Name extends string>(
  sides: Readonly<Record<Name, () => Promise<Run>>>,
): Promise<Readonly<Record<Name, Run>>> {
  const names = Object.keys(sides) as Name[];
  const runs = new Map(names.map((name) => [name, [] as Run[]]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of names) runs.get(name)?.push(await sides[name]());
  }
  const middle = (name: Name): Run => {
    const all = runs.get(name) ?? [];
    const of = (what: keyof Run): number => median(all.map((run) => run[what]));
    return { ms: of('ms'), peakMiB: of('peakMiB'), bytes: of('bytes') };
  };
  return Object.fromEntries(names.map((name) => [name, middle(name)])) as Record<Name, Run>;
}

function linesOf(
  what: string,
  rows: number,
  ours: Run,
  baseline: Run,
  aimed: boolean,
): readonly Measure[] {
  const aim = (ratioAtMost: number) => (aimed ? { ratioAtMost } : null);
  const perRow = (bytes: number): number => Math.round((10 * bytes) / rows) / 10;
  return [
    { what: `${what}: time`, unit: 'ms', ours: ours.ms, baseline: baseline.ms, aim: aim(3) },
    {
      what: '… peak memory',
      unit: 'MiB',
      ours: ours.peakMiB,
      baseline: baseline.peakMiB,
      aim: aim(0.6),
    },
    {
      what: '… bytes a row',
      unit: 'bytes',
      ours: perRow(ours.bytes),
      baseline: perRow(baseline.bytes),
      aim: aim(1),
    },
  ];
}

async function logIn(folder: string): Promise<string> {
  const name = (await readdir(folder)).find((each) => each.endsWith('.csv'));
  if (name === undefined) throw new RangeError(`no day log in ${folder}`);
  return path.join(folder, name);
}

/** @param fileOf the file that the process writes */
async function timed(file: string, args: readonly string[], fileOf: () => string): Promise<Run> {
  const begun = performance.now();
  const peakKiB = Number(await lastLineOf(file, args));
  const ms = Math.round(performance.now() - begun);
  return { ms, peakMiB: Math.round(peakKiB / 1024), bytes: (await stat(fileOf())).size };
}
