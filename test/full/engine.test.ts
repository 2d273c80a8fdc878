// Runs the real Pulumi engine on the real program, from the first `up` to the one after `destroy`. The steps build on
// each other and run in order.
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { istDate, istInstant, plus, SECOND } from '../../core/time.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { withCli, type PulumiStack } from '../../sandbox/pulumi/with-cli.ts';
import { startStandIns, type StandIns } from '../../sandbox/stand-ins.ts';
import { clientOptions } from '../../sandbox/steps/token.ts';
import { changesOf, onEngine } from './on-engine.ts';
import { copyProgram } from './program-copy.ts';
import { leftBehind, stillExisting } from './remaining-resources.ts';

const SEED = 'engine';
const DATE = istDate('2026-11-25');
const SEVEN = istInstant(DATE, '07:00');
const NEW_PIN = '9362';

let standIns: StandIns;
let root = '';
let stack: PulumiStack;
let serial = 0;
let firstLoginUrl = '';

onEngine('the program', () => {
  beforeAll(async () => {
    standIns = await startStandIns({ date: DATE, broker: 'accepting', env: null, seed: SEED });
    root = path.join(standIns.dir, 'program');
    // The description of a parameter is edited in it.
    await copyProgram(root);
    const dir = path.join(standIns.dir, 'pulumi');
    await mkdir(dir);
    const { endpoint, rootCredentials } = standIns.emulator;
    stack = await withCli({ dir, root, aws: { endpoint, ...rootCredentials } });
    await stack.configSet('operatorDir', standIns.operator.dir, false);
    await stack.configSet('apiUrl', standIns.simulator.url, false);
  });

  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    await standIns[Symbol.asyncDispose]();
  });

  test('previews without creating a resource', async () => {
    const { changes } = await stack.preview();
    expect(changes['create']).toBeGreaterThan(30);
    expect(await leftBehind(client())).toEqual([]);
  });

  test('creates all resources', async () => {
    const { changes, notes } = await stack.up();
    expect(Object.keys(changes)).toEqual(['create']);
    firstLoginUrl = await loginUrl();
    expect(notes.join('\n')).toContain(`The login URL is new: ${firstLoginUrl}`);
    expect(await parameter('FYERS_CLIENT_ID')).toBe(standIns.operator.app.id);
    expect(await pin()).toBe(standIns.operator.app.pin);
  });

  test('changes nothing in a second up', async () => {
    const { steps, changes, notes } = await stack.up();
    expect(steps).toEqual([]);
    expect(notes.join('\n')).not.toContain('login URL');
    expect(Object.keys(changes)).toEqual(['same']);
  });

  test('keeps the live token if descriptions are edited', async () => {
    const live = await rotate();
    await editDescriptions('once');
    expect(changesOf(await stack.up())).toEqual([
      'update client-id',
      'update pin',
      'update secret-key',
    ]);
    expect(await parameter('FYERS_ACCESS_TOKEN')).toBe(live);
  });

  test('keeps the live token after a refresh, a rotation and another edit', async () => {
    await stack.refresh();
    const live = await rotate();
    await editDescriptions('twice');
    expect(changesOf(await stack.up())).toHaveLength(3);
    expect(await parameter('FYERS_ACCESS_TOKEN')).toBe(live);
  });

  test('passes newer token files to adopt, and changes nothing else', async () => {
    const newer = newToken();
    await writeToken(newer);
    expect(changesOf(await stack.up())).toEqual([
      'create-replacement adopt',
      'delete-replaced adopt',
      'replace adopt',
    ]);
    expect(await parameter('FYERS_ACCESS_TOKEN')).toBe(newer);
  });

  test('prefers the PIN of its configuration to that of .env', async () => {
    await stack.configSet('pin', NEW_PIN, true);
    expect(new Set((await stack.up()).steps.map(({ name }) => name))).toEqual(new Set(['pin']));
    expect(await pin()).toBe(NEW_PIN);
  });

  test('shows no secret in its outputs', async () => {
    const outputs = JSON.stringify(await stack.outputs());
    expect(outputs).toContain('FyersTokenRefresh');
    for (const secret of await secrets()) expect(outputs).not.toMatch(asWord(secret));
  });

  test('has no secret in clear text in state, history and backups', async () => {
    const files = await filesIn(path.join(standIns.dir, 'pulumi'));
    expect(files.filter((file) => file.includes('history')).length).toBeGreaterThan(0);
    const found: string[] = [];
    for (const secret of await secrets()) {
      const canaries = formsOf(secret).map(asWord);
      for (const file of files) {
        // The engine's log counts processes and milliseconds, and any four digits turn up there.
        if (secret.length === 4 && file.includes('/logs/')) continue;
        const content = withoutCiphertext(await readFile(file, 'utf8'));
        if (canaries.some((canary) => canary.test(content))) found.push(file);
      }
    }
    expect(found).toEqual([]);
  });

  test('destroys all resources except the bucket of recordings', async () => {
    const { resources } = stack.registered();
    expect(await stillExisting(resources, client())).toHaveLength(resources.length);
    await stack.destroy();
    const left = await stillExisting(resources, client());
    // An invocation leaves nothing that could be deleted.
    expect(left.filter((each) => !/^aws:s3\/bucket.* fyers-depth$/.test(each))).toEqual([
      'aws:lambda/invocation:Invocation adopt',
    ]);
    expect(await leftBehind(client())).toEqual([
      expect.stringMatching(/^bucket fyers-depth-[0-9a-f]{7}$/),
    ]);
  });

  test('deploys again after destroy, and reports the new login URL', async () => {
    await stack.configSet('redirectUri', 'loginUrl', false);
    const { changes, notes } = await stack.up();
    expect(Object.keys(changes)).toEqual(['create']);
    const url = await loginUrl();
    expect(url).not.toBe(firstLoginUrl);
    expect(notes.join('\n')).toContain(
      `The login URL is new: ${url} (the URL of an earlier stack no longer works). No login succeeds until`,
    );
    expect(await pin()).toBe(NEW_PIN);
  });
});

