// Measures the cold start of the refresh function compared with the reference implementation's:
// fresh processes, by turns, in the same environment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { bundleCode } from '../infra/bundle.ts';
import { type ColdStage, coldStage } from './cold-stage.ts';
import { type Measure, median } from './measure.ts';
import { type Reference, unpackReference } from './reference-package.ts';

/** Odd, so that the median is the value of a run. */
const PAIRS = 15;
const RUNNER = fileURLToPath(new URL('invoke-child.js', import.meta.url));

/** A program and its arguments. */
export type Command = readonly [string, ...string[]];

/** Milliseconds since the process was started. */
export interface ColdStart {
  /** The handler's module is loaded, which Lambda calls init. */
  readonly loaded: number;
  /** The first request to AWS, after everything that it needs is loaded, in either phase. */
  readonly reachedAws: number;
  readonly answered: number;
  readonly answer: unknown;
}

/**
 * Medians of each side.
 *
 * @param dir private, outside the repository
 * @throws if a run gives no answer
 */
export async function coldMeasures(reference: Reference, dir: string): Promise<readonly Measure[]> {
  await using stage = await coldStage(dir);
  const ours = await ourCommand(dir);
  const theirs = await referenceCommand(reference, dir);
  // The first run of each only fills the disk's cache and Python's bytecode cache.
  await coldStart(stage, ours);
  await coldStart(stage, theirs);
  const pairs: (readonly [ColdStart, ColdStart])[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    pairs.push([await coldStart(stage, ours), await coldStart(stage, theirs)]);
  }
  const measure = (
    what: string,
    of: 'loaded' | 'reachedAws' | 'answered',
    ratioAtMost: number | null,
  ): Measure => ({
    what,
    unit: 'ms',
    ours: Math.round(median(pairs.map(([our]) => our[of]))),
    baseline: Math.round(median(pairs.map(([, their]) => their[of]))),
    aim: ratioAtMost === null ? null : { ratioAtMost },
  });
  return [
    measure('refresh function, cold, to its first call of AWS', 'reachedAws', 0.5),
    measure('… to its module loaded', 'loaded', null),
    measure('… to its answer', 'answered', 1),
  ];
}

/** Writes the deployed files to a separate folder. */
export async function ourCommand(dir: string): Promise<Command> {
  const folder = path.join(dir, 'ours');
  await mkdir(folder);
  const { functions } = await bundleCode();
  for (const [name, text] of Object.entries(functions.refresh)) {
    await writeFile(path.join(folder, name), text);
  }
  return [process.execPath, RUNNER, path.join(folder, 'refresh.mjs')];
}

/**
 * Unpacks the reference's package as Lambda does; boto3 is outside the package, as in Lambda's
 * runtime.
 */
export async function referenceCommand(reference: Reference, dir: string): Promise<Command> {
  const folder = path.join(dir, 'reference');
  await mkdir(folder);
  unpackReference(reference, folder);
  return [reference.python, reference.runner, folder, reference.module];
}

/**
 * Starts the function once on a new morning.
 *
 * @throws if the function ends without an answer
 */
export async function coldStart(stage: ColdStage, [program, ...args]: Command): Promise<ColdStart> {
  await stage.morning();
  const began = performance.now();
  const child = spawn(program, args, {
    env: stage.environment,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const reports: { readonly line: string; readonly at: number }[] = [];
  const channel = child.stdio[3];
  if (!(channel instanceof Readable)) throw new Error('no channel to the function');
  createInterface({ input: channel }).on('line', (line) => {
    reports.push({ line, at: performance.now() - began });
  });
  let problem = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (problem += text));
  await once(child, 'close');
  const [ready, answer] = reports;
  if (ready === undefined || answer === undefined) throw new Error(`No answer: ${problem}`);
  return {
    loaded: ready.at,
    reachedAws: stage.reachedAwsAt() - began,
    answered: answer.at,
    answer: JSON.parse(answer.line) as unknown,
  };
}
