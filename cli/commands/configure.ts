// Copies credentials from `.env` into the stack's configuration (`npm run configure`). Values go to Pulumi by
// standard input, so they never appear among a process's arguments.
import path from 'node:path';
import type { Command } from 'commander';
import { readEnvFile } from '../../adapters/operator/env-and-token-files.ts';
import {
  environmentName,
  isSecretKey,
  type Key,
  KEY_NAMES,
  rowOf,
} from '../../core/config/keys.ts';
import { FyersError } from '../../core/errors.ts';
import type { Environment, Session } from '../shared/io.ts';
import { pulumiIn, selectedStack } from '../shared/pulumi.ts';
import { PLAN_KEYS, plannedHarvesters, settingsIn, throwIfProblems } from '../shared/settings.ts';

const IDENTITY: readonly Key[] = ['redirectUri', 'fyId'];

/** The operator's identity and all secrets. The program reads all other keys from `.env` itself. */
export const COPIED: readonly Key[] = KEY_NAMES.filter(
  (key) => isSecretKey(key) || IDENTITY.includes(key),
);

interface Setting {
  readonly key: Key;
  readonly value: string;
}

interface ConfigureOptions {
  readonly dir: string;
  readonly stack?: string;
}

export function addConfigure(program: Command, session: Session): void {
  program
    .command('configure')
    .description("Copy the credentials of .env into the stack's configuration, secrets encrypted.")
    .option('--dir <DIR>', 'the folder of .env', '.')
    .option('--stack <STACK>', 'the stack to configure (default: the selected one)')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Copies ${COPIED.map(environmentName).join(', ')}.
All are checked first; if one is wrong, nothing is set. Values go to \`pulumi config set\` by standard input and are never
printed. No file is changed. Needs the Pulumi CLI and a stack; with a passphrase, PULUMI_CONFIG_PASSPHRASE or
PULUMI_CONFIG_PASSPHRASE_FILE must be set.

Examples:
  $ npm run configure
  $ npm run configure -- --stack paper`,
    )
    .action((options: ConfigureOptions) => configure(session, options));
}

async function configure(session: Session, options: ConfigureOptions): Promise<void> {
  const { io } = session;
  const folder = path.resolve(io.cwd, options.dir);
  const { settings, left } = readSettings(folder, io.env);
  for (const { value } of settings) session.hide(value);
  const pulumi = pulumiIn({ folder: io.cwd, env: io.env });
  const stack = await selectedStack(pulumi, options.stack);
  io.out(`Stack ${stack}:`);
  for (const { key, value } of settings) {
    const secret = isSecretKey(key);
    const flags = [...(secret ? ['--secret'] : []), '--stack', stack];
    await pulumi(['config', 'set', ...flags, key], value);
    io.out(`  ${key} from ${environmentName(key)}${secret ? ', encrypted' : ''}`);
  }
  if (left.length > 0) io.out(`Read from .env at every \`pulumi up\`: ${left.join(', ')}.`);
  io.out('No file was changed. Next: `pulumi up`.');
}

/** @throws FyersError `operator.config` with all problems */
function readSettings(
  folder: string,
  env: Environment,
): {
  readonly settings: readonly Setting[];
  /** Keys of `.env` that are not copied to Pulumi. */
  readonly left: readonly string[];
} {
  const file = readEnvFile(folder);
  const problems = [...file.problems];
  const settings: Setting[] = [];
  // The program reads the other keys from `.env` itself, unless the stack's configuration has them.
  for (const key of KEY_NAMES) {
    const env = environmentName(key);
    const text = file.values[env]?.trim() ?? '';
    if (text === '' || PLAN_KEYS.includes(key)) continue;
    const parsed = rowOf(key).parse(text);
    if (!parsed.ok) problems.push(`${env} in ${file.places[env] ?? ''} ${parsed.problem}.`);
    else if (COPIED.includes(key)) settings.push({ key, value: text });
  }
  const harvesters = plannedHarvesters(folder, settingsIn(file, env));
  throwIfProblems([...problems, ...harvesters.problems, ...findAppProblems(file.values)]);
  if (settings.length === 0) throw nothingToCopyError(folder);
  const known = COPIED.map(environmentName);
  const left = Object.entries(file.values).flatMap(([env, text]) =>
    env.startsWith('FYERS_') && text.trim() !== '' && !known.includes(env) ? [env] : [],
  );
  return { settings, left };
}

function findAppProblems(values: Readonly<Record<string, string>>): readonly string[] {
  const missing = ['FYERS_CLIENT_ID', 'FYERS_SECRET_KEY'].filter(
    (env) => (values[env]?.trim() ?? '') === '',
  );
  return missing.length === 1
    ? missing.map(
        (env) => `${env} is missing: an app id and its secret go together. Add it to .env.`,
      )
    : [];
}

function nothingToCopyError(folder: string): FyersError {
  return new FyersError(
    'operator.config',
    `There is nothing to copy in ${path.join(folder, '.env')}.`,
    'Copy .env.example to .env, fill in FYERS_CLIENT_ID and FYERS_SECRET_KEY, and run `npm run configure` again, or name the folder with --dir.',
  );
}
