// Creates private Python environments for tools that exist only on PyPI, next to node_modules.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { FyersError, toError } from '../../core/errors.ts';

const run = promisify(execFile);

const ROOT = path.join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'fyers');
const CANDIDATES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
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
  const key = createHash('sha256').update(requirements.join('\n')).digest('hex').slice(0, 12);
  const home = path.join(ROOT, `${name}-${key}`);
  const venv = { python: path.join(home, 'bin', 'python') };
  if (await exists(venv.python)) return venv;
  const python = await modernPython();
  await mkdir(ROOT, { recursive: true });
  // Build in a temporary folder and rename, so that an interrupted run leaves nothing partial and two runs do not
  // collide.
  const building = await mkdtemp(`${home}.`);
  try {
    await run(python, ['-m', 'venv', building]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(path.join(building, 'bin', 'python'), [...pip, ...requirements], {
      timeout: 300_000,
    });
    await rename(building, home);
  } catch (caught) {
    await rm(building, { recursive: true, force: true });
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
    'The stand-in for AWS needs Python 3.10 or newer with its venv module, and none was found.',
    'Install it (on Debian: apt install python3-venv), or set AWS_ENDPOINT_URL to an emulator of your own.',
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
