import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetParameterCommand,
  PutParameterCommand,
  SSMClient,
  SSMServiceException,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { istDate, istInstant } from '../../../core/time.ts';
import { emulatorOrExisting, startEmulator, type Emulator } from '../../../sandbox/aws/emulator.ts';
import { startImds, type Imds } from '../../../sandbox/aws/imds.ts';
import { assumeRole, createRole } from '../../support/restricted-role.ts';
import { makeFolderPerFile } from '../../support/temporary-folder.ts';

const run = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const NODE_MODULES = path.join(ROOT, 'node_modules');
const LAMBDA_NOW = istInstant(istDate('2027-03-01'), '07:00');
const ROLE = 'Reader';
const ALLOWED = 'FYERS_ALLOWED';
const FORBIDDEN = 'FYERS_FORBIDDEN';
const HANDLER = `
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
const ssm = new SSMClient({});
export const handler = async (event) => {
  if (event.fail) throw new Error('asked to fail');
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: event.name }));
  const other = await import('zod').then(() => 'resolved', () => 'absent');
  return { now: Date.now(), fresh: new Date().getTime(), given: new Date(0).getTime(),
    isDate: new Date() instanceof Date, value: Parameter.Value, other, environment: process.env, node: process.version };
};`;

const dir = makeFolderPerFile();
let emulator: Emulator;
let ssm: SSMClient;
let lambda: LambdaClient;
let roleArn = '';

const clientOptions = () => ({
  endpoint: emulator.endpoint,
  region: emulator.region,
  credentials: emulator.rootCredentials,
});
const parameterArn = (name: string) => `arn:aws:ssm:ap-south-1:000000000000:parameter/${name}`;

async function makeFunction(): Promise<void> {
  await writeFile(path.join(dir.path, 'index.mjs'), HANDLER);
  await run('python3', ['-m', 'zipfile', '-c', 'function.zip', 'index.mjs'], { cwd: dir.path });
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'Probe',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: await readFile(path.join(dir.path, 'function.zip')) },
    }),
  );
}

async function invoke(event: object) {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: 'Probe', Payload: JSON.stringify(event) }),
  );
  const answer: unknown = JSON.parse(Buffer.from(Payload ?? []).toString());
  return { FunctionError, answer: answer as Record<string, unknown> };
}

const createRoleClient = async () =>
  new SSMClient({ ...clientOptions(), credentials: await assumeRole(clientOptions(), roleArn) });

function groupIsGone(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return false;
  } catch {
    return true;
  }
}

beforeAll(async () => {
  process.env['FYERS_TEST_CANARY'] = 'leaks';
  emulator = await startEmulator({
    dir: dir.path,
    nodeModules: NODE_MODULES,
    lambdaNow: LAMBDA_NOW,
  });
  ssm = new SSMClient(clientOptions());
  lambda = new LambdaClient(clientOptions());
  for (const Name of [ALLOWED, FORBIDDEN]) {
    await ssm.send(new PutParameterCommand({ Name, Value: `value of ${Name}`, Type: 'String' }));
  }
  const grant = { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: parameterArn(ALLOWED) };
  roleArn = await createRole(clientOptions(), ROLE, grant);
  await makeFunction();
}, 180_000);

afterAll(async () => {
  delete process.env['FYERS_TEST_CANARY'];
  ssm.destroy();
  lambda.destroy();
  await emulator.close();
});

describe('The emulator', () => {
  test('listens only on loopback', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4');
    // Without an outside address, 127.0.0.2 is another address of this machine.
    const address = outside?.address ?? '127.0.0.2';
    const port = Number(new URL(emulator.endpoint).port);
    await expect(once(connect(port, address), 'connect')).rejects.toThrow('ECONNREFUSED');
  });

  test('lets a role do what its policy allows', async () => {
    const role = await createRoleClient();
    const { Parameter } = await role.send(new GetParameterCommand({ Name: ALLOWED }));
    role.destroy();
    expect(Parameter?.Value).toBe(`value of ${ALLOWED}`);
  });

  test('denies a role everything else, and names the action and the resource', async () => {
    const role = await createRoleClient();
    const refusal: unknown = await role
      .send(new GetParameterCommand({ Name: FORBIDDEN }))
      .catch((caught: unknown) => caught);
    role.destroy();
    expect(refusal).toBeInstanceOf(SSMServiceException);
    expect(refusal).toMatchObject({ name: 'AccessDeniedException' });
    expect(String(refusal)).toContain('ssm:GetParameter');
    expect(String(refusal)).toContain(parameterArn(FORBIDDEN));
  });
});

