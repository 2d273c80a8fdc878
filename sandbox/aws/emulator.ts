// Starts AWS on this machine: MiniStack in a private environment, on loopback, with IAM enforced.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FyersError } from '../../core/errors.ts';
import { REGION } from '../../core/config/names.ts';
import type { Instant } from '../../core/time.ts';
import { allowedIn, type ExercisedPermission } from './permissions.ts';
import { writeShiftedDate } from './shifted-date.ts';
import { checkVenv, ensureVenv } from './venv.ts';

/** Pins all transitive packages, so that a run does not depend on its date. */
const REQUIREMENTS = [
  'ministack==1.5.33',
  'botocore==1.43.106',
  'defusedxml==0.7.1',
  'graphql-core==3.2.12',
  'h11==0.16.0',
  'h2==4.4.1',
  'hpack==4.2.0',
  'Hypercorn==0.18.0',
  'hyperframe==6.1.0',
  'jmespath==1.1.0',
  'jsonata-python==0.7.1',
  'priority==2.0.0',
  'python-dateutil==2.9.0.post0',
  'PyYAML==6.0.3',
  'six==1.17.0',
  'urllib3==2.8.0',
  'wsproto==1.3.2',
];
const LAUNCHER = path.join(import.meta.dirname, 'record_permissions.py');
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const MAX_ATTEMPTS = 3;
const ANSWER_TIMEOUT_MS = 1_500;

export interface EmulatorOptions {
  /** A private folder outside the repository: inside it, functions would resolve all packages of the repository. */
  readonly dir: string;
  /** Where `@aws-sdk` replaces the SDK of the Lambda runtime, and `.bin/node` replaces the runtime. */
  readonly nodeModules: string;
  /** Start time of the functions' `Date`; absent: the real time. */
  readonly lambdaNow?: Instant;
}

interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Emulator {
  readonly endpoint: string;
  readonly region: string;
  readonly rootCredentials: AwsCredentials;
  /** Process id; null for an emulator that was already running. */
  readonly pid: number | null;
  /** Null if unknown: an emulator that was already running. */
  readonly exercised: () => Promise<readonly ExercisedPermission[] | null>;
  /** Stops the emulator and its functions, and waits; an emulator that was already running is left alone. */
  readonly close: () => Promise<void>;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Uses the emulator that `AWS_ENDPOINT_URL` of `env` names, else starts a new one.
 * @throws FyersError `operator.prerequisite`
 */
export async function emulatorOrExisting(options: EmulatorOptions, env: Env): Promise<Emulator> {
  return (await existingEmulator(env)) ?? startEmulator(options);
}

/** @throws FyersError `operator.prerequisite` if `AWS_ENDPOINT_URL` is set and nothing answers there. */
export async function existingEmulator(env: Env): Promise<Emulator | null> {
  const endpoint = env['AWS_ENDPOINT_URL'];
  if (endpoint === undefined || endpoint === '') return null;
  if (!(await isAnswering(endpoint))) {
    throw new FyersError(
      'operator.prerequisite',
      `Nothing answers at AWS_ENDPOINT_URL (${endpoint}).`,
      'To use the built-in stand-in for AWS, run `unset AWS_ENDPOINT_URL`, then run the command again.',
    );
  }
  return {
    endpoint,
    region: REGION,
    rootCredentials: {
      accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? 'test',
      secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? 'test',
    },
    pid: null,
    exercised: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

/**
 * Whether the emulator is installed on this machine.
 * @throws FyersError `operator.prerequisite` if it is not and cannot be, without Python 3.10+
 */
export async function isInstalled(): Promise<boolean> {
  return checkVenv('ministack', REQUIREMENTS);
}

/** @throws FyersError `operator.prerequisite` without Python 3.10+ or PyPI, `platform.busy` if it does not start. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { python } = await ensureVenv('ministack', REQUIREMENTS);
  const temporary = path.join(options.dir, 'tmp');
  const decisions = path.join(options.dir, 'decisions.jsonl');
  await mkdir(path.join(temporary, 'node_modules'), { recursive: true });
  await symlink(
    path.join(options.nodeModules, '@aws-sdk'),
    path.join(temporary, 'node_modules', '@aws-sdk'),
  );
  await writeFile(decisions, '');
  const environment = await emulatorEnvironment(options, temporary);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const server = spawn(python, [LAUNCHER, decisions], {
      cwd: options.dir,
      env: { ...environment, GATEWAY_PORT: String(port) },
      // Own process group: Ctrl-C reaches only this process, and the whole group can be stopped.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const log = path.join(options.dir, 'emulator.log');
    const output = createWriteStream(log, { flags: 'a' });
    server.stdout.pipe(output, { end: false });
    server.stderr.pipe(output, { end: false });
    const endpoint = `http://127.0.0.1:${String(port)}`;
    if (await waitUntilReady(server, endpoint)) {
      return {
        endpoint,
        region: REGION,
        rootCredentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        pid: server.pid ?? null,
        exercised: () => allowedIn(decisions),
        close: async () => {
          await stopServer(server);
          output.end();
        },
      };
    }
    await stopServer(server);
    output.end();
    // Another process may have taken the port between our check and the start.
    if (attempt === MAX_ATTEMPTS) throw await notReadyError(log);
  }
}

/** Built from scratch, because every variable here leaks into the functions' environment. */
async function emulatorEnvironment(
  options: EmulatorOptions,
  temporary: string,
): Promise<Readonly<Record<string, string>>> {
  const nodeOptions =
    options.lambdaNow === undefined
      ? {}
      : { NODE_OPTIONS: await writeShiftedDate(options.dir, options.lambdaNow) };
  return {
    PATH: [path.join(options.nodeModules, '.bin'), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME: options.dir,
    TMPDIR: temporary,
    LANG: 'C.UTF-8',
    PYTHONDONTWRITEBYTECODE: '1',
    AUTH: 'true',
    BIND_HOST: '127.0.0.1',
    MINISTACK_REGION: REGION,
    LAMBDA_EXECUTOR: 'local',
    IOT_MTLS_ENABLED: '0',
    LOG_LEVEL: 'WARNING',
    ...nodeOptions,
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function waitUntilReady(server: ChildProcess, endpoint: string): Promise<boolean> {
  const giveUp = AbortSignal.timeout(START_TIMEOUT_MS);
  while (!giveUp.aborted && server.exitCode === null && server.signalCode === null) {
    if (await isAnswering(`${endpoint}/_ministack/ready`)) return true;
    await sleep(25);
  }
  return false;
}

async function isAnswering(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.status < 500;
  } catch {
    return false;
  }
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.pid === undefined) return;
  if (server.exitCode === null && server.signalCode === null) {
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    await Promise.race([exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }
  try {
    // Functions that outlive the server are in its group; without them the group no longer exists.
    process.kill(-server.pid, 'SIGKILL');
  } catch {
    return;
  }
}

async function notReadyError(log: string): Promise<FyersError> {
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return new FyersError(
    'platform.busy',
    `The AWS emulator did not start: ${lines.at(-1) ?? 'it printed nothing.'}`,
    `Read ${log}, then run the command again.`,
  );
}
