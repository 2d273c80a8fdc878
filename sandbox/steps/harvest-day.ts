// Replaces the instance: fetches the artifact from the bucket with the instance's role, and runs it through one day on
// a virtual clock.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { FyersError } from '../../core/errors.ts';
import { formatHhMm, formatIso, instant, istInstant, type IstDate } from '../../core/time.ts';
import { startImds } from '../aws/imds.ts';
import { baseEnvironment } from '../pulumi/process.ts';
import type { Registered } from '../pulumi/register.ts';
import type { StandIns } from '../stand-ins.ts';
import { formatBar, type Progress } from './progress.ts';

const CHILD = path.join(import.meta.dirname, 'harvester-child.ts');
const REPORT_EVERY_MS = 200;

export interface Instance {
  readonly id: string;
  readonly roleArn: string;
  /** The exact environment block from its user-data. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Reads the instance from the registered resources. @throws FyersError without an instance. */
export function instanceOf(
  { resources }: Registered,
  roleArnOf: (name: string) => string,
): Instance {
  const find = (type: string, name?: string) => {
    const found = resources.find(
      (one) => one.type === type && (name === undefined || one.name === name),
    );
    if (found !== undefined) return found;
    throw new FyersError('bug.unexpected', `The program registered no ${type}.`, 'Check infra/.');
  };
  const instance = find('aws:ec2/instance:Instance');
  const profile = find('aws:iam/instanceProfile:InstanceProfile');
  return {
    id: instance.id,
    roleArn: roleArnOf(String(profile.inputs['role'])),
    environment: environmentBlock(String(instance.inputs['userData'])),
  };
}

function environmentBlock(userData: string): Readonly<Record<string, string>> {
  const block = /<<'FYERS_ENV'\n([\s\S]*?)\nFYERS_ENV\n/.exec(userData)?.[1] ?? '';
  return Object.fromEntries(
    block
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/**
 * @param expected number of rows of the whole day, for the progress bar; 0 if unknown. A streamed day has no bar.
 * @throws FyersError with the harvester's last output if it does not exit with 0.
 */
export async function harvestDay(
  standIns: StandIns,
  instance: Instance,
  date: IstDate,
  progress: Progress,
  expected = 0,
): Promise<void> {
  const { dir, dataDir, emulator, simulator } = standIns;
  await using imds = await disposeByClose(startImds(emulator, instance.roleArn));
  const machine = {
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint,
  };
  const env = { PATH: baseEnvironment()['PATH'], ...machine, ...instance.environment };
  const file = await fetchArtifact(dir, env);
  const start = istInstant(date, '08:45');
  simulator.setClock(start);
  // After every session of the day, including an evening session; the harvester ends at once if no session is left on
  // the date.
  const until = formatIso(istInstant(date, '23:59'));
  const argv = ['--use-ssm', '--data', dataDir, '--until', until];
  const child = spawn(
    process.execPath,
    [CHILD, file, simulator.controlUrl, formatIso(start), ...argv],
    { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const words: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => words.push(piece));
  child.stderr.on('data', (piece: Buffer) => words.push(piece));
  const before = booksServed(standIns);
  const report = setInterval(() => {
    const time = formatHhMm(instant(simulator.now()));
    const frames = simulator.streams.frames();
    if (frames === 0) progress.status(formatBar(time, booksServed(standIns) - before, expected));
    else progress.status(`${time}  ${frames.toLocaleString('en')} frames streamed`);
  }, REPORT_EVERY_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(report);
  const complaints = findWarnings(Buffer.concat(words).toString());
  for (const complaint of complaints) progress.warn(complaint);
  const denied = complaints.find((complaint) => DENIED_PATTERN.test(complaint));
  if (code !== 0 || denied !== undefined) {
    throw new FyersError(
      denied === undefined ? 'bug.unexpected' : 'platform.permission',
      `The harvester ended with code ${String(code)}: ${denied ?? complaints.at(-1) ?? 'without a message'}`,
      'Fix that problem, then run the command again.',
    );
  }
}

function booksServed({ simulator }: StandIns): number {
  return Object.values(simulator.ledger()).reduce((sum, { books }) => sum + books, 0);
}

const DENIED_PATTERN = /AccessDenied|not authorized/;

/** Returns the distinct warnings and errors of the harvester's log. */
function findWarnings(log: string): readonly string[] {
  const lines = log.split('\n').filter((line) => line !== '');
  const complaints = lines.flatMap((line) => {
    if (!line.startsWith('{')) return [line];
    const { level, message } = JSON.parse(line) as Readonly<Record<'level' | 'message', string>>;
    return level === 'info' ? [] : [message];
  });
  return [...new Set(complaints)];
}

/**
 * Replaces the unit's fetch script: reads the pointer, downloads the file, checks its hash. Uses only the
 * metadata server's credentials.
 */
async function fetchArtifact(
  dir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const fetcher = path.join(import.meta.dirname, 'fetch-artifact.ts');
  const file = path.join(dir, 'harvester.mjs');
  const child = spawn(process.execPath, [fetcher, file], {
    cwd: dir,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const words: Buffer[] = [];
  child.stderr.on('data', (piece: Buffer) => words.push(piece));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return file;
  throw new FyersError(
    'platform.permission',
    `The instance cannot fetch its code: ${Buffer.concat(words).toString().trim()}`,
    'Check the instance role in infra/iam/policies.ts.',
  );
}

async function disposeByClose<T extends { readonly close: () => Promise<void> }>(
  started: Promise<T>,
): Promise<T & AsyncDisposable> {
  const one = await started;
  return { ...one, [Symbol.asyncDispose]: () => one.close() };
}
