// Tests options on the real engine: the customer key, readers, reserved concurrency, and the session guard. The steps
// depend on each other and run in order.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CreateRoleCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { DescribeKeyCommand, KMSClient, ListAliasesCommand } from '@aws-sdk/client-kms';
import { GetFunctionConcurrencyCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeParametersCommand, GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { istInstant, plus, SECOND } from '../../core/time.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { withCli, type PulumiStack } from '../../sandbox/pulumi/with-cli.ts';
import { ROOT, startStandIns, type StandIns } from '../../sandbox/stand-ins.ts';
import { clientOptions } from '../../sandbox/steps/token.ts';
import { assumeRole } from '../support/restricted-role.ts';
import { changesOf, DATE, machinesIn, onEngine, setProgramClock } from './on-engine.ts';

const SEED = 'options';
let standIns: StandIns;
let stack: PulumiStack;
let clockDir = '';

onEngine('an option', () => {
  beforeAll(async () => {
    standIns = await startStandIns({ date: DATE, broker: 'accepting', env: null, seed: SEED });
    const dir = path.join(standIns.dir, 'pulumi');
    clockDir = path.join(standIns.dir, 'clock');
    for (const folder of [dir, clockDir]) await mkdir(folder);
    const { endpoint, rootCredentials } = standIns.emulator;
    const env = { NODE_OPTIONS: await setProgramClock(clockDir, '07:30') };
    stack = await withCli({ dir, root: ROOT, aws: { endpoint, ...rootCredentials }, env });
    await stack.configSet('operatorDir', standIns.operator.dir, false);
    await stack.configSet('apiUrl', standIns.simulator.url, false);
  });

  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    await standIns[Symbol.asyncDispose]();
  });

  test('that is off creates no key', async () => {
    await stack.up();
    expect(await aliases()).toEqual([]);
    expect(await keyOf('FYERS_ACCESS_TOKEN')).toBe('alias/aws/ssm');
  });

  test('customerKey, if set later, encrypts the configured parameters, and not the live token', async () => {
    const live = await tokenAs(root());
    const drawn = await drawnKeys();
    await stack.configSet('customerKey', 'true', false);
    expect(changesOf(await stack.up())).toEqual(
      [
        ...['create fyers', 'create fyers'],
        ...['client-id', 'secret-key', 'pin', 'link-key', 'pin-key', 'login-url'].map(
          (name) => `update ${name}`,
        ),
        ...['refresh', 'login', 'watch'].flatMap((actor) => [
          `update ${actor}`,
          `update fyers-${actor}`,
        ]),
        'update fyers-harvester',
      ].sort(),
    );
    expect(await aliases()).toEqual(['alias/fyers']);
    expect(await keyOf('FYERS_SECRET_KEY')).toBe(await ownKey());
    expect(await keyOf('FYERS_PIN_KEY')).toBe(await ownKey());
    expect(await drawnKeys()).toEqual(drawn);
    expect(await tokenAs(root())).toBe(live);
    expect(await keyOf('FYERS_ACCESS_TOKEN')).toBe('alias/aws/ssm');
  });

  test('customerKey encrypts the next token that the keeper publishes', async () => {
    const newer = mintToken(
      SEED,
      standIns.operator.app,
      'access_token',
      plus(istInstant(DATE, '07:00'), -SECOND),
      1,
    );
    await writeFile(path.join(standIns.operator.dir, 'access_token.txt'), newer, { mode: 0o600 });
    await stack.up();
    expect(await tokenAs(root())).toBe(newer);
    expect(await keyOf('FYERS_ACCESS_TOKEN')).toBe(await ownKey());
  });

  test('readers lets a role and a user of the account read the token, and no other parameter', async () => {
    const iam = new IAMClient(root());
    const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '*' } };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
    const { Role } = await iam.send(
      new CreateRoleCommand({ RoleName: 'bot', Path: '/bots/', AssumeRolePolicyDocument }),
    );
    const { User } = await iam.send(new CreateUserCommand({ UserName: 'laptop' }));
    await stack.configSet('readers', `${Role?.Arn ?? ''}, ${User?.Arn ?? ''}`, false);
    expect(changesOf(await stack.up())).toEqual([
      'create fyers-reader-role-bot',
      'create fyers-reader-user-laptop',
      'create readers',
    ]);
    const bot = { ...root(), credentials: await assumeRole(root(), Role?.Arn ?? '') };
    expect(await tokenAs(bot)).toBe(await tokenAs(root()));
    await expect(tokenAs(bot, 'FYERS_SECRET_KEY')).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });

  test('readers refuses a role of another account', async () => {
    await stack.configSet('readers', 'arn:aws:iam::999999999999:role/bot', false);
    await expect(stack.up()).rejects.toThrow(/readers names the role bot of the account 9{12}/);
    await stack.configSet('readers', '', false);
  });

  test('reservedConcurrency sets and removes reserved executions', async () => {
    // By default, as the emulator's quota is a thousand.
    expect(await reserved('FyersLogin')).toBe(5);
    await stack.configSet('reservedConcurrency', '2', false);
    await stack.up();
    expect(await reserved('FyersTokenRefresh')).toBe(2);
    expect(await reserved('FyersLogin')).toBe(2);
    expect(await reserved('FyersWatch')).toBeUndefined();
    await stack.configSet('reservedConcurrency', '', false);
    await stack.up();
    expect(await reserved('FyersTokenRefresh')).toBeUndefined();
    expect(await reserved('FyersLogin')).toBe(5);
    await stack.configSet('reservedConcurrency', 'none', false);
    await stack.up();
    expect(await reserved('FyersLogin')).toBeUndefined();
  });

  test('refuses to replace the instance during a session', async () => {
    const before = await machinesIn(standIns);
    expect(before).toHaveLength(1);
    await setProgramClock(clockDir, '10:00');
    await stack.configSet('everySeconds', '10', false);
    await stack.preview();
    await expect(stack.up()).rejects.toThrow(
      /from 08:45 to 16:30 IST that is refused\. Run `pulumi up` after that/,
    );
    expect(await machinesIn(standIns)).toEqual(before);
  });

  test('replaces the instance during a session if replaceInSession is set', async () => {
    const before = await machinesIn(standIns);
    await stack.configSet('replaceInSession', 'true', false);
    await stack.up();
    expect(await machinesIn(standIns)).not.toEqual(before);
    await stack.configSet('replaceInSession', 'false', false);
  });

  test('replaces the instance after the session', async () => {
    const before = await machinesIn(standIns);
    await setProgramClock(clockDir, '16:30');
    await stack.configSet('everySeconds', '15', false);
    await stack.up();
    expect(await machinesIn(standIns)).not.toEqual(before);
  });

  test('does not prevent destroy, which schedules the deletion of the key', async () => {
    const key = await ownKey();
    await setProgramClock(clockDir, '10:00');
    await stack.destroy();
    expect(await machinesIn(standIns)).toEqual([]);
    expect(await aliases()).toEqual([]);
    const { KeyMetadata } = await new KMSClient(root()).send(
      new DescribeKeyCommand({ KeyId: key ?? '' }),
    );
    expect(KeyMetadata?.KeyState).toBe('PendingDeletion');
  });
});

