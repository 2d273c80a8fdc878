// Runs the benchmarks: `npm run bench [-- --json]`. Every number is a count, or a ratio within one
// run, so that it is comparable between machines.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { coldMeasures } from './cold-start.ts';
import { compactionMeasures } from './compaction.ts';
import { collectorMeasures } from './collector.ts';
import { type Aim, type Measure, isReached, ratioOf } from './measure.ts';
import { programMeasure } from './program.ts';
import { packReference } from './reference-package.ts';
import { slotsMeasures } from './slots.ts';
import { streamCompactionMeasures } from './stream-compaction.ts';
import { recorderMeasures } from './stream-recorder.ts';
import { streamMeasures } from './stream.ts';
import { zipMeasures } from './zip-size.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const measures = await allMeasures();
process.stdout.write(values.json ? `${jsonOf(measures)}\n` : `${tableOf(measures)}\n`);

async function allMeasures(): Promise<readonly Measure[]> {
  const dir = await mkdtemp(path.join(tmpdir(), 'fyers-bench-'));
  try {
    const reference = await packReference(dir);
    return [
      programMeasure(),
      ...(await zipMeasures(reference, dir)),
      ...(await coldMeasures(reference, dir)),
      ...(await slotsMeasures()),
      ...(await collectorMeasures(dir)),
      ...(await compactionMeasures(dir)),
      ...(await streamMeasures(dir)),
      ...(await recorderMeasures(dir)),
      ...(await streamCompactionMeasures(dir)),
    ];
  } finally {
    await rm(dir, { recursive: true });
  }
}

function jsonOf(all: readonly Measure[]): string {
  const lines = all.map((each) => ({ ...each, ratio: ratioOf(each), reached: isReached(each) }));
  return JSON.stringify(lines, null, 2);
}

function tableOf(all: readonly Measure[]): string {
  const head = ['', 'ours', 'baseline', 'ratio', 'aim', 'reached'];
  const lines = [head, ...all.map(lineOf)];
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const text = (line: readonly string[]) =>
    line
      .map((cell, column) => paint(pad(cell, widths[column] ?? 0, column)))
      .join('  ')
      .trimEnd();
  return lines.map(text).join('\n');
}

function lineOf(measure: Measure): readonly string[] {
  const { what, unit, ours, baseline, aim } = measure;
  const amount = (value: number | null) =>
    value === null ? '–' : `${value.toLocaleString('en')} ${unit}`;
  const ratio = ratioOf(measure)?.toFixed(2) ?? '–';
  return [what, amount(ours), amount(baseline), ratio, aimText(aim), verdict(isReached(measure))];
}

function verdict(reached: boolean | null): string {
  if (reached === null) return '–';
  return reached ? 'yes' : 'NO';
}

function aimText(aim: Aim | null): string {
  if (aim === null) return '–';
  if ('ratioAtMost' in aim) return `ratio ≤ ${String(aim.ratioAtMost)}`;
  return 'atMost' in aim
    ? `≤ ${aim.atMost.toLocaleString('en')}`
    : `= ${aim.exactly.toLocaleString('en')}`;
}

/** Aligns names left and numbers right. */
function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** Colours the verdicts at a terminal; piped output is plain. */
function paint(cell: string): string {
  switch (cell.trim()) {
    case 'yes':
      return styleText('green', cell);
    case 'NO':
      return styleText(['bold', 'red'], cell);
    default:
      return cell;
  }
}
