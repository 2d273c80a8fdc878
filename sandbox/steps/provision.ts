// Runs `up` of the unchanged program: with the real Pulumi CLI if it is on the PATH, else without it.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { LOGIN_URL_KEYWORD } from '../../core/config/names.ts';
import { registeredIn, type Registered } from '../pulumi/register.ts';
import { hasPulumi, withCli } from '../pulumi/with-cli.ts';
import { upWithoutCli } from '../pulumi/without-cli.ts';
import { ROOT, type StandIns } from '../stand-ins.ts';
import type { Progress } from './progress.ts';

const COUNT_EVERY_MS = 300;

export interface Provisioned {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly registered: Registered;
}

/** @throws FyersError `operator.config` with every problem of the configuration; nothing is then created. */
export async function provision(standIns: StandIns, progress: Progress): Promise<Provisioned> {
  const dir = path.join(standIns.dir, 'pulumi');
  await mkdir(dir);
  progress.status('starting the program');
  const count = setInterval(() => {
    const { length } = registeredIn(dir).resources;
    if (length > 0) progress.status(`${String(length)} resources created`);
  }, COUNT_EVERY_MS);
  try {
    return await up(standIns, dir, progress);
  } finally {
    clearInterval(count);
  }
}

async function up(standIns: StandIns, dir: string, progress: Progress): Promise<Provisioned> {
  const { endpoint, rootCredentials } = standIns.emulator;
  const aws = { endpoint, ...rootCredentials };
  const config = {
    operatorDir: standIns.operator.dir,
    apiUrl: standIns.simulator.url,
    // The run registers the login function's URL, even if the folder's .env has another one.
    redirectUri: LOGIN_URL_KEYWORD,
    ...(standIns.feed !== null && { feed: standIns.feed }),
    ...(standIns.operator.email !== null && { email: standIns.operator.email }),
  };
  if (!(await hasPulumi())) {
    progress.note(
      'The Pulumi CLI is not on the PATH; the program runs without it, and keeps no state.',
    );
    const program = path.join(ROOT, 'infra', 'main.js');
    const outputs = await upWithoutCli({ program, dir, aws, config, secrets: {} });
    return { outputs, registered: registeredIn(dir) };
  }
  progress.note('The Pulumi CLI on the PATH runs the program, with a state that is thrown away.');
  await using stack = await withCli({ dir, root: ROOT, aws });
  for (const [key, value] of Object.entries(config)) await stack.configSet(key, value, false);
  const { changes } = await stack.up();
  progress.details(Object.entries(changes).map(([op, n]) => [`pulumi up: ${op}`, String(n)]));
  return { outputs: await stack.outputs(), registered: stack.registered() };
}

/** Formats the stack's outputs for people, one line each. */
export function outputRows(
  outputs: Readonly<Record<string, unknown>>,
  prefix = '',
): readonly (readonly [string, string])[] {
  return Object.entries(outputs).flatMap(([name, value]) => {
    const label = `${prefix}${name}`;
    if (Array.isArray(value)) return [[label, value.map(String).join(', ')] as const];
    if (typeof value === 'object' && value !== null) return outputRows({ ...value }, `${label}.`);
    return [[label, String(value)] as const];
  });
}
