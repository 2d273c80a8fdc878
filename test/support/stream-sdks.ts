// Runs an official SDK of the broker as a client of the simulator's streams.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { vi } from 'vitest';
import { ensureVenv } from '../../sandbox/aws/venv.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import type { SentBook, StreamServer } from '../../sandbox/fyers/streams.ts';
import { HOUR, SECOND } from '../../sandbox/fyers/time.ts';
import { APP, authorizationAt, SEED } from '../sandbox/fyers/simulator.ts';
import { installedSdk } from './fyers-sdk.ts';
import type { Heard, StreamTask } from './stream-sdk-child.ts';

/** The SDK and the imports of its sockets, at exact versions. It needs protobuf, but does not declare it. */
const PYTHON_SDK = [
  ...['--no-deps', '--only-binary', ':all:', 'fyers_apiv3==3.2.0', 'protobuf==7.36.2'],
  ...['websocket-client==1.6.1', 'setuptools==68.0.0', 'aws-lambda-powertools==1.25.5'],
  ...['jmespath==0.10.0', 'requests==2.31.0', 'certifi==2026.10.19.post1'],
  ...['charset-normalizer==3.5.3', 'idna==3.20', 'urllib3==2.8.0'],
];

export interface Run {
  readonly heard: readonly Heard[];
  readonly sent: readonly SentBook[];
  readonly fyers: FyersSimulator;
  readonly complaints: string;
  /** Errors that the SDK writes only to its own log. */
  readonly logged: readonly unknown[];
}

interface Market {
  readonly startsAt: number;
  readonly symbols: readonly string[];
  /** An index, which has prices and no book. */
  readonly index: string;
}

const NO_FAULTS = { hasZeroes: false, extraVolume: 0, hasForeignTopic: false };
export interface Step {
  readonly at: number;
  readonly faults?: Partial<Pick<StreamServer['faults'], keyof typeof NO_FAULTS>>;
}

interface SdkClient {
  readonly folder: string;
  readonly command: readonly [string, ...string[]];
}

export const SDK_CLIENTS = {
  node: async (): Promise<SdkClient> => ({
    folder: await installedSdk(),
    command: [
      process.execPath,
      '--no-warnings',
      path.join(import.meta.dirname, 'stream-sdk-child.ts'),
    ],
  }),
  python: async (): Promise<SdkClient> => {
    const { python } = await ensureVenv('fyers-python-sdk', PYTHON_SDK);
    return { folder: '', command: [python, path.join(import.meta.dirname, 'stream_sdk_child.py')] };
  },
};

/** Lets the SDK subscribe to both streams at the first instant and receive the steps, or refuses its login to HSM. */
export async function listenWith(
  { folder, command: [program, ...args] }: SdkClient,
  { startsAt, symbols, index }: Market,
  steps: readonly Step[] | 'refused',
): Promise<Run> {
  const cwd = await mkdtemp(path.join(tmpdir(), 'stream-sdk-'));
  const fyers = await startFyers({ seed: SEED, apps: [APP], refresh: 'refused', startsAt });
  fyers.setClock(startsAt);
  const { streams } = fyers;
  streams.faults.isRefused = steps === 'refused';
  const sent = streams.keepLedger();
  const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, TZ: 'UTC' };
  const child = spawn(program, args, { cwd, env });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const task: StreamTask = {
    ...{ folder, apiUrl: fyers.url, authorization: authorizationAt(startsAt - HOUR) },
    ...{ now: startsAt / SECOND, symbols, index },
  };
  // If the child has ended, its outputs have the reason.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(task)}\n`);
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error((await output).join('\n'));
    if (steps === 'refused') return (await errorsIn(cwd)).length > 0;
    // Books of fifty and of five levels, and prices, of each symbol; prices of the index.
    const subscriptions = 3 * symbols.length + 1;
    return [...streams.sent.values()].reduce((sum, count) => sum + count, 0) === subscriptions;
  };
  try {
    await vi.waitUntil(isReady, { timeout: 60_000, interval: 100 });
    for (const { at, faults } of steps === 'refused' ? [] : steps) {
      Object.assign(streams.faults, NO_FAULTS, faults);
      fyers.setClock(at);
      await streams.settled();
    }
    child.stdin.end();
    const [out, complaints] = await output;
    const lines = out.trim().split('\n');
    const heard = lines.map((line) => JSON.parse(line) as Heard);
    return { heard, sent, fyers, complaints, logged: await errorsIn(cwd) };
  } finally {
    child.kill('SIGKILL');
    await output;
    await fyers.close();
    await rm(cwd, { recursive: true });
  }
}

async function errorsIn(folder: string): Promise<readonly unknown[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const logs = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
  return logs
    .flatMap((log) => log.trim().split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly level: string; readonly message: unknown })
    .flatMap(({ level, message }) => (/^error$/i.test(level) ? [message] : []));
}