const root = () => clientOptions(standIns.emulator);

async function tokenAs(
  options: ReturnType<typeof root>,
  Name = 'FYERS_ACCESS_TOKEN',
): Promise<string | undefined> {
  const command = new GetParameterCommand({ Name, WithDecryption: true });
  return (await new SSMClient(options).send(command)).Parameter?.Value;
}

async function drawnKeys(): Promise<readonly unknown[]> {
  return Promise.all(['FYERS_LINK_KEY', 'FYERS_PIN_KEY'].map((name) => tokenAs(root(), name)));
}

async function keyOf(name: string): Promise<string | undefined> {
  const { Parameters } = await new SSMClient(root()).send(new DescribeParametersCommand({}));
  return Parameters?.find(({ Name }) => Name === name)?.KeyId;
}

async function ownKey(): Promise<string | undefined> {
  return String((await stack.outputs())['key']);
}

async function aliases(): Promise<readonly (string | undefined)[]> {
  const { Aliases = [] } = await new KMSClient(root()).send(new ListAliasesCommand({}));
  return Aliases.map(({ AliasName }) => AliasName).filter((name) => name?.startsWith('alias/fy'));
}

async function reserved(FunctionName: string): Promise<number | undefined> {
  const command = new GetFunctionConcurrencyCommand({ FunctionName });
  return (await new LambdaClient(root()).send(command)).ReservedConcurrentExecutions;
}
