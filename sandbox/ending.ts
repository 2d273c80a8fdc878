// Ends a run at any point; `npm start` ends only here. Kills every child process, removes every temporary folder, and
// exits. It does not wait for the current step, which may be waiting for anything, and everything here is synchronous.
// The processes are read from the system's process table, because a list kept here would miss those that the Pulumi
// engine and the emulator start.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { toError } from '../core/errors.ts';

const folders = new Set<string>();

export interface TemporaryFolder extends AsyncDisposable {
  readonly dir: string;
  /** Keeps the folder: it now is a result of the run. */
  readonly keep: () => void;
}

/** Makes a folder that is removed on disposal and when the run ends before that. */
export async function temporaryFolder(prefix: string): Promise<TemporaryFolder> {
  return removeAtEnd(await mkdtemp(prefix));
}

/** As {@link temporaryFolder}, for a folder that exists. */
export function removeAtEnd(dir: string): TemporaryFolder {
  folders.add(dir);
  return {
    dir,
    keep: () => folders.delete(dir),
    [Symbol.asyncDispose]: async () => {
      if (!folders.has(dir)) return;
      await rm(dir, { recursive: true, force: true });
      folders.delete(dir);
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** The exit code of every operator error. */
const STOPPED_EXIT_CODE = 2;
const FAULT_EXIT_CODE = 70;

export interface Ending {
  /** Waits for a stop, which then is no failure. */
  readonly untilStopped: () => Promise<never>;
  /** Ends every process, removes every folder, and exits. */
  readonly exit: (code: number) => never;
}

/**
 * From here on signals, a closed standard output and uncaught errors end the run.
 * @param report prints the last line
 */
export function endOnStop(report: (isGood: boolean, text: string) => void): Ending {
  let isExpected = false;
  const exit = (code: number): never => {
    end();
    process.exit(code);
  };
  const stop = (why: string, code: number): never => {
    const problems = end();
    const rest = problems.length === 0 ? ENDED : `Not removed: ${problems.join('; ')}.`;
    report(isExpected, `${why} ${rest}`);
    process.exit(isExpected ? 0 : code);
  };
  for (const name of SIGNALS) {
    process.on(name, () => stop(`Stopped (${name}).`, STOPPED_EXIT_CODE));
  }
  process.stdout.on('error', () => {
    isExpected = false;
    end();
    process.stderr.write(`Stopped: nothing reads the output any more. ${ENDED}\n`);
    process.exit(STOPPED_EXIT_CODE);
  });
  process.stderr.on('error', () => undefined);
  for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(name, (caught: unknown) => {
      isExpected = false;
      stop(`${toError(caught).stack ?? ''}\n`, FAULT_EXIT_CODE);
    });
  }
  return {
    exit,
    untilStopped: () => {
      isExpected = true;
      return new Promise<never>(() => undefined);
    },
  };
}

const ENDED = 'All its processes have ended, and its temporary files are removed.';

/** Returns the folders that cannot be removed, with the reason. */
function end(): readonly string[] {
  killDescendants();
  return [...folders].flatMap((dir) => {
    try {
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      return [];
    } catch (caught) {
      return [`${dir} (${toError(caught).message})`];
    }
  });
}

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly isZombie: boolean;
}

const MAX_WAIT_MS = 3_000;

/** Stops each process before it looks for the next ones, so that none can start another in the meantime. */
function killDescendants(): void {
  const found = new Map<number, Row>();
  for (let fresh = descendants(); fresh.length > 0;) {
    for (const row of fresh) {
      found.set(row.pid, row);
      send(row.pid, 'SIGSTOP');
    }
    fresh = descendants().filter(({ pid }) => !found.has(pid));
  }
  const own = processTable().find(({ pid }) => pid === process.pid)?.group;
  const groups = new Set([...found.values()].map(({ group }) => group));
  // A group also has the processes whose parent has ended, such as functions of the emulator.
  for (const group of groups) if (group !== own && group > 1) send(-group, 'SIGKILL');
  for (const pid of found.keys()) send(pid, 'SIGKILL');
  const giveUpAt = performance.now() + MAX_WAIT_MS;
  const isLeft = ({ pid, isZombie }: Row) => found.has(pid) && !isZombie;
  while (processTable().some(isLeft) && performance.now() < giveUpAt) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

function descendants(): readonly Row[] {
  const rows = processTable();
  const below = new Set([process.pid]);
  for (let before = 0; before !== below.size;) {
    before = below.size;
    for (const { pid, parent } of rows) if (below.has(parent)) below.add(pid);
  }
  return rows.filter(({ pid, isZombie }) => pid !== process.pid && below.has(pid) && !isZombie);
}

function processTable(): readonly Row[] {
  return process.platform === 'linux' ? linuxTable() : psTable();
}

/** Reads /proc instead of running `ps`, which small images do not have. */
function linuxTable(): readonly Row[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The name of the program, in brackets, may contain anything.
        const text = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent, group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return [rowOf([name, parent, group, state])];
      } catch {
        return [];
      }
    });
}

function psTable(): readonly Row[] {
  const { stdout, pid: ps } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,state='], {
    encoding: 'utf8',
  });
  const rows = stdout.split('\n').map((line) => rowOf(line.trim().split(/\s+/)));
  return rows.filter(({ pid }) => pid !== ps && pid > 0);
}

function rowOf([pid, parent, group, state]: readonly (string | undefined)[]): Row {
  const isZombie = state?.startsWith('Z') === true;
  return { pid: Number(pid), parent: Number(parent), group: Number(group), isZombie };
}
