import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runChild } from '../../../adapters/process/run-child.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'run-child-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function run(text: string): Promise<void> {
  const file = path.join(folder, 'child.mjs');
  await writeFile(file, text);
  await runChild({ file, args: ['compact'], heapMiB: 64 });
}

test('A child that ends badly is told by the message of its last log line', async () => {
  const line = JSON.stringify({ level: 'error', message: 'the column ltp differs' });
  const child = run(`console.log(${JSON.stringify(line)}); process.exitCode = 4;`);
  await expect(child).rejects.toThrow(/ended with code 4: the column ltp differs\./);
});

test('A child that crashes is told by the last words of Node', async () => {
  const child = run(
    "process.stderr.write('out of memory\\n'); process.kill(process.pid, 'SIGKILL');",
  );
  await expect(child).rejects.toThrow(/ended with SIGKILL: out of memory\./);
});

test('A child that ends well says nothing', async () => {
  await expect(run('')).resolves.toBeUndefined();
});

test('A child has the heap that it is given, young objects included', async () => {
  // The whole limit is the old generation's and three semi-spaces'.
  const child = run(
    "import v8 from 'node:v8'; console.log(v8.getHeapStatistics().heap_size_limit / 2 ** 20); process.exitCode = 1;",
  );
  await expect(child).rejects.toThrow(/ended with code 1: 70\./);
});
