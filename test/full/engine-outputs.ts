// Runs a stack on the real engine through every step that could write a secret, and collects all output.
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { REFERENCE_REDIRECT_URI } from '../../core/config/names.ts';
import { istDate, istInstant, MINUTE, plus } from '../../core/time.ts';
import { startFaults } from '../../sandbox/faults.ts';
import { mintTokens, type SimulatedApp } from '../../sandbox/fyers/tokens.ts';
import { withCli, type PulumiStack } from '../../sandbox/pulumi/with-cli.ts';
import { ROOT, startStandIns } from '../../sandbox/stand-ins.ts';

export interface Secrets {
  readonly pin: string;
  readonly appSecret: string;
  /** Of the broker's tokens. */
  readonly seed: string;
  /** Set later. */
  readonly newPin: string;
  readonly newAppSecret: string;
  /** What the program refuses is as secret: it may be right but for a digit. */
  readonly malformedPin: string;
}

/** By class, each text as it was written. */
export interface Written {
  /** `--json`: one event a line. */
  readonly events: readonly string[];
  /** Output of commands with `--diff`. */
  readonly shown: readonly string[];
  readonly failures: readonly string[];
  readonly outputs: readonly string[];
  readonly history: readonly string[];
  readonly exported: readonly string[];
  /** State and history as they lie in the backend, by file. */
  readonly backend: readonly string[];
  /** The state before the last write; which resource is missing there is chance. */
  readonly backups: readonly string[];
  /** The stack's file with its encrypted configuration. */
  readonly settings: readonly string[];
}

export interface Life {
  readonly written: Written;
  /** Every token that was in the operator’s folder. */
  readonly tokens: readonly string[];
}

const DATE = istDate('2026-11-25');
const YES = ['--yes', '--skip-preview', '--stack', 'dev'];

/** @param dir a private folder, removed by the caller */
export async function liveOnEngine(secrets: Secrets, dir: string): Promise<Life> {
  const operatorDir = path.join(dir, 'operator');
  const pulumiDir = path.join(dir, 'pulumi');
  for (const folder of [operatorDir, pulumiDir]) await mkdir(folder);
  const tokens = await writeOperatorsFolder(operatorDir, secrets);
  await using standIns = await startStandIns({
    date: DATE,
    broker: 'accepting',
    env: operatorDir,
    seed: secrets.seed,
  });
  const { endpoint, rootCredentials } = standIns.emulator;
  const faults = await startFaults(endpoint);
  await using _faults = { [Symbol.asyncDispose]: () => faults.close() };
  const aws = { endpoint: faults.url, ...rootCredentials };
  await using stack = await withCli({ dir: pulumiDir, root: ROOT, aws });
  await stack.configSet('operatorDir', operatorDir, false);
  await stack.configSet('apiUrl', standIns.simulator.url, false);
  const said = writer(stack);

  await said.command('shown', ['preview', '--diff', '--stack', 'dev']);
  await said.command('events', ['up', '--json', ...YES]);
  await stack.configSet('pin', secrets.newPin, true);
  await stack.configSet('secretKey', secrets.newAppSecret, true);
  await said.command('shown', ['preview', '--diff', '--stack', 'dev']);
  await said.command('events', ['preview', '--json', '--stack', 'dev']);

  // The store refuses the new PIN, and the keeper refuses a token that another app was given.
  faults.add({ match: { target: /PutSecretValue$/ }, effect: REFUSED });
  tokens.push(...(await writeTokens(operatorDir, secrets, FOREIGN)));
  await said.failure(['up', '--diff', '--continue-on-error', ...YES]);
  faults.clear();
  await stack.configSet('pin', secrets.malformedPin, true);
  await said.failure(['up', '--json', ...YES]);
  await stack.configSet('pin', secrets.newPin, true);
  tokens.push(...(await writeTokens(operatorDir, secrets, {})));
  await said.command('shown', ['up', '--diff', ...YES]);
  await said.command('shown', ['refresh', '--diff', ...YES]);

  await said.command('outputs', ['stack', 'output', '--json', '--stack', 'dev']);
  await said.command('outputs', ['stack', '--show-urns', '--stack', 'dev']);
  await said.command('outputs', ['config', '--json', '--stack', 'dev']);
  await said.command('history', ['stack', 'history', '--json', '--stack', 'dev']);
  await said.command('exported', ['stack', 'export', '--stack', 'dev']);
  await said.command('shown', ['destroy', '--diff', ...YES]);
  const settings = [await readFile(path.join(pulumiDir, 'project', 'Pulumi.dev.yaml'), 'utf8')];
  const files = await textsIn(path.join(pulumiDir, 'state'));
  const isBackup = (text: string) => /^\S+\.bak\n/.test(text);
  const [backups, backend] = [files.filter(isBackup), files.filter((text) => !isBackup(text))];
  return { written: { ...said.written, settings, backend, backups }, tokens };
}

