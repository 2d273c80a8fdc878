// Checks least privilege under enforced IAM: removes each permission that the functions and the harvester use, once.
import { appendFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DeleteRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DeleteParameterCommand,
  GetParameterCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PLACEHOLDER, namesFor } from '../../core/config/names.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { istDate } from '../../core/time.ts';
import { grantsOf, type Grant } from '../../sandbox/aws/unexercised.ts';
import { startStandIns, type StandIns } from '../../sandbox/stand-ins.ts';
import { harvestDay, instanceOf, type Instance } from '../../sandbox/steps/harvest-day.ts';
import { provision, type Provisioned } from '../../sandbox/steps/provision.ts';
import { clientOptions, invoke } from '../../sandbox/steps/token.ts';
import { quietProgress } from '../support/quiet-progress.ts';
import { assumeRole } from '../support/restricted-role.ts';

const DATE = istDate('2026-11-25');

let standIns: StandIns;
let made: Provisioned;
let instance: Instance;
let options: ReturnType<typeof clientOptions>;

beforeAll(async () => {
  standIns = await startStandIns({
    date: DATE,
    broker: 'accepting',
    env: null,
    seed: 'permissions',
  });
  // One symbol a minute: what is asked of AWS is the same as on a whole day.
  const env = path.join(standIns.operator.dir, '.env');
  await appendFile(env, 'FYERS_SYMBOLS=NSE:SBIN-EQ\nFYERS_EVERY_SECONDS=60\n');
  // The watch needs a subscriber; the emulator confirms every address.
  await appendFile(env, 'FYERS_EMAIL=a@example.com\n');
  made = await provision(standIns, quietProgress);
  options = clientOptions(standIns.emulator);
  instance = instanceOf(made.registered, (role) => `arn:aws:iam::${accountId()}:role/${role}`);
});
afterAll(async () => {
  await standIns[Symbol.asyncDispose]();
});

async function refreshOnce(): Promise<void> {
  const ssm = new SSMClient(options);
  await ssm.send(
    new PutParameterCommand({ Name: 'FYERS_ACCESS_TOKEN', Value: PLACEHOLDER, Overwrite: true }),
  );
  const own = [
    'FYERS_TOKEN_STATE',
    ...[1, 2, 3].map((n) => `FYERS_TOKEN_CLAIM_${DATE}_${String(n)}`),
  ];
  for (const Name of own) {
    await ssm.send(new DeleteParameterCommand({ Name })).catch((caught: unknown) => {
      if (toError(caught).name !== 'ParameterNotFound') throw caught;
    });
  }
  await invoke(standIns.emulator, String(made.outputs['functionName']));
}

/** Looks at the token that the refresh before has published. */
async function watchOnce(): Promise<void> {
  const FunctionName = String(made.outputs['watchFunctionName']);
  const event = { trigger: 'watch', slot: '07:20' };
  const { Payload, FunctionError } = await new LambdaClient(options).send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }),
  );
  const answer = Buffer.from(Payload ?? []).toString();
  if (FunctionError === undefined) {
    expect(JSON.parse(answer)).toEqual({ kind: 'looked', token: 'live' });
    return;
  }
  const code = /not authorized|AccessDenied/.test(answer)
    ? 'platform.permission'
    : 'bug.unexpected';
  throw new FyersError(code, `${FunctionName} failed: ${answer}`, 'Look at infra/iam/policies.ts.');
}

async function recordOnce(): Promise<void> {
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const Bucket = String(made.outputs['bucket']);
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'depth/' }));
  const Objects = Contents.map(({ Key = '' }) => ({ Key }));
  if (Objects.length > 0) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  await rm(path.join(standIns.dir, 'data'), { recursive: true, force: true });
  await harvestDay(standIns, instance, DATE, quietProgress);
}

/** Housekeeping fails no run: the log of the refresh has the missing permission. */
async function complaint({ action, resource }: Grant): Promise<unknown> {
  const logGroupName = namesFor('').logGroup('refresh');
  const { events = [] } = await new CloudWatchLogsClient(options).send(
    new FilterLogEventsCommand({ logGroupName }),
  );
  const named = resource.replace(/\*$/, '');
  const line = events
    .map(({ message = '' }) => message)
    .find((text) => [`"upkeep-failed"`, action, named].every((part) => text.includes(part)));
  return line === undefined
    ? 'nothing'
    : new FyersError('platform.permission', line, 'Look at infra/iam/policies.ts.');
}

/** Runs `work` with the role's policy, and then without each grant that it exercised. Answers what was said, by grant. */
async function withoutEach(
  role: string,
  work: () => Promise<void>,
): Promise<ReadonlyMap<Grant, unknown>> {
  const iam = new IAMClient(options);
  const grants = await grantsOf(iam, role);
  await work();
  const used = (await standIns.emulator.exercised())?.filter((one) => one.role === role) ?? [];
  const exercised = onePerFolder(grants.filter((grant) => used.some((one) => grant.covers(one))));
  const said = new Map<Grant, unknown>();
  for (const grant of exercised) {
    await iam.send(new PutRolePolicyCommand(grant.policyWithoutIt));
    said.set(
      grant,
      await work().then(
        () => complaint(grant),
        (caught: unknown) => caught,
      ),
    );
    await iam.send(new PutRolePolicyCommand(grant.policy));
  }
  await work();
  return said;
}

/** Of the recordings' names, each its own grant, the last speaks for those next to it. */
function onePerFolder(grants: readonly Grant[]): readonly Grant[] {
  const folderOf = ({ action, resource }: Grant) =>
    `${action} ${resource.replace(/(?<=\/shard=\d+\/).+/, '')}`;
  return [...new Map(grants.map((grant) => [folderOf(grant), grant])).values()];
}