const client = () => clientOptions(standIns.emulator);

async function parameter(name: string): Promise<string | undefined> {
  const command = new GetParameterCommand({ Name: name, WithDecryption: true });
  return (await new SSMClient(client()).send(command)).Parameter?.Value;
}

async function loginUrl(): Promise<string> {
  return String((await stack.outputs())['loginUrl']);
}

async function pin(): Promise<string | undefined> {
  const command = new GetSecretValueCommand({ SecretId: 'FYERS_PIN' });
  return (await new SecretsManagerClient(client()).send(command)).SecretString;
}

/** A token of the same account, newer than every one before. */
function newToken(): string {
  serial += 1;
  const at = plus(SEVEN, (serial - 100) * SECOND);
  return mintToken(SEED, standIns.operator.app, 'access_token', at, serial);
}

/** What the keeper does every morning: another token in the parameter, unknown to Pulumi. */
async function rotate(): Promise<string> {
  const Value = newToken();
  const rotated = {
    Name: 'FYERS_ACCESS_TOKEN',
    Value,
    Type: 'SecureString',
    Overwrite: true,
  } as const;
  await new SSMClient(client()).send(new PutParameterCommand(rotated));
  return Value;
}

async function writeToken(token: string): Promise<void> {
  await writeFile(path.join(standIns.operator.dir, 'access_token.txt'), token, { mode: 0o600 });
}

/** Of every parameter and of the secret; the token parameters are among them. */
async function editDescriptions(mark: string): Promise<void> {
  const file = path.join(root, 'infra', 'components', 'credentials.ts');
  const source = await readFile(file, 'utf8');
  const edited = source.replaceAll(
    /(published by the keeper|set by pulumi up)[ a-z]*/g,
    `$1 ${mark}`,
  );
  expect(edited).not.toBe(source);
  await writeFile(file, edited);
}

async function secrets(): Promise<readonly string[]> {
  const { pin: oldPin, secret } = standIns.operator.app;
  const tokens = await Promise.all(
    ['access_token.txt', 'refresh_token.txt'].map(
      async (file) => await readFile(path.join(standIns.operator.dir, file), 'utf8'),
    ),
  );
  const keys = await Promise.all(
    ['FYERS_LINK_KEY', 'FYERS_PIN_KEY'].map(async (Name) => {
      const read = new GetParameterCommand({ Name, WithDecryption: true });
      return String((await new SSMClient(client()).send(read)).Parameter?.Value);
    }),
  );
  return [oldPin, NEW_PIN, secret, ...tokens, ...keys];
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [secret, bytes.toString('base64'), bytes.toString('hex'), encodeURIComponent(secret)];
}

/** Many longer numbers contain four digits; as a word of their own they are the PIN. */
function asWord(secret: string): RegExp {
  return new RegExp(`(?<![\\w.:+/-])${secret.replaceAll(/\W/g, '\\$&')}(?![\\w.:+/-])`);
}

/** What is encrypted holds every four digits sooner or later. */
function withoutCiphertext(content: string): string {
  return content.replaceAll(/"ciphertext":\s*"[^"]*"|\b(?:secure|encryptionsalt): \S+/g, '');
}

async function filesIn(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
}
