// Starts the parts that a run needs before the program: a private folder, the emulator, the simulator, and an
// operator's folder.
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { istInstant, type IstDate } from '../core/time.ts';
import { temporaryFolder } from './ending.ts';
import { emulatorOrExisting, type Emulator } from './aws/emulator.ts';
import { startFyers, type FyersSimulator } from './fyers/server.ts';
import { ownFolder, throwAwayFolder, type OperatorFolder } from './operator-folder.ts';

export const ROOT = path.join(import.meta.dirname, '..');

export interface StandIns extends AsyncDisposable {
  /** Private, outside the repository, removed at the end. */
  readonly dir: string;
  readonly emulator: Emulator;
  readonly simulator: FyersSimulator;
  readonly operator: OperatorFolder;
  /** As in {@link StandInOptions}. */
  readonly feed: string | null;
  /** The harvester's data folder, inside `dir`. */
  readonly dataDir: string;
}

export interface StandInOptions {
  readonly date: IstDate;
  readonly broker: 'accepting' | 'today';
  readonly env: string | null;
  readonly seed: string;
  /** Null or absent: the feed of the folder's `.env`, or `rest`. */
  readonly feed?: string | null;
}

/** The virtual day starts at 07:00 IST, the time of the daily schedule. */
export async function startStandIns(options: StandInOptions): Promise<StandIns> {
  await using started = new AsyncDisposableStack();
  const { dir } = started.use(await temporaryFolder(path.join(os.tmpdir(), 'fyers-')));
  const startsAt = istInstant(options.date, '07:00');
  const operatorDir = path.join(dir, 'operator');
  await mkdir(operatorDir);
  const operator =
    options.env === null
      ? await throwAwayFolder(operatorDir, options.seed, startsAt)
      : ownFolder(options.env);
  const refresh = options.broker === 'today' ? 'refused' : 'accepted';
  const simulator = await startFyers({
    seed: options.seed,
    startsAt,
    refresh,
    apps: [operator.app],
  });
  started.defer(() => simulator.close());
  const emulatorDir = path.join(dir, 'aws');
  await mkdir(emulatorDir);
  const emulator = await emulatorOrExisting(
    { dir: emulatorDir, nodeModules: path.join(ROOT, 'node_modules'), lambdaNow: startsAt },
    process.env,
  );
  started.defer(() => emulator.close());
  const kept = started.move();
  const dataDir = path.join(dir, 'data');
  return {
    dir,
    emulator,
    simulator,
    operator,
    feed: options.feed ?? null,
    dataDir,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
