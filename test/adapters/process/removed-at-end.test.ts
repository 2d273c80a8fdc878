// Ends a child process in several ways while it has a temporary folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { removeAtEnd } from '../../../adapters/process/stop-signal.ts';
import { ROOT } from '../../support/source-tree.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const folder = makeFolderPerTest();
beforeEach(() => {
  writeFileSync(path.join(folder.path, 'depth.parquet'), 'x');
});

/** Starts a process, whose script prints a line when it is ready for a signal. */
function startProcess(rest: string) {
  const module = (name: string) => JSON.stringify(path.join(ROOT, 'adapters/process', name));
  const script = `
    import { removeAtEnd, stopSignal } from ${module('stop-signal.ts')};
    const timer = setInterval(() => undefined, 1_000);
    ${rest}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, ended: once(child, 'exit') };
}

const registration = () => `const folder = removeAtEnd(${JSON.stringify(folder.path)}, 'folder');`;

describe('A temporary folder', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'is removed after %s, and the process ends by that signal',
    async (signal) => {
      const { child, ended } = startProcess(`${registration()} console.log('ready');`);
      await once(child.stdout, 'data');
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
      expect(existsSync(folder.path)).toBe(false);
    },
  );

  test('is removed while files are still created in it', async () => {
    const { ended } = startProcess(`
      ${registration()}
      const { appendFile } = await import('node:fs/promises');
      for (let file = 0; file < 400; file += 1) {
        appendFile(${JSON.stringify(folder.path)} + '/' + file, 'x').catch(() => undefined);
      }
      setTimeout(() => process.kill(process.pid, 'SIGTERM'), 3);`);
    expect(await ended).toEqual([null, 'SIGTERM']);
    expect(existsSync(folder.path)).toBe(false);
  });

  test('is removed only at the end of a command that handles the signal itself', async () => {
    const { child, ended } = startProcess(`
      ${registration()}
      const { existsSync } = await import('node:fs');
      const stop = stopSignal();
      stop.signal.addEventListener('abort', () => {
        setTimeout(async () => {
          console.log(existsSync(${JSON.stringify(folder.path)}) ? 'kept' : 'lost');
          await folder[Symbol.asyncDispose]();
          clearInterval(timer);
        }, 50);
      });
      console.log('ready');`);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const [output] = (await once(child.stdout, 'data')) as [Buffer];
    expect(output.toString()).toBe('kept\n');
    expect(await ended).toEqual([0, null]);
    expect(existsSync(folder.path)).toBe(false);
  });

  test('is removed after a second signal to a command that is still stopping', async () => {
    const { child, ended } = startProcess(`${registration()}
      const stop = stopSignal();
      stop.signal.addEventListener('abort', () => console.log('stopping'));
      console.log('ready');`);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    expect(existsSync(folder.path)).toBe(false);
  });

  test('is removed after process.exit', async () => {
    const { ended } = startProcess(`${registration()} process.exit(0);`);
    expect(await ended).toEqual([0, null]);
    expect(existsSync(folder.path)).toBe(false);
  });
});

test('A temporary file is removed, and a folder that has its name stays', async () => {
  const [own, others] = ['own.partial', 'others.partial'].map((name) =>
    path.join(folder.path, name),
  ) as [string, string];
  mkdirSync(others);
  writeFileSync(own, 'x');
  await removeAtEnd(own, 'file')[Symbol.asyncDispose]();
  await removeAtEnd(others, 'file')[Symbol.asyncDispose]();
  expect([existsSync(own), existsSync(others)]).toEqual([false, true]);
  const registered = `removeAtEnd(${JSON.stringify(others)}, 'file'); process.exit(0);`;
  expect(await startProcess(registered).ended).toEqual([0, null]);
  expect(existsSync(others)).toBe(true);
});
