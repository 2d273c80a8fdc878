import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runChild } from '../../../adapters/process/run-child.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const folder = makeFolderPerTest();

async function run(text: string): Promise<void> {
  const file = path.join(folder.path, 'child.mjs');
  await writeFile(file, text);
  await runChild({ file, args: ['compact'], heapMiB: 64 });
}

test('runChild rejects with the exit code and the message of the last log line', async () => {
  const line = JSON.stringify({ level: 'error', message: 'the column ltp differs' });
  const child = run(`console.log(${JSON.stringify(line)}); process.exitCode = 4;`);
  await expect(child).rejects.toThrow(/ended with code 4: the column ltp differs\./);
});

test('runChild rejects with the signal and the standard error of a child that crashes', async () => {
  const child = run(
    "process.stderr.write('out of memory\\n'); process.kill(process.pid, 'SIGKILL');",
  );
  await expect(child).rejects.toThrow(/ended with SIGKILL: out of memory\./);
});

test('runChild resolves if the child ends with code 0', async () => {
  await expect(run('')).resolves.toBeUndefined();
});

test('runChild limits the heap of the child, young generation included', async () => {
  // The limit is the sum of the old generation and three semi-spaces.
  const child = run(
    "import v8 from 'node:v8'; console.log(v8.getHeapStatistics().heap_size_limit / 2 ** 20); process.exitCode = 1;",
  );
  await expect(child).rejects.toThrow(/ended with code 1: 70\./);
});
