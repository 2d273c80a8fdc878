// Runs the unchanged program under the real Pulumi CLI, on a private copy of its project files, with private state, a
// private home and our provider. The program's folder stays unchanged.
import { access, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FyersError } from '../../core/errors.ts';
import { PROJECT } from '../../core/config/names.ts';
import { outcomeOf, type Outcome } from './engine-events.ts';
import {
  baseEnvironment,
  run,
  type AwsTarget,
  type Environment,
  type Finished,
} from './process.ts';
import { startProvider } from './provider.ts';
import { registeredIn, type Registered } from './register.ts';

const STACK = 'dev';

export interface WithCliOptions {
  /** A private folder outside the program's; the files of the run are in it. */
  readonly dir: string;
  /** The folder of Pulumi.yaml. */
  readonly root: string;
  readonly aws: AwsTarget;
  /** Further environment of the program. */
  readonly env?: Environment;
}

export interface PulumiStack extends AsyncDisposable {
  /** The copy of the project, and what a command run there needs in its environment. */
  readonly place: { readonly folder: string; readonly env: Environment };
  up(): Promise<Outcome>;
  preview(): Promise<Outcome>;
  refresh(): Promise<Outcome>;
  destroy(): Promise<Outcome>;
  /** Secrets are `[secret]`. */
  outputs(): Promise<Readonly<Record<string, unknown>>>;
  /** A secret goes by standard input. A key without a namespace is the project's. */
  configSet(key: string, value: string, secret: boolean): Promise<void>;
  registered(): Registered;
  /** Any command of the CLI on this project, with all that it printed. */
  cli(args: readonly string[]): Promise<Finished>;
}

/** Whether the real CLI can be used. */
export async function hasPulumi(): Promise<boolean> {
  try {
    const { code } = await run('pulumi', ['version'], {
      cwd: '/',
      env: { ...baseEnvironment(), PULUMI_SKIP_UPDATE_CHECK: 'true' },
    });
    return code === 0;
  } catch {
    return false;
  }
}

/**
 * Copies the project, starts the provider and makes an empty stack.
 * @throws FyersError `operator.prerequisite` without `pulumi` on the PATH.
 */
export async function withCli(options: WithCliOptions): Promise<PulumiStack> {
  const project = await copyProject(options);
  const provider = await startProvider({ dir: options.dir, aws: options.aws });
  const env = { ...engineEnvironment(options.dir, provider.port), ...options.env };
  const pulumi = async (args: readonly string[], input?: string): Promise<Finished> =>
    await run('pulumi', ['--non-interactive', '--color', 'never', ...args], {
      cwd: project,
      env,
      ...(input !== undefined && { input }),
    });
  const engine = async (command: string): Promise<Outcome> =>
    outcomeOf(
      command,
      await pulumi([command, '--json', '--stack', STACK, ...(FLAGS[command] ?? [])]),
    );
  try {
    expectDone(await pulumi(['stack', 'init', STACK]), 'stack init');
  } catch (caught) {
    await provider[Symbol.asyncDispose]();
    throw caught;
  }
  return {
    place: { folder: project, env },
    up: async () => await engine('up'),
    preview: async () => await engine('preview'),
    refresh: async () => await engine('refresh'),
    destroy: async () => await engine('destroy'),
    outputs: async () => {
      const { stdout } = expectDone(await pulumi(['stack', 'output', '--json']), 'stack output');
      return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
    },
    configSet: async (key, value, secret) => {
      // Standard input for both: `config set` reads it where it is no terminal, so no value shows in a process list.
      const kind = secret ? '--secret' : '--plaintext';
      expectDone(await pulumi(['config', 'set', kind, key], value), `config set ${key}`);
    },
    registered: () => registeredIn(options.dir),
    cli: async (args) => await pulumi(args),
    [Symbol.asyncDispose]: async () => {
      await provider[Symbol.asyncDispose]();
    },
  };
}

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  up: ['--yes', '--skip-preview'],
  refresh: ['--yes', '--skip-preview'],
  destroy: ['--yes', '--skip-preview'],
};

function engineEnvironment(dir: string, port: number): Environment {
  return {
    ...baseEnvironment(),
    PULUMI_HOME: path.join(dir, 'home'),
    PULUMI_BACKEND_URL: `file://${path.join(dir, 'state')}`,
    // Of a state that is thrown away; it protects nothing but shows that secrets are encrypted at all.
    PULUMI_CONFIG_PASSPHRASE: 'sandbox',
    PULUMI_DEBUG_PROVIDERS: `aws:${String(port)}`,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    PULUMI_ENABLE_STREAMING_JSON_PREVIEW: 'true',
  };
}

/** The folder with the copy; its `main` is the program's real path, so imports resolve where they always do. */
async function copyProject({ dir, root }: WithCliOptions): Promise<string> {
  const project = path.join(dir, 'project');
  for (const folder of [project, path.join(dir, 'home'), path.join(dir, 'state')]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const yaml = await readFile(path.join(root, 'Pulumi.yaml'), 'utf8');
  const main = /^main:\s*(\S+)\s*$/m;
  if (!main.test(yaml)) {
    throw new FyersError(
      'bug.unexpected',
      `${path.join(root, 'Pulumi.yaml')} names no main program.`,
      'Give it a line such as "main: infra/main.js".',
    );
  }
  const absolute = yaml.replace(
    main,
    (_, program: string) => `main: ${path.resolve(root, program)}`,
  );
  await writeFile(path.join(project, 'Pulumi.yaml'), absolute);
  const settings = path.join(root, `Pulumi.${STACK}.yaml`);
  if (await exists(settings)) await copyFile(settings, path.join(project, `Pulumi.${STACK}.yaml`));
  return project;
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

function expectDone(finished: Finished, what: string): Finished {
  if (finished.code === 0) return finished;
  throw new FyersError(
    'bug.unexpected',
    `pulumi ${what} ended with code ${String(finished.code)}: ${finished.stderr.trim()}`,
    `Report this message with what \`pulumi version\` says (project ${PROJECT}).`,
  );
}