const REFUSED = {
  kind: 'answer',
  status: 400,
  body: '{"__type":"InvalidRequestException","message":"You can\'t do that now."}',
  headers: { 'content-type': 'application/x-amz-json-1.1' },
} as const;
const FOREIGN = { id: 'OTHER5678CD-100' };

type Said = 'events' | 'shown' | 'failures' | 'outputs' | 'history' | 'exported';

function writer(stack: PulumiStack) {
  const written: Readonly<Record<Said, string[]>> = {
    events: [],
    shown: [],
    failures: [],
    outputs: [],
    history: [],
    exported: [],
  };
  const take = async (kind: Said, args: readonly string[], fails: boolean): Promise<void> => {
    const { code, stdout, stderr } = await stack.cli(args);
    if ((code !== 0) !== fails) {
      throw new Error(`pulumi ${args.join(' ')} ended with ${String(code)}: ${stdout}${stderr}`);
    }
    written[kind].push(`$ pulumi ${args.join(' ')}\n${stdout}\n${stderr}`);
  };
  return {
    written,
    command: (kind: Exclude<Said, 'failures'>, args: readonly string[]) => take(kind, args, false),
    failure: (args: readonly string[]) => take('failures', args, true),
  };
}

function appOf({ pin, appSecret }: Secrets): SimulatedApp {
  return {
    id: 'ABCD1234EF-100',
    secret: appSecret,
    pin,
    fyId: 'XD00001',
    redirectUri: REFERENCE_REDIRECT_URI,
  };
}

async function writeOperatorsFolder(dir: string, secrets: Secrets): Promise<string[]> {
  const { id, secret, pin } = appOf(secrets);
  const env = `FYERS_CLIENT_ID=${id}\nFYERS_SECRET_KEY=${secret}\nFYERS_PIN=${pin}\n`;
  await writeFile(path.join(dir, '.env'), env, { mode: 0o600 });
  return [...(await writeTokens(dir, secrets, {}, -MINUTE))];
}

async function writeTokens(
  dir: string,
  secrets: Secrets,
  changes: Partial<SimulatedApp>,
  afterMs = 0,
): Promise<readonly string[]> {
  const at = plus(istInstant(DATE, '06:50'), afterMs);
  const app = { ...appOf(secrets), ...changes };
  const { accessToken, refreshToken } = mintTokens(secrets.seed, app, at);
  await writeFile(path.join(dir, 'access_token.txt'), accessToken, { mode: 0o600 });
  await writeFile(path.join(dir, 'refresh_token.txt'), refreshToken, { mode: 0o600 });
  return [accessToken, refreshToken];
}

async function textsIn(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((one) => one.isFile())
    .sort((a, b) => (path.join(a.parentPath, a.name) < path.join(b.parentPath, b.name) ? -1 : 1));
  return await Promise.all(
    files.map(async (one) => {
      const file = path.join(one.parentPath, one.name);
      return `${path.relative(dir, file)}\n${await readFile(file, 'utf8')}`;
    }),
  );
}
