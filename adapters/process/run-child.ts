// A step in a process of its own, so that its memory never adds to ours and its end gives it back.
import { spawn } from 'node:child_process';
import { FyersError } from '../../core/errors.ts';

export interface ChildOptions {
  /** A module that this Node runs. */
  readonly file: string;
  readonly args: readonly string[];
  readonly heapMiB: number;
}

/** @throws FyersError `platform.integrity` with the last line the child wrote, when it ends badly */
export async function runChild({ file, args, heapMiB }: ChildOptions): Promise<void> {
  const flags = [`--max-old-space-size=${String(heapMiB)}`, '--max-semi-space-size=4'];
  const child = spawn(process.execPath, [...flags, file, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // It needs no credentials, so it gets none.
    env: {},
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  const ending = await new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code, signal) => {
      resolve(code === 0 ? '' : `ended with ${signal ?? `code ${String(code)}`}`);
    });
  });
  if (ending === '') return;
  const said = errors.trim().split('\n').at(-1) ?? '';
  throw new FyersError(
    'platform.integrity',
    `The step "${args.join(' ')}" ${ending}${said === '' ? '' : `: ${said}`}.`,
    'Nothing was deleted; it is tried again.',
  );
}
