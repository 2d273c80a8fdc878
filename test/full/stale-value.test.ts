// Shows on the real engine why token parameters ignore every change (docs/decisions/0002): a parameter that ignores only
// its value loses the live one. A small program suffices for that.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmulator, type Emulator } from '../../sandbox/aws/emulator.ts';
import { withCli, type PulumiStack } from '../../sandbox/pulumi/with-cli.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';
import { onEngine } from './on-engine.ts';

const NODE_MODULES = path.join(import.meta.dirname, '..', '..', 'node_modules');
const PROJECT = `name: stale-value
main: index.ts
runtime:
  name: nodejs
  options:
    typescript: false
`;
const PROGRAM = `
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
const config = new pulumi.Config();
const provider = new aws.Provider('aws', { region: 'ap-south-1' });
for (const ignored of ['value', '*']) {
  new aws.ssm.Parameter(ignored, {
    name: 'TOKEN_' + (ignored === '*' ? 'ALL' : 'VALUE'),
    type: 'SecureString',
    value: pulumi.secret('placeholder'),
    description: config.get('description') ?? 'first',
  }, { provider, ignoreChanges: [ignored] });
}
`;

const dir = makeFolderPerFile();
let emulator: Emulator;
let stack: PulumiStack;

onEngine('a rotated parameter', () => {
  beforeAll(async () => {
    const [root, run, aws] = [await folder('root'), await folder('run'), await folder('aws')];
    await writeFile(path.join(root, 'package.json'), '{"type":"module"}');
    await writeFile(path.join(root, 'Pulumi.yaml'), PROJECT);
    await writeFile(path.join(root, 'index.ts'), PROGRAM);
    await symlink(NODE_MODULES, path.join(root, 'node_modules'));
    emulator = await startEmulator({ dir: aws, nodeModules: NODE_MODULES });
    const { endpoint, rootCredentials } = emulator;
    stack = await withCli({ dir: run, root, aws: { endpoint, ...rootCredentials } });
    await stack.up();
  });

  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    await emulator.close();
  });

  test('is overwritten with the placeholder by an edited description if only its value is ignored', async () => {
    await rotate('monday');
    await stack.configSet('description', 'second', false);
    await stack.up();
    expect(await values()).toEqual({ value: 'placeholder', all: 'monday' });
  });

  test("is overwritten with yesterday's token after a refresh if only its value is ignored", async () => {
    await rotate('yesterday');
    await stack.refresh();
    await rotate('today');
    await stack.configSet('description', 'third', false);
    await stack.up();
    expect(await values()).toEqual({ value: 'yesterday', all: 'today' });
  });
});

async function folder(name: string): Promise<string> {
  const made = path.join(dir.path, name);
  await mkdir(made);
  return made;
}

function ssm(): SSMClient {
  const { endpoint, region, rootCredentials: credentials } = emulator;
  return new SSMClient({ endpoint, region, credentials });
}

async function rotate(Value: string): Promise<void> {
  for (const Name of ['TOKEN_VALUE', 'TOKEN_ALL']) {
    await ssm().send(
      new PutParameterCommand({ Name, Value, Type: 'SecureString', Overwrite: true }),
    );
  }
}

async function values(): Promise<{ value: string | undefined; all: string | undefined }> {
  const read = async (Name: string) =>
    (await ssm().send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter?.Value;
  return { value: await read('TOKEN_VALUE'), all: await read('TOKEN_ALL') };
}