describe('A function in the emulator', () => {
  test('runs on the shifted day, with the SDK and its role, but without our packages and environment', async () => {
    const { FunctionError, answer } = await invoke({ name: ALLOWED });
    expect(FunctionError).toBeUndefined();
    expect(answer).toMatchObject({
      value: `value of ${ALLOWED}`,
      given: 0,
      isDate: true,
      other: 'absent',
    });
    for (const moment of [answer['now'], answer['fresh']]) {
      expect(moment).toBeGreaterThanOrEqual(LAMBDA_NOW);
      expect(moment).toBeLessThan(LAMBDA_NOW + 60_000);
    }
    expect(answer['node']).toMatch(/^v24\./);
    expect(answer['environment']).not.toHaveProperty('FYERS_TEST_CANARY');
  });

  test('continues the shifted clock in its next process', async () => {
    const before = (await invoke({ name: ALLOWED })).answer['now'];
    expect((await invoke({ fail: true })).FunctionError).toBe('Unhandled');
    const after = (await invoke({ name: ALLOWED })).answer['now'];
    expect(after).toBeGreaterThan(Number(before));
    expect(after).toBeLessThan(LAMBDA_NOW + 60_000);
  });

  test('is denied what its role may not do', async () => {
    const { FunctionError, answer } = await invoke({ name: FORBIDDEN });
    expect(FunctionError).toBe('Unhandled');
    expect(answer['errorMessage']).toContain('ssm:GetParameter');
    expect(answer['errorMessage']).toContain(parameterArn(FORBIDDEN));
  });
});

describe('The metadata server', () => {
  let imds: Imds;
  beforeAll(async () => {
    imds = await startImds(emulator, roleArn);
  });
  afterAll(() => imds.close());

  const readAsInstance = async (name: string) => {
    const script = `
      import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
      const ssm = new SSMClient({ region: 'ap-south-1' });
      const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '${name}' }));
      console.log(Parameter.Value);`;
    return run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      env: {
        HOME: dir.path,
        AWS_ENDPOINT_URL: emulator.endpoint,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint,
      },
    });
  };

  test('gives the SDK’s default chain only the role of the instance', async () => {
    expect((await readAsInstance(ALLOWED)).stdout.trim()).toBe(`value of ${ALLOWED}`);
    await expect(readAsInstance(FORBIDDEN)).rejects.toThrow(/ssm:GetParameter on resource/);
  });

  test('requires a session token', async () => {
    const response = await fetch(`${imds.endpoint}/latest/meta-data/iam/security-credentials/`);
    expect(response.status).toBe(401);
  });
});

describe('The record of permissions', () => {
  test('contains the allowed calls of roles, but not the denied ones', async () => {
    expect(await emulator.exercised()).toEqual([
      { role: ROLE, action: 'ssm:GetParameter', resource: parameterArn(ALLOWED) },
    ]);
  });
});

describe('An existing emulator', () => {
  const at = (address: string) =>
    emulatorOrExisting(
      { dir: '/nowhere', nodeModules: NODE_MODULES },
      { AWS_ENDPOINT_URL: address },
    );

  test('is used, and is not stopped at the end', async () => {
    const existing = await at(emulator.endpoint);
    expect(existing).toMatchObject({ endpoint: emulator.endpoint, pid: null });
    await existing.close();
    expect(await existing.exercised()).toBeNull();
    expect((await fetch(`${emulator.endpoint}/_ministack/ready`)).ok).toBe(true);
  });

  test.each(['http://unreachable.invalid', 'http://127.0.0.1:1'])(
    'is not replaced if nothing answers at %s',
    async (address) => {
      await expect(at(address)).rejects.toMatchObject({ code: 'operator.prerequisite' });
    },
  );
});

// These tests must be the last, because they end the emulator.
describe('The end of the emulator', () => {
  test('leaves no process of the emulator or its functions', async () => {
    const { pid } = emulator;
    expect(groupIsGone(Number(pid))).toBe(false);
    await emulator.close();
    expect(groupIsGone(Number(pid))).toBe(true);
  });

  test('happens even if the process that started it is killed', async () => {
    const own = await mkdtemp(path.join(dir.path, 'orphan-'));
    const module = path.join(ROOT, 'sandbox/aws/emulator.ts');
    const script = `
      const { startEmulator } = await import(${JSON.stringify(module)});
      const options = { dir: ${JSON.stringify(own)}, nodeModules: ${JSON.stringify(NODE_MODULES)} };
      console.log((await startEmulator(options)).pid);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await once(starter.stdout, 'data')) as [Buffer];
    const pid = Number(output.toString());
    expect(groupIsGone(pid)).toBe(false);
    starter.kill('SIGKILL');
    await expect.poll(() => groupIsGone(pid), { timeout: 10_000 }).toBe(true);
  });
});
