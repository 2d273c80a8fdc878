// Starts child processes of the sandbox: finds the programs on a private PATH, and gives them only the environment that
// they need.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { errnoOf, FyersError } from '../../core/errors.ts';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The AWS that the program is provisioned into. */
export interface AwsTarget {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export type Environment = Readonly<Record<string, string>>;

/** PATH with our own Node first: the language host runs the first `node` that it finds. */
export function baseEnvironment(): Environment {
  const { PATH = '', HOME = '', TMPDIR, NODE_COMPILE_CACHE } = process.env;
  const node = path.dirname(process.execPath);
  return {
    PATH: `${node}${path.delimiter}${PATH}`,
    HOME,
    ...(TMPDIR && { TMPDIR }),
    ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }),
  };
}

export function awsEnvironment(aws: AwsTarget): Environment {
  return {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ACCESS_KEY_ID: aws.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
    AWS_REGION: 'ap-south-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Runs a command to its end. @throws FyersError `operator.prerequisite` when there is no such command. */
export async function run(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: Environment;
    readonly input?: string;
  },
): Promise<Finished> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  // If a child ends before it has read its input, its exit code shows why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => {
      reject(errnoOf(cause) === 'ENOENT' ? notFound(command, cause) : cause);
    });
    child.once('close', resolve);
  });
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

function notFound(command: string, cause: Error): FyersError {
  const next = `Install ${command}, or put its folder on the PATH.`;
  return new FyersError('operator.prerequisite', `There is no ${command} on the PATH.`, next, {
    cause,
  });
}
