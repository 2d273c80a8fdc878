// A process of its own, which is ended in one way or another while it has a temporary folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ROOT } from '../../support/source-tree.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fyers-removed-'));
  writeFileSync(path.join(folder, 'depth.parquet'), 'x');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Says when it is ready for a signal. */
function started(rest: string) {
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

const held = () => `const held = removeAtEnd(${JSON.stringify(folder)});`;

describe('A temporary folder', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'is gone after %s, and the process ended by it',
    async (signal) => {
      const { child, ended } = started(`${held()} console.log('ready');`);
      await once(child.stdout, 'data');
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
      expect(existsSync(folder)).toBe(false);
    },
  );

  test('is there for a command that stops in its own way, and gone at its end', async () => {
    const { child, ended } = started(`
      ${held()}
      const { existsSync } = await import('node:fs');
      const stop = stopSignal();
      stop.signal.addEventListener('abort', () => {
        setTimeout(async () => {
          console.log(existsSync(${JSON.stringify(folder)}) ? 'kept' : 'lost');
          await held[Symbol.asyncDispose]();
          clearInterval(timer);
        }, 50);
      });
      console.log('ready');`);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('kept\n');
    expect(await ended).toEqual([0, null]);
    expect(existsSync(folder)).toBe(false);
  });

  test('is gone after a second signal to a command that takes its time', async () => {
    const { child, ended } = started(`${held()}
      const stop = stopSignal();
      stop.signal.addEventListener('abort', () => console.log('stopping'));
      console.log('ready');`);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    expect(existsSync(folder)).toBe(false);
  });

  test('is gone after an exit at once', async () => {
    const { ended } = started(`${held()} process.exit(0);`);
    expect(await ended).toEqual([0, null]);
    expect(existsSync(folder)).toBe(false);
  });
});
