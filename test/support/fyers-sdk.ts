// Installs the broker's official Node SDK, which is not a dependency of the project. Its exact version, and those of all
// that it needs, with their hashes, are in `test/full/fyers-sdk/package-lock.json`.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const TEST = path.join(import.meta.dirname, '..');
export const PINNED_SDK = path.join(TEST, 'full', 'fyers-sdk');
const CACHE = path.join(TEST, '..', 'node_modules', '.cache', 'fyers');

/**
 * Installs on first use, outside of the project and without install scripts. Installs into a temporary folder and renames
 * it, so that an interrupted run leaves no incomplete SDK.
 * @returns the SDK's folder
 */
export async function installedSdk(): Promise<string> {
  const lock = await readFile(path.join(PINNED_SDK, 'package-lock.json'), 'utf8');
  const key = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const home = path.join(CACHE, `fyers-sdk-${key}`);
  if (await stat(home).catch(() => null)) return home;
  await mkdir(CACHE, { recursive: true });
  const building = await mkdtemp(`${home}.`);
  try {
    for (const name of ['package.json', 'package-lock.json']) {
      await copyFile(path.join(PINNED_SDK, name), path.join(building, name));
    }
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
    await promisify(execFile)('npm', ['ci', ...flags], { cwd: building, timeout: 120_000 });
    await rename(building, home);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return home;
}
