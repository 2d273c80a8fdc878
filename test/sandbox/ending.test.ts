// Tests that a run ends in one way, in a process with children, grandchildren and a folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test, vi } from 'vitest';
import { ROOT } from '../support/source-tree.ts';

const MODULE = path.join(ROOT, 'sandbox', 'ending.ts');
/** A child in its own group, which starts a process that ignores the signals that it can. */
const CHILD = `const { pid } = require('node:child_process').spawn('sh', ['-c', 'trap "" INT TERM; sleep 600']);
  console.log(pid)`;

function script(isExpected: boolean): string {
  return `
    import { spawn } from 'node:child_process';
    import { once } from 'node:events';
    const { endOnStop, temporaryFolder } = await import(${JSON.stringify(MODULE)});
    const ending = endOnStop((isGood, text) => console.log(isGood, text));
    const { dir } = await temporaryFolder(${JSON.stringify(path.join(tmpdir(), 'ending-test-'))});
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(CHILD)}], { detached: true });
    const [grandchild] = await once(child.stdout, 'data');
    console.log(JSON.stringify({ dir, pids: [child.pid, Number(grandchild)] }));
    process.stdin.once('data', () => { throw new Error('a fault'); });
    setInterval(() => console.log('beat'), 50);
    ${isExpected ? 'await ending.untilStopped();' : ''}`;
}

async function run(isExpected = false) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script(isExpected)]);
  const ended = once(child, 'exit').then(([code]) => Number(code));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, ended, ...(JSON.parse(line) as { dir: string; pids: readonly number[] }) };
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function expectNothingLeft(dir: string, pids: readonly number[]): Promise<void> {
  expect(existsSync(dir)).toBe(false);
  // A zombie exists until its new parent has read its exit code.
  await vi.waitFor(
    () => {
      expect(pids.filter(isRunning)).toEqual([]);
    },
    { timeout: 5_000 },
  );
}

describe.concurrent('The end of a run', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'on %s leaves no process and no folder',
    async (signal) => {
      const { child, ended, dir, pids } = await run();
      child.kill(signal);
      expect(await ended).toBe(2);
      await expectNothingLeft(dir, pids);
    },
  );

  test('on a closed pipe leaves nothing, and prints the reason on standard error', async () => {
    const { child, ended, dir, pids } = await run();
    const pieces: Buffer[] = [];
    child.stderr.on('data', (piece: Buffer) => pieces.push(piece));
    child.stdout.destroy();
    expect(await ended).toBe(2);
    expect(Buffer.concat(pieces).toString()).toMatch(/^Stopped: .*\n$/);
    await expectNothingLeft(dir, pids);
  });

  test('after an uncaught error leaves nothing, and the exit code is 70', async () => {
    const { child, ended, dir, pids } = await run();
    child.stdin.write('now');
    expect(await ended).toBe(70);
    await expectNothingLeft(dir, pids);
  });

  test('has the exit code 0 if the run waits for it', async () => {
    const { child, ended, dir, pids } = await run(true);
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    await expectNothingLeft(dir, pids);
  });
});
