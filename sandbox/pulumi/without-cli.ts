// Runs the unchanged program without the Pulumi CLI, with the SDK's own mock monitor and resources that are really
// created. It can only create: there is no state, so nothing is compared, changed or removed.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import * as z from 'zod/mini';
import { FyersError } from '../../core/errors.ts';
import { programFailure, resourceFailure } from './engine-events.ts';
import { awsEnvironment, baseEnvironment, type AwsTarget, type Environment } from './process.ts';

const MAIN = path.join(import.meta.dirname, 'without-cli-main.ts');

export interface WithoutCliOptions {
  /** The program's entry, an absolute path. */
  readonly program: string;
  /** Where `registered.json` is kept. */
  readonly dir: string;
  readonly aws: AwsTarget;
  /** Keys without a namespace are the project's. */
  readonly config: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly env?: Environment;
}

const answer = z.union([
  z.object({ outputs: z.record(z.string(), z.unknown()) }),
  z.object({ ofResource: z.string() }),
  z.object({ ofProgram: z.string() }),
]);
/** What the child sends once. */
export type WithoutCliAnswer = z.output<typeof answer>;

/**
 * Creates everything in a child process and answers the outputs; secret ones are `[secret]`.
 * @throws FyersError with the first failure, of the program's configuration (`operator.config`) or of a resource.
 */
export async function upWithoutCli(
  options: WithoutCliOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const child = fork(MAIN, [options.program, options.dir], {
    env: { ...baseEnvironment(), ...awsEnvironment(options.aws), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const words: string[] = [];
  child.stdout?.on('data', (piece: Buffer) => words.push(piece.toString()));
  child.stderr?.on('data', (piece: Buffer) => words.push(piece.toString()));
  const answered = new Promise<unknown>((resolve) => child.once('message', resolve));
  // By message, so that no secret is in an argument or in the environment.
  child.send({ config: options.config, secrets: options.secrets });
  const closed = once(child, 'close');
  const message = await Promise.race([answered, closed.then(() => null)]);
  await closed;
  const parsed = answer.safeParse(message);
  if (!parsed.success) {
    throw new FyersError(
      'bug.unexpected',
      `The program ended without an answer: ${words.join('').trim()}`,
      'Report this message.',
    );
  }
  if ('outputs' in parsed.data) return parsed.data.outputs;
  throw 'ofResource' in parsed.data
    ? resourceFailure(parsed.data.ofResource)
    : programFailure(parsed.data.ofProgram);
}
