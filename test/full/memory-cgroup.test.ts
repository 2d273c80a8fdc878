// Records and compacts a whole day in a memory cgroup of 256 MiB (version 1 or 2).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseManifest } from '../../core/recording/manifest.ts';
import { REFERENCE_SYMBOLS } from '../../core/config/names.ts';
import { depthOf, startDepthServer } from '../support/depth-server.ts';
import { operatorToken } from '../support/operator-token.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const LIMIT = 256 * 1024 * 1024;
const CHILD = path.join(import.meta.dirname, '..', 'support', 'harvest-child.ts');
/** A regular one: 09:00 to 16:00, 5,040 slots of five seconds. */
const DATE = '2026-01-05';
const SLOTS = 5_040;

interface Cage {
  readonly folder: string;
  readonly limit: string;
  readonly peak: string;
}

/** Returns null if this user cannot create a cgroup. */
function cageHere(): Cage | null {
  const name = `fyers-${String(process.pid)}`;
  const roots = [
    {
      root: '/sys/fs/cgroup/memory',
      limit: 'memory.limit_in_bytes',
      peak: 'memory.max_usage_in_bytes',
    },
    { root: '/sys/fs/cgroup', limit: 'memory.max', peak: 'memory.peak' },
  ];
  for (const { root, limit, peak } of roots) {
    try {
      accessSync(root, constants.W_OK);
      const isUnified = existsSync(path.join(root, 'cgroup.subtree_control'));
      const handsOn =
        !isUnified ||
        readFileSync(path.join(root, 'cgroup.subtree_control'), 'utf8').includes('memory');
      const isMemory = isUnified || existsSync(path.join(root, limit));
      if (handsOn && isMemory) return { folder: path.join(root, name), limit, peak };
    } catch {
      // Not here, or not ours.
    }
  }
  return null;
}

const cage = process.getuid?.() === 0 ? cageHere() : null;
const title =
  cage === null ? 'In 256 MiB (skipped: requires root and a writable memory cgroup)' : 'In 256 MiB';

const folder = makeFolderPerTest();
beforeEach(async () => {
  if (cage === null) return;
  await mkdir(cage.folder, { recursive: true });
  await writeFile(path.join(cage.folder, cage.limit), String(LIMIT));
});
afterAll(async () => {
  if (cage !== null) await rmdir(cage.folder);
});

/** Runs a program in the cage, its children too, from its first instruction on. */
async function caged(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
  const child = spawn('sh', ['-c', script, cage?.folder ?? '', process.execPath, ...args], {
    cwd: folder.path,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  }
  await once(child, 'close');
  return { code: child.exitCode, signal: child.signalCode, said };
}

describe.skipIf(cage === null)(title, () => {
  test('a process that allocates more is killed', async () => {
    const { code, signal } = await caged([
      '-e',
      'const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1));',
    ]);
    expect(signal ?? code).not.toBe(0);
  });

  test('the harvester records and compacts a day of five symbols every five seconds', async () => {
    await using server = await startDepthServer(({ symbol }) => depthOf(symbol));
    await writeFile(path.join(folder.path, '.env'), 'FYERS_CLIENT_ID=ABCD1234EF-100\n');
    const token = operatorToken('access_token', `${DATE}T07:00:00+05:30`);
    await writeFile(path.join(folder.path, 'access_token.txt'), `${token}\n`);
    const data = path.join(folder.path, 'data');
    const symbols = REFERENCE_SYMBOLS.join(',');
    const args = ['--data', data, '--symbols', symbols, '--every', '5s', '--days', '1'];
    const start = `${DATE}T08:45:00+05:30`;
    const ended = await caged([CHILD, start, '-', ...args], { FYERS_API_URL: server.url });
    expect(ended).toMatchObject({ code: 0, signal: null });
    const manifest = path.join(data, 'days', DATE, 'manifest.json');
    expect(parseManifest(await readFile(manifest, 'utf8'))).toMatchObject({
      expected: 5 * SLOTS,
      received: 5 * SLOTS,
      unexplained: 0,
    });
    const peak = Number(await readFile(path.join(cage?.folder ?? '', cage?.peak ?? ''), 'utf8'));
    expect(peak).toBeGreaterThan(50 * 1024 * 1024);
    expect(peak).toBeLessThanOrEqual(LIMIT);
  });
});
