// Creates private Python environments for tools that exist only on PyPI, next to node_modules.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { FyersError, toError } from '../../core/errors.ts';
import { temporaryFolder } from '../ending.ts';

const run = promisify(execFile);

const ROOT = path.join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'fyers');
const CANDIDATES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
/** The largest set, without its dependencies, took 274 s on a busy machine. */
const INSTALL_TIMEOUT_MS = 600_000;
const IS_MODERN = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 1)';

export interface Venv {
  /** Run tools with `-m`: the scripts next to it contain the path at which the environment was built. */
  readonly python: string;
}

/**
 * Creates the environment with `requirements` (each `name==version`) on first use and keeps it.
 * @throws FyersError `operator.prerequisite` without Python 3.10+, or if pip cannot install.
 */
export async function ensureVenv(name: string, requirements: readonly string[]): Promise<Venv> {
  const { home, venv } = placeOf(name, requirements);
  if (await exists(venv.python)) return venv;
  const python = await modernPython();
  await mkdir(ROOT, { recursive: true });
  // Build in a temporary folder and rename, so that an interrupted run leaves nothing partial and two runs do not
  // collide.
  await using building = await temporaryFolder(`${home}.`);
  const { dir } = building;
  try {
    await run(python, ['-m', 'venv', dir]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(path.join(dir, 'bin', 'python'), [...pip, ...requirements], {
      timeout: INSTALL_TIMEOUT_MS,
    });
    await rename(dir, home);
    building.keep();
  } catch (caught) {
    if (await exists(venv.python)) return venv;
    const cause = toError(caught);
    throw new FyersError(
      'operator.prerequisite',
      `Python could not install ${requirements.join(', ')}: ${lastLine(cause.message)}`,
      'Check that PyPI can be reached, then run the command again.',
      { cause },
    );
  }
  return venv;
}

/**
 * Checks what {@link ensureVenv} needs, and makes nothing.
 * @returns whether the environment is there already
 * @throws FyersError `operator.prerequisite` without Python 3.10+
 */
export async function checkVenv(name: string, requirements: readonly string[]): Promise<boolean> {
  if (await exists(placeOf(name, requirements).venv.python)) return true;
  await modernPython();
  return false;
}

function placeOf(name: string, requirements: readonly string[]) {
  const key = createHash('sha256').update(requirements.join('\n')).digest('hex').slice(0, 12);
  const home = path.join(ROOT, `${name}-${key}`);
  return { home, venv: { python: path.join(home, 'bin', 'python') } };
}

async function modernPython(): Promise<string> {
  for (const candidate of CANDIDATES) {
    try {
      await run(candidate, ['-c', IS_MODERN]);
      return candidate;
    } catch {
      // Not installed, too old or without venv: try the next one.
    }
  }
  throw new FyersError(
    'operator.prerequisite',
    'The stand-in for AWS needs Python 3.10 or newer with its venv module, and none was found on the PATH.',
    'Install it, then run the command again. On Debian and Ubuntu: `sudo apt install python3-venv`; on a Mac: `brew install python`.',
  );
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
