// Runs `up` of the unchanged program: with the real Pulumi CLI if it is on the PATH, else without it.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { LOGIN_URL_KEYWORD } from '../../core/config/names.ts';
import { registeredIn, type Registered } from '../pulumi/register.ts';
import { hasPulumi, withCli } from '../pulumi/with-cli.ts';
import { upWithoutCli } from '../pulumi/without-cli.ts';
import type { Progress } from './progress.ts';
import { ROOT, type StandIns } from '../stand-ins.ts';

export interface Provisioned {
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly registered: Registered;
}

/** @throws FyersError `operator.config` with every problem of the configuration; nothing is then created. */
export async function provision(
  standIns: StandIns,
  progress: Progress,
  signal: AbortSignal,
): Promise<Provisioned> {
  const dir = path.join(standIns.dir, 'pulumi');
  await mkdir(dir);
  const { endpoint, rootCredentials } = standIns.emulator;
  const aws = { endpoint, ...rootCredentials };
  const config = {
    operatorDir: standIns.operator.dir,
    apiUrl: standIns.simulator.url,
    // The run registers the login function's URL, even if the folder's .env has another one.
    redirectUri: LOGIN_URL_KEYWORD,
  };
  if (!(await hasPulumi())) {
    progress.note(
      'Pulumi CLI: not on the PATH. The program runs without it: it can create, and keeps no state.',
    );
    const program = path.join(ROOT, 'infra', 'main.js');
    const outputs = await upWithoutCli({ program, dir, aws, config, secrets: {}, signal });
    return { outputs, registered: registeredIn(dir) };
  }
  progress.note('Pulumi CLI: found on the PATH; a private state and our own provider for AWS.');
  await using stack = await withCli({ dir, root: ROOT, aws, signal });
  for (const [key, value] of Object.entries(config)) await stack.configSet(key, value, false);
  const { changes } = await stack.up();
  progress.note(
    `pulumi up: ${Object.entries(changes)
      .map(([op, n]) => `${String(n)} ${op}`)
      .join(', ')}`,
  );
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
