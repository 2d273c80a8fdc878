import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RunError } from '@pulumi/pulumi';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bundle } from '../../infra/bundle.ts';
import { ROOT } from '../support/source-tree.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fyers-bundle-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function entry(text: string): string {
  const file = path.join(folder, 'entry.ts');
  writeFileSync(file, text);
  return file;
}

describe('A bundle', () => {
  test('of each entry has the same bytes from every folder, and names none', () => {
    const script = `
      import { createHash } from 'node:crypto';
      const { HARVESTER, LOGIN, REFRESH, WATCH, bundle } = await import('${ROOT}/infra/bundle.ts');
      for (const options of [REFRESH, LOGIN, WATCH, HARVESTER]) {
        const code = await bundle(options);
        console.log(createHash('sha256').update(code).digest('hex'), code.includes('${ROOT}'));
      }`;
    // Pulumi runs the program in infra/.
    const [first, second] = [folder, path.join(ROOT, 'infra')].map((cwd) =>
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
        cwd,
        encoding: 'utf8',
      }),
    );
    expect(first).toMatch(/^(?:[0-9a-f]{64} false\n){4}$/);
    expect(second).toBe(first);
  });

  test('is a module by itself, in which CommonJS packages find their require', async () => {
    const pino = path.join(ROOT, 'node_modules/pino/pino.js');
    const file = path.join(folder, 'index.mjs');
    const text = `import pino from '${pino}'; console.log(pino.version);`;
    writeFileSync(file, await bundle({ entry: entry(text), external: [] }));
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toMatch(/^\d+\.\d+/);
  });

  test('leaves out what the runtime provides', async () => {
    const text =
      "import { SSMClient } from '@aws-sdk/client-ssm'; export const client = SSMClient;";
    const code = await bundle({ entry: entry(text), external: ['@aws-sdk/*'] });
    expect(code).toMatch(/from\s*"@aws-sdk\/client-ssm"/);
    expect(code.length).toBeLessThan(500);
  });

  test('that cannot be made stops the program with the place of the mistake, without a stack', async () => {
    const file = entry('export const = 1;');
    const attempt = () => bundle({ entry: file, external: [] });
    await expect(attempt()).rejects.toThrow(/entry\.ts:1:13: ERROR/);
    await expect(attempt()).rejects.toBeInstanceOf(RunError);
  });
});
