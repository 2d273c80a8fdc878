import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GetPolicyCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmulator, type Emulator } from '../../../sandbox/aws/emulator.ts';
import { registeredIn } from '../../../sandbox/pulumi/register.ts';
import { upWithoutCli } from '../../../sandbox/pulumi/without-cli.ts';
import { makeFolderPerFile } from '../../support/temporary-folder.ts';

const NODE_MODULES = path.join(import.meta.dirname, '..', '..', '..', 'node_modules');
const PIN = '8317';
const PROGRAM = `
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
const config = new pulumi.Config();
if (config.get('wrong') === 'config') throw new pulumi.RunError('2 problems in the configuration');
const provider = new aws.Provider('aws', { region: 'ap-south-1' });
class Part extends pulumi.ComponentResource {
  constructor() { super('fyers:index:Part', 'part', {}, { provider }); }
}
const options = { parent: new Part() };
const role = new aws.iam.Role('refresh', {
  assumeRolePolicy: { Version: '2012-10-17', Statement: [
    { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }] },
}, options);
const pin = new aws.ssm.Parameter('pin', {
  name: 'PIN', type: 'SecureString', value: config.requireSecret('pin'),
  ...(config.get('wrong') === 'property' ? { valueWoVersion: 1 } : {}),
}, options);
const code = new pulumi.asset.AssetArchive({
  'index.mjs': new pulumi.asset.StringAsset('export const handler = async ({ n }) => ({ n: n + 1 });'),
});
const fn = new aws.lambda.Function('fn', {
  role: role.arn, runtime: 'nodejs24.x', handler: 'index.handler', code,
}, options);
const { result } = new aws.lambda.Invocation('adopt', {
  functionName: fn.name, input: pulumi.secret('{"n":1}'),
}, { ...options, dependsOn: [pin] });
const url = new aws.lambda.FunctionUrl('page', {
  functionName: fn.name, authorizationType: 'NONE',
}, options);
const { accountId } = aws.getCallerIdentityOutput({}, options);
export const outputs = { name: pin.name };
export { result, accountId };
export const value = pin.value;
export const page = url.functionUrl;
export const urlId = url.urlId;
export const functionName = fn.name;
`;

const dir = makeFolderPerFile();
let program = '';
let emulator: Emulator;

beforeAll(async () => {
  // The project is next to the emulator's folder, not above it: otherwise the functions would use
  // its package.json.
  const project = await createFolder('project');
  program = path.join(project, 'program.ts');
  await writeFile(path.join(project, 'package.json'), '{"type":"module"}');
  await writeFile(program, PROGRAM);
  await symlink(NODE_MODULES, path.join(project, 'node_modules'));
  emulator = await startEmulator({ dir: await createFolder('aws'), nodeModules: NODE_MODULES });
}, 300_000);

afterAll(() => emulator.close());

async function createFolder(name: string): Promise<string> {
  const made = path.join(dir.path, name);
  await mkdir(made);
  return made;
}

/** Each account is isolated, so the runs do not conflict. */
const aws = (accessKeyId: string) => ({
  endpoint: emulator.endpoint,
  accessKeyId,
  secretAccessKey: 'test',
});

async function up(account: string, config: Readonly<Record<string, string>>) {
  const run = await createFolder(account);
  const secrets = { pin: PIN };
  return await upWithoutCli({ program, dir: run, aws: aws(account), config, secrets });
}

describe('The program without the CLI', () => {
  test('creates its resources, invokes functions, and shows no secret', async () => {
    const { page, urlId, functionName, ...outputs } = await up('111111111111', {});
    expect(outputs).toEqual({
      outputs: { name: 'PIN' },
      result: '{"n": 2}',
      accountId: '111111111111',
      value: '[secret]',
    });
    const { endpoint, accessKeyId, secretAccessKey } = aws('111111111111');
    expect(page).toBe(`https://${String(urlId)}.lambda-url.ap-south-1.on.aws/`);
    const answer = await fetch(`${endpoint}/_aws/lambda-url/${String(urlId)}/`);
    expect({ status: answer.status, body: await answer.text() }).toEqual({
      status: 200,
      body: '{"n": null}',
    });
    const credentials = { accessKeyId, secretAccessKey };
    const options = { endpoint, region: 'ap-south-1', credentials };
    const ssm = new SSMClient(options);
    const live = await ssm.send(new GetParameterCommand({ Name: 'PIN', WithDecryption: true }));
    expect(live.Parameter?.Value).toBe(PIN);
    // The emulator does not require these two permissions; AWS does.
    const policy = new GetPolicyCommand({ FunctionName: String(functionName) });
    const { Policy = '' } = await new LambdaClient(options).send(policy);
    expect(JSON.parse(Policy)).toMatchObject({
      Statement: [
        { Action: 'lambda:InvokeFunctionUrl', Principal: '*' },
        {
          Action: 'lambda:InvokeFunction',
          Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
        },
      ],
    });
  });

  test('records the registered resources with masked secrets', async () => {
    const run = path.join(dir.path, '111111111111');
    const { resources, failures } = registeredIn(run);
    expect(failures).toEqual([]);
    expect(resources.map(({ type }) => type).sort()).toEqual([
      'aws:iam/role:Role',
      'aws:lambda/function:Function',
      'aws:lambda/functionUrl:FunctionUrl',
      'aws:lambda/invocation:Invocation',
      'aws:ssm/parameter:Parameter',
    ]);
    const parameter = resources.find(({ name }) => name === 'pin');
    expect(parameter).toMatchObject({
      id: 'PIN',
      inputs: { type: 'SecureString', value: '[secret]' },
    });
    expect(await readFile(path.join(run, 'registered.json'), 'utf8')).not.toContain(PIN);
  });

  test('stops at an unknown property and names it', async () => {
    await expect(up('222222222222', { wrong: 'property' })).rejects.toMatchObject({
      code: 'platform.store',
      message: expect.stringContaining('aws:ssm/parameter:Parameter pin: valueWoVersion') as string,
    });
  });

  test('stops with the program’s message about its configuration, and creates nothing', async () => {
    await expect(up('333333333333', { wrong: 'config' })).rejects.toMatchObject({
      code: 'operator.config',
      message: expect.stringMatching(/^2 problems in the configuration/) as string,
    });
    expect(registeredIn(path.join(dir.path, '333333333333')).resources).toEqual([]);
  });

  test('stops at a parameter that already exists', async () => {
    const again = await createFolder('again');
    const options = { program, dir: again, aws: aws('111111111111'), config: {} };
    await expect(upWithoutCli({ ...options, secrets: { pin: PIN } })).rejects.toThrow(
      'ParameterAlreadyExists',
    );
  });
});
