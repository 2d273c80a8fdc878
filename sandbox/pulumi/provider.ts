// Starts the provider in a process of its own: the SDK's server takes a whole process, and its failures stay there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { FyersError } from '../../core/errors.ts';
import { awsEnvironment, baseEnvironment, type AwsTarget } from './process.ts';

const MAIN = path.join(import.meta.dirname, 'provider-main.ts');

export interface Provider extends AsyncDisposable {
  /** For PULUMI_DEBUG_PROVIDERS, on 127.0.0.1. */
  readonly port: number;
}

/** @param options.dir where it keeps `registered.json`. */
export async function startProvider(options: {
  readonly dir: string;
  readonly aws: AwsTarget;
}): Promise<Provider> {
  const child = spawn(process.execPath, [MAIN, options.dir], {
    env: { ...baseEnvironment(), ...awsEnvironment(options.aws) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const words: string[] = [];
  child.stderr.on('data', (piece: Buffer) => words.push(piece.toString()));
  const line = createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  const first = await Promise.race([line, ended.then(() => null)]);
  const port = Number(first?.value);
  if (!Number.isInteger(port) || port === 0) {
    child.kill();
    throw new FyersError(
      'bug.unexpected',
      `The sandbox's Pulumi provider did not start: ${words.join('').trim()}`,
      'Report this message.',
    );
  }
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
