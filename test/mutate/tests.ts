// Runs test files in a copy of the tree, and returns the first test that failed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { ROOT } from '../support/source-tree.ts';

export type Verdict =
  | { readonly kind: 'green' }
  /** A test failed. */
  | { readonly kind: 'red'; readonly file: string; readonly title: string }
  /** No test ran, or the tests did not end, so the result proves nothing. */
  | { readonly kind: 'broken'; readonly why: string };

const RUN_TIMEOUT_MS = 180_000;
const VITEST = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');

const Report = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.optional(z.string()),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** @param files relative to the root of the copy */
export async function runTests(files: readonly string[], folder: string): Promise<Verdict> {
  const report = path.join(folder, '.git', 'report.json');
  const config = files.every((file) => file.startsWith('test/full/'))
    ? ['--config', 'vitest.full.config.ts']
    : [];
  const flags = [...config, '--bail', '1', '--maxWorkers', '1', '--no-cache', '--silent'];
  // A group of its own, so that its workers end with it.
  const child = spawn(
    process.execPath,
    [VITEST, 'run', ...flags, '--reporter', 'json', '--outputFile', report, ...files],
    // The compiled modules of each copy would stay in node_modules.
    {
      cwd: folder,
      env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
      stdio: 'ignore',
      detached: true,
    },
  );
  const kill = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  process.prependOnceListener('exit', kill);
  const timer = setTimeout(kill, RUN_TIMEOUT_MS);
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  process.off('exit', kill);
  if (signal !== null) {
    return { kind: 'broken', why: `no end after ${String(RUN_TIMEOUT_MS / 1_000)} s` };
  }
  try {
    return verdictOf(readFileSync(report, 'utf8'), folder);
  } catch (caught) {
    return { kind: 'broken', why: `no report: ${String(caught)}` };
  } finally {
    rmSync(report, { force: true });
  }
}

/** @param text of Vitest's report in JSON */
export function verdictOf(text: string, folder: string): Verdict {
  const { success, testResults } = Report.parse(JSON.parse(text));
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    const file = path.relative(folder, name);
    if (failed !== undefined) return { kind: 'red', file, title: failed.fullName };
  }
  const unloaded = testResults.find(({ status }) => status === 'failed');
  if (unloaded !== undefined) {
    const why = unloaded.message?.trim().split('\n')[0] ?? '';
    return { kind: 'broken', why: `${path.relative(folder, unloaded.name)}: ${why}` };
  }
  const ran = testResults.some(({ assertionResults }) =>
    assertionResults.some(({ status }) => status === 'passed'),
  );
  return success && ran ? { kind: 'green' } : { kind: 'broken', why: 'no test ran' };
}
