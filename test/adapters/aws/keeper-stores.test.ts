// Tests the parameter store, the claims and the PIN against an independent emulator with IAM enforced.
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { DescribeParametersCommand, GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsFault } from '../../../adapters/aws/fault.ts';
import { claimStore, parameterStore } from '../../../adapters/aws/parameters.ts';
import { pinSecret } from '../../../adapters/aws/pin.ts';
import { namesFor } from '../../../core/config/names.ts';
import { type EmulatedAws, emulatedAws } from '../../support/emulated-aws.ts';
import { powerless } from '../../support/restricted-role.ts';

let aws: EmulatedAws;
let ssm: SSMClient;
const names = namesFor('paper');

beforeAll(async () => {
  aws = await emulatedAws();
  ssm = new SSMClient(aws.options);
});
afterAll(() => aws.close());

describe('The parameter store', () => {
  const secrets: string[] = [];
  const store = (client = ssm) =>
    parameterStore({ client, names, onSecret: (value) => secrets.push(value) });

  test('returns null for an absent parameter, and the last written value for another', async () => {
    expect(await store().read('FYERS_ACCESS_TOKEN')).toBeNull();
    await store().write('FYERS_ACCESS_TOKEN', 'first');
    await store().write('FYERS_ACCESS_TOKEN', 'second');
    expect(await store().read('FYERS_ACCESS_TOKEN')).toBe('second');
    expect(secrets).toEqual(['first', 'second', 'second']);
  });

  test('writes a SecureString of the standard tier under the default key, with the suffix', async () => {
    await store().write('FYERS_REFRESH_TOKEN', 'value');
    const Name = 'FYERS_REFRESH_TOKEN_PAPER';
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name }));
    expect(Parameter?.Type).toBe('SecureString');
    expect(Parameter?.Value).not.toBe('value');
    const { Parameters } = await ssm.send(new DescribeParametersCommand({}));
    expect(Parameters?.find((parameter) => parameter.Name === Name)).toMatchObject({
      Tier: 'Standard',
      KeyId: 'alias/aws/ssm',
    });
  });

  test('encrypts with the given key', async () => {
    const keyId = 'arn:aws:kms:ap-south-1:123456789012:key/own';
    const keyed = parameterStore({ client: ssm, names, keyId, onSecret: () => undefined });
    await keyed.write('FYERS_TOKEN_STATE', 'value');
    const { Parameters } = await ssm.send(new DescribeParametersCommand({}));
    expect(
      Parameters?.find(({ Name }) => Name === names.parameter('FYERS_TOKEN_STATE')),
    ).toMatchObject({ KeyId: keyId });
  });

  test('accepts 4,096 bytes and refuses 4,097, without the value in the error', async () => {
    await store().write('FYERS_ACCESS_TOKEN', 'é'.repeat(2_048));
    const failure = await store()
      .write('FYERS_ACCESS_TOKEN', `${'é'.repeat(2_048)}x`)
      .catch((caught: unknown) => caught);
    expect(failure).toMatchObject({ code: 'platform.store' });
    expect(String(failure)).toMatch(/4097 bytes/);
    expect(String(failure)).not.toContain('éé');
  });

  test('names the action and the parameter that a role may not use', async () => {
    const client = new SSMClient(await powerless(aws.options));
    for (const [action, attempt] of [
      ['ssm:GetParameter', () => store(client).read('FYERS_ACCESS_TOKEN')],
      ['ssm:PutParameter', () => store(client).write('FYERS_ACCESS_TOKEN', 'a value')],
    ] as const) {
      const failure = await attempt().catch((caught: unknown) => caught);
      expect(failure).toMatchObject({ code: 'platform.permission' });
      expect(String(failure)).toContain(action);
      expect(String(failure)).toMatch(/parameter\/FYERS_ACCESS_TOKEN_PAPER/);
      expect(String(failure)).not.toContain('a value');
    }
  });
});

describe('claimStore', () => {
  test('grants a claim once until it is removed', async () => {
    const claims = claimStore(ssm);
    const name = names.claim('2026-11-25', 1);
    expect(await claims.read(name)).toBeNull();
    const takers = await Promise.all(['a', 'b', 'c'].map((value) => claims.take(name, value)));
    expect(takers.filter(Boolean)).toHaveLength(1);
    expect(await claims.read(name)).toMatch(/^[abc]$/);
    await claims.remove(name);
    await claims.remove(name);
    expect(await claims.take(name, 'd')).toBe(true);
  });
});

describe('pinSecret', () => {
  test('returns null without a secret, and refuses a value that is not a PIN', async () => {
    const secretsManager = new SecretsManagerClient(aws.options);
    const reader = pinSecret(secretsManager, names.pinSecret);
    expect(await reader.pin()).toBeNull();
    const Name = names.pinSecret;
    await secretsManager.send(new CreateSecretCommand({ Name, SecretString: '4826\n' }));
    expect(await reader.pin()).toBe('4826');
    await secretsManager.send(
      new PutSecretValueCommand({ SecretId: Name, SecretString: '48-canary' }),
    );
    const failure = await reader.pin().catch((caught: unknown) => caught);
    expect(failure).toMatchObject({ code: 'operator.config' });
    expect(String(failure)).not.toContain('canary');
  });
});

test('awsFault hides the value that was sent', () => {
  const caught = Object.assign(new Error("Value 'CANARY' at 'value'"), {
    name: 'ValidationException',
  });
  expect(awsFault(caught, 'Writing', 'CANARY').message).toBe(
    "Writing failed: ValidationException: Value '[hidden]' at 'value'. AWS refuses the request as invalid, and would again: correct the value that the message names; `./fyers doctor` checks every setting.",
  );
});
