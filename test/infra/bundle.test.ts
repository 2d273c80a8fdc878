import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RunError } from '@pulumi/pulumi';
import { describe, expect, test } from 'vitest';
import { type Bundle, type BundleOptions, bundle, bundleCode } from '../../infra/bundle.ts';
import { ROOT } from '../support/source-tree.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const folder = makeFolderPerTest();

const options = (file: string, external: readonly string[] = []): BundleOptions => ({
  entries: { index: file },
  external,
  isSplit: false,
});

async function bundleFile(file: string, external: readonly string[] = []): Promise<string> {
  return (await bundle(options(file, external))).files['index.mjs'] ?? '';
}

function entry(text: string): string {
  const file = path.join(folder.path, 'entry.ts');
  writeFileSync(file, text);
  return file;
}

describe('A bundle', () => {
  test('has the same bytes from every folder, and contains no path of the repository', () => {
    const script = `
      import { createHash } from 'node:crypto';
      const { bundleCode } = await import('${ROOT}/infra/bundle.ts');
      const { functions, harvester } = await bundleCode(process.argv[1]);
      for (const files of [...Object.values(functions), harvester]) {
        const code = JSON.stringify(files);
        console.log(createHash('sha256').update(code).digest('hex'), code.includes('${ROOT}'));
      }`;
    // Pulumi runs the program in infra/.
    const [first, second] = [folder.path, path.join(ROOT, 'infra')].map((cwd, index) =>
      execFileSync(
        process.execPath,
        // Each run has its own empty cache.
        ['--input-type=module', '--eval', script, path.join(folder.path, String(index))],
        { cwd, encoding: 'utf8' },
      ),
    );
    expect(first).toMatch(/^(?:[0-9a-f]{64} false\n){4}$/);
    expect(second).toBe(first);
  });

  test('is a module in which CommonJS packages can use require', async () => {
    const pino = path.join(ROOT, 'node_modules/pino/pino.js');
    const file = path.join(folder.path, 'index.mjs');
    const text = `import pino from '${pino}'; console.log(pino.version);`;
    writeFileSync(file, await bundleFile(entry(text)));
    expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).toMatch(/^\d+\.\d+/);
  });

  test('excludes external packages', async () => {
    const text =
      "import { SSMClient } from '@aws-sdk/client-ssm'; export const client = SSMClient;";
    const code = await bundleFile(entry(text), ['@aws-sdk/*']);
    expect(code).toMatch(/from\s*"@aws-sdk\/client-ssm"/);
    expect(code.length).toBeLessThan(500);
  });

  test('fails with a RunError that contains the location of a syntax error', async () => {
    const file = entry('export const = 1;');
    const attempt = () => bundle(options(file));
    await expect(attempt()).rejects.toThrow(/entry\.ts:1:13: ERROR/);
    await expect(attempt()).rejects.toBeInstanceOf(RunError);
  });

  test('is read from the cache while its sources are unchanged, and built again after a change', async () => {
    const cache = path.join(folder.path, 'cache');
    const first = await bundleCode(cache);
    const files = readdirSync(cache).map((name) => path.join(cache, name));
    expect(files).toHaveLength(2);
    const [file = ''] = files.filter((each) =>
      readFileSync(each, 'utf8').includes('harvester.mjs'),
    );
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Bundle;

    const marked = { ...kept, files: { 'harvester.mjs': 'from the cache' } };
    writeFileSync(file, JSON.stringify(marked));
    expect((await bundleCode(cache)).harvester).toBe('from the cache');

    const sources = { ...kept.sources, 'harvester/main.ts': 'another digest' };
    writeFileSync(file, JSON.stringify({ ...marked, sources }));
    expect(await bundleCode(cache)).toEqual(first);

    writeFileSync(file, 'cut');
    expect(await bundleCode(cache)).toEqual(first);
  });

  test('is built even if the cache folder cannot be created', async () => {
    const file = path.join(folder.path, 'a file');
    writeFileSync(file, '');
    expect((await bundleCode(path.join(file, 'cache'))).harvester).not.toBe('');
  });
});