function accountId(): string {
  return String(made.outputs['topic']).split(':')[4] ?? '';
}

function roleOf(name: string): string {
  const role = made.registered.resources.find(
    (one) => one.type === 'aws:iam/role:Role' && one.name === name,
  );
  return role?.id ?? '';
}

describe('Without a permission that it uses', () => {
  test.each([
    ['the refresh', 'fyers-refresh', refreshOnce, 10],
    ['the watch', 'fyers-watch', watchOnce, 6],
    ['the harvester', 'fyers-harvester', recordOnce, 5],
  ])('%s fails, and names action and resource', async (_, name, work, atLeast) => {
    const said = await withoutEach(roleOf(name), work);
    expect(said.size).toBeGreaterThanOrEqual(atLeast);
    for (const [{ action, resource }, caught] of said) {
      // S3 distinguishes absent from denied only for identities that may list. What it may not read, the harvester takes
      // for absent, and the fence of the pieces holds (docs/decisions/0009).
      if (action === 's3:GetObject' && resource.includes('/depth/')) {
        expect.soft(caught).toBe('nothing');
        continue;
      }
      expect.soft(caught, `${action} on ${resource}`).toBeInstanceOf(FyersError);
      expect.soft(caught).toMatchObject({ code: 'platform.permission' });
      expect.soft(toError(caught).message).toContain(action);
      const named = matching(
        resource.replace('arn:aws:s3:::', 's3://').replace(/^.*:secret:(.+)-\w{6}$/, '$1'),
      );
      expect.soft(toError(caught).message).toMatch(named);
    }
  });
});

/** IAM's `*` is any text, and `?` any character. */
function matching(resource: string): RegExp {
  return new RegExp(
    resource
      .replaceAll(/[^\w*?]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.'),
  );
}

/** Credentials of a role, as its service gets them. */
async function asRole(name: string) {
  const role = `arn:aws:iam::${accountId()}:role/${roleOf(name)}`;
  return { ...options, credentials: await assumeRole(options, role) };
}

const readsPin = async (client: Awaited<ReturnType<typeof asRole>>): Promise<string | undefined> =>
  (
    await new SecretsManagerClient(client).send(
      new GetSecretValueCommand({ SecretId: 'FYERS_PIN' }),
    )
  ).SecretString;

describe('Under enforced IAM', () => {
  test('the refresh reads the PIN', async () => {
    expect(await readsPin(await asRole('fyers-refresh'))).toBe(standIns.operator.app.pin);
  });

  test.each(['fyers-login', 'fyers-watch'])(
    '%s cannot read the PIN, even with a policy that allows all actions',
    async (name) => {
      const client = await asRole(name);
      await expect(readsPin(client)).rejects.toMatchObject({ name: 'AccessDeniedException' });
      const everything = { Effect: 'Allow', Action: '*', Resource: '*' };
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [everything] });
      const policy = { RoleName: roleOf(name), PolicyName: 'everything' };
      const iam = new IAMClient(options);
      await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
      await expect(readsPin(client)).rejects.toMatchObject({ name: 'AccessDeniedException' });
      await iam.send(new DeleteRolePolicyCommand(policy));
    },
  );

  test.each(['fyers-login', 'fyers-watch', 'fyers-schedule', 'fyers-harvester'])(
    '%s cannot read the key of PIN fingerprints',
    async (name) => {
      const ssm = new SSMClient(await asRole(name));
      const read = new GetParameterCommand({ Name: 'FYERS_PIN_KEY', WithDecryption: true });
      await expect(ssm.send(read)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    },
  );

  test.each(['fyers-refresh', 'fyers-login', 'fyers-watch'])(
    '%s cannot write a key or the address of the login',
    async (name) => {
      const ssm = new SSMClient(await asRole(name));
      for (const Name of ['FYERS_LINK_KEY', 'FYERS_PIN_KEY', 'FYERS_LOGIN_URL']) {
        const write = new PutParameterCommand({ Name, Value: 'x', Overwrite: true });
        await expect(ssm.send(write)).rejects.toMatchObject({ name: 'AccessDeniedException' });
      }
    },
  );

  test('fyers-harvester writes only objects of its shard, each once', async () => {
    const s3 = new S3Client({ ...(await asRole('fyers-harvester')), forcePathStyle: true });
    const Bucket = String(made.outputs['bucket']);
    const put = (Key: string) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfNoneMatch: '*' }));
    const day = 'depth/v2/date=2026-11-26';
    for (const Key of [
      `${day}/shard=1/manifest.json`,
      `${day}/shard=1/a/shard=0/manifest.json`,
      `${day}/shard=1/a/shard=0/x`,
      `${day}/shard=0/x`,
      `${day}/shard=0/a/manifest.json`,
      'artifact/current.json',
    ]) {
      await expect(put(Key), Key).rejects.toMatchObject({ name: 'AccessDenied' });
    }
    await put(`${day}/shard=0/day-0001.csv.gz`);
    await expect(put(`${day}/shard=0/day-0001.csv.gz`)).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
  });

  test.each(['fyers-refresh', 'fyers-login', 'fyers-watch', 'fyers-schedule', 'fyers-harvester'])(
    '%s cannot label a parameter',
    async (name) => {
      const ssm = new SSMClient(await asRole(name));
      const label = new LabelParameterVersionCommand({
        Name: 'FYERS_ACCESS_TOKEN',
        Labels: ['known-good'],
      });
      await expect(ssm.send(label)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    },
  );
});
