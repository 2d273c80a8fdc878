// Measures the run time of the program compared with an empty one: each in a fresh Node, by turns,
// against the SDK's mock monitor.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Measure, median } from './measure.ts';

/** Odd, so that the median is the value of a run. */
const RUNS = 7;
const CHILD = fileURLToPath(new URL('program-child.ts', import.meta.url));
const OURS = path.join(import.meta.dirname, '..', 'infra', 'main.js');
const ENV_FILE = 'FYERS_CLIENT_ID=BENCHMARK1-100\nFYERS_SECRET_KEY=BENCH12345\n';

/**
 * Medians of the whole process, from its start to its end.
 *
 * @throws if a program fails
 */
export function programMeasure(): Measure {
  const folder = mkdtempSync(path.join(tmpdir(), 'fyers-bench-'));
  writeFileSync(path.join(folder, '.env'), ENV_FILE);
  try {
    // The first run of each only fills the disk's cache.
    runMs(folder, OURS);
    runMs(folder);
    const ours: number[] = [];
    const empty: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      ours.push(runMs(folder, OURS));
      empty.push(runMs(folder));
    }
    return {
      what: 'program, compared with an empty one',
      unit: 'ms',
      ours: Math.round(median(ours)),
      baseline: Math.round(median(empty)),
      aim: { ratioAtMost: 2.5 },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param entry entry file of the program; default: an empty program */
function runMs(operatorDir: string, ...entry: readonly string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [CHILD, operatorDir, ...entry], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The program failed: ${stderr}`);
  return performance.now() - began;
}
