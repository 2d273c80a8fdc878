// Starts `npm start` in child processes with their own folder for temporary files, so that
// leftovers can be found.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { istDate, istInstant } from '../../core/time.ts';
import { throwAwayFolder } from '../../sandbox/operator-folder.ts';
import { ROOT } from '../support/source-tree.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';

const START = path.join(ROOT, 'sandbox', 'start.ts');

/**
 * Returns a PATH without the Pulumi CLI, as a newcomer has it: the run without the CLI is the fast
 * one.
 */
export function withoutPulumi(): string {
  const dirs = (process.env['PATH'] ?? '').split(path.delimiter);
  return dirs.filter((dir) => !dir.includes('pulumi')).join(path.delimiter);
}

/**
 * Call this at the top of a test file: it creates the folder before the tests and removes it after
 * them.
 */
export function startRunner(PATH = withoutPulumi()) {
  const folder = makeFolderPerFile();

  const operatorFolder = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const dir = await mkdtemp(path.join(folder.path, 'operator-'));
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text);
    return dir;
  };

  const startIn = (env: Readonly<Record<string, string>>, ...argv: readonly string[]) => {
    const child = spawn(process.execPath, [START, ...argv], {
      cwd: ROOT,
      env: { PATH, HOME: folder.path, TMPDIR: folder.path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const pieces: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.stderr.on('data', (piece: Buffer) => pieces.push(piece));
    const saidSoFar = () => Buffer.concat(pieces).toString();
    const ended = once(child, 'close').then(([code]) => ({
      code: Number(code),
      said: saidSoFar(),
    }));
    /** Waits for the text, or for the end. */
    const until = async (words: string): Promise<void> => {
      const printed = new Promise<void>((resolve) => {
        const look = (): void => {
          if (saidSoFar().includes(words)) resolve();
        };
        child.stdout.on('data', look);
        look();
      });
      await Promise.race([printed, ended]);
    };
    /** Sends the signal. @throws Error if the process lives on for many seconds */
    const stop = async (...signals: readonly NodeJS.Signals[]) => {
      for (const signal of signals) child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), MAX_STOP_MS);
      const result = await ended;
      clearTimeout(late);
      if (child.signalCode === 'SIGKILL') throw new Error(`It lived on.\n${result.said}`);
      return result;
    };
    return { child, ended, saidSoFar, until, stop };
  };

  return {
    folder: () => folder.path,
    operatorFolder,
    startIn,
    start: (...argv: readonly string[]) => startIn({}, ...argv),
    /**
     * Creates a folder as a user of the Python original has it, with one symbol so that the day is
     * short.
     */
    quickFolder: async (everySeconds = 60): Promise<string> => {
      const dir = await operatorFolder({});
      await throwAwayFolder(dir, 'today', istInstant(istDate('2026-11-25'), '07:00'));
      const quick = `FYERS_SYMBOLS=NSE:SBIN-EQ\nFYERS_EVERY_SECONDS=${String(everySeconds)}\n`;
      await appendFile(path.join(dir, '.env'), quick);
      return dir;
    },
    leftovers: async (): Promise<readonly string[]> =>
      (await readdir(folder.path)).filter(
        (name) => !name.startsWith('operator-') && name !== RUSTUP,
      ),
    /**
     * Lists the command lines of processes with the folder in their environment; empty except on
     * Linux.
     */
    processes: (): readonly string[] =>
      process.platform === 'linux' ? processesOf(folder.path) : [],
  };
}

/** pip calls `rustc` when it installs the emulator, and the rustc of rustup creates this folder. */
const RUSTUP = '.rustup';

/** A stop takes less than a second on a machine that is not busy. */
const MAX_STOP_MS = 10_000;

function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return environment.includes(folder) ? [command] : [];
    } catch {
      return [];
    }
  });
}
