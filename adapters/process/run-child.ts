// Runs a step in a child process, so that its memory is separate and is freed when it ends.
import { spawn } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import * as z from 'zod/mini';
import { FyersError } from '../../core/errors.ts';

export interface ChildOptions {
  /** A module that this Node can run. */
  readonly file: string;
  readonly args: readonly string[];
  readonly heapMiB: number;
}

/**
 * @throws FyersError `platform.integrity` with the message of the child's last log line if the
 * child fails
 */
export async function runChild({ file, args, heapMiB }: ChildOptions): Promise<void> {
  const flags = [`--max-old-space-size=${String(heapMiB)}`, '--max-semi-space-size=2'];
  const cache = getCompileCacheDir();
  const child = spawn(process.execPath, [...flags, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The child needs no credentials. Further malloc arenas would not return free memory.
    env: { MALLOC_ARENA_MAX: '1', ...(cache && { NODE_COMPILE_CACHE: path.dirname(cache) }) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4_000);
    });
  }
  const ending = await new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code, signal) => {
      resolve(code === 0 ? '' : `ended with ${signal ?? `code ${String(code)}`}`);
    });
  });
  if (ending === '') return;
  const childMessage = lastMessage(output);
  throw new FyersError(
    'platform.integrity',
    `The step "${args.join(' ')}" ${ending}${childMessage === '' ? '' : `: ${childMessage}`}.`,
    'Nothing was deleted, and the step is retried; `./fyers logs harvester` shows the result.',
  );
}

const logLine = z.object({ message: z.string() });

/** The child logs JSON lines; Node's own crash output is plain text. */
function lastMessage(words: string): string {
  const last = words.trim().split('\n').at(-1) ?? '';
  try {
    return logLine.parse(JSON.parse(last)).message;
  } catch {
    return last;
  }
}
