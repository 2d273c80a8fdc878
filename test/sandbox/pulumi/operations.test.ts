import { describe, expect, test } from 'vitest';
import { operations } from '../../../sandbox/pulumi/operations.ts';
import type { Register } from '../../../sandbox/pulumi/register.ts';
import { RESOURCE_TYPES } from '../../../sandbox/pulumi/resources/table.ts';
import { UNKNOWN } from '../../../sandbox/pulumi/values.ts';

const silent: Register = { made: noop, gone: noop, failed: noop, save: noop };
const on = operations(silent);
function noop(): void {
  // Nothing is kept here.
}

const urn = (type: string, name: string) =>
  `urn:pulumi:dev::project::fyers:index:C$${type}::${name}`;
const PARAMETER = urn('aws:ssm/parameter:Parameter', 'access-token');
const ROLE = urn('aws:iam/role:Role', 'Refresh');
const BUCKET = urn('aws:s3/bucket:Bucket', 'Depth');
const token = { name: 'FYERS_ACCESS_TOKEN', type: 'SecureString', value: 'live' };
const secret = (value: string) => ({
  '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
  value,
});

describe('The check of a resource', () => {
  test('accepts what the table knows, with secrets as the engine sends them', () => {
    expect(on.check(PARAMETER, {}, { ...token, value: secret('live') }).failures).toEqual([]);
  });

  test('names a property that the table does not know', () => {
    const { failures } = on.check(PARAMETER, {}, { ...token, polices: 'none' });
    expect(failures).toEqual([
      { property: 'polices', reason: 'is a property that the sandbox does not know' },
    ]);
  });

  test('names a nested property that the table does not know by its path', () => {
    const fn = urn('aws:ec2/instance:Instance', 'harvester');
    const metadataOptions = { httpTokens: 'required', httpToken: 'required' };
    const given = { ami: 'ami-1', instanceType: 't4g.micro', metadataOptions };
    expect(on.check(fn, {}, given).failures.map(({ property }) => property)).toEqual([
      'metadataOptions.httpToken',
    ]);
  });

  test('names a property whose value AWS would refuse', () => {
    const { failures } = on.check(PARAMETER, {}, { ...token, type: 'SecretString' });
    expect(failures.map(({ property }) => property)).toEqual(['type']);
  });

  test('does not judge what a preview cannot know yet', () => {
    const given = { ...token, type: UNKNOWN, value: UNKNOWN };
    expect(on.check(PARAMETER, {}, given).failures).toEqual([]);
  });

  test('names a type that the table does not know', () => {
    expect(() => on.check(urn('aws:rds/instance:Instance', 'k'), {}, {})).toThrow(
      'aws:rds/instance:Instance',
    );
  });

  test('never shows a value in what it says of it', () => {
    const said = on.check(PARAMETER, {}, { ...token, type: 'Canary-1', value: secret('x') });
    expect(JSON.stringify(said.failures)).not.toContain('Canary-1');
  });
});

describe('A name that the program does not give', () => {
  test('is the resource name and seven hex digits', () => {
    const { inputs } = on.check(ROLE, {}, { assumeRolePolicy: '{}' });
    expect(inputs['name']).toMatch(/^Refresh-[0-9a-f]{7}$/);
  });

  test('is in small letters for a bucket', () => {
    expect(on.check(BUCKET, {}, {}).inputs['bucket']).toMatch(/^depth-[0-9a-f]{7}$/);
  });

  test('stays what it was', () => {
    const olds = { name: 'Refresh-0123abc', assumeRolePolicy: '{}' };
    const { inputs } = on.check(ROLE, olds, { assumeRolePolicy: '{}' });
    expect(inputs['name']).toBe('Refresh-0123abc');
  });
});

describe('The difference between state and program', () => {
  test('is none for equal values, however they are marked', () => {
    expect(on.diff(PARAMETER, { ...token, value: secret('live'), arn: 'arn' }, token)).toEqual({
      changes: false,
      replaces: [],
      deleteBeforeReplace: false,
    });
  });

  test('is a change in place for a description that came or went', () => {
    const described = { ...token, description: 'new' };
    for (const [olds, news] of [
      [token, described],
      [described, token],
    ] as const) {
      expect(on.diff(PARAMETER, olds, news)).toMatchObject({ changes: true, replaces: [] });
    }
  });

  test('replaces where upstream forces a new resource, the old one first when its name is fixed', () => {
    const olds = { ...token, dataType: 'text' };
    const news = { ...token, dataType: 'aws:ec2:image' };
    expect(on.diff(PARAMETER, olds, news)).toEqual({
      changes: true,
      replaces: ['dataType'],
      deleteBeforeReplace: true,
    });
  });

  test('replaces the new one first when the name changes, or is one that we made', () => {
    const renamed = on.diff(PARAMETER, token, { ...token, name: 'OTHER' });
    expect(renamed).toMatchObject({ replaces: ['name'], deleteBeforeReplace: false });
    const made = { name: 'Refresh-0123abc', assumeRolePolicy: '{}', path: '/' };
    const moved = on.diff(ROLE, made, { ...made, path: '/fyers/' });
    expect(moved).toMatchObject({ replaces: ['path'], deleteBeforeReplace: false });
  });

  test('invokes again for another input', () => {
    const adopt = urn('aws:lambda/invocation:Invocation', 'adopt');
    const olds = { functionName: 'F', input: secret('{"a":1}'), result: '{}' };
    expect(on.diff(adopt, olds, { functionName: 'F', input: secret('{"a":1}') }).changes).toBe(
      false,
    );
    expect(on.diff(adopt, olds, { functionName: 'F', input: secret('{"a":2}') }).replaces).toEqual([
      'input',
    ]);
  });

  test('keeps a key whatever changes, and an alias for another key', () => {
    const key = urn('aws:kms/key:Key', 'fyers');
    const settings = { description: 'a', enableKeyRotation: true, deletionWindowInDays: 30 };
    for (const change of [{ description: 'b' }, { enableKeyRotation: false }]) {
      expect(on.diff(key, settings, { ...settings, ...change }).replaces).toEqual([]);
    }
    const alias = urn('aws:kms/alias:Alias', 'fyers');
    const olds = { name: 'alias/fyers', targetKeyId: '1' };
    expect(on.diff(alias, olds, { ...olds, targetKeyId: '2' }).replaces).toEqual([]);
    expect(on.diff(alias, olds, { ...olds, name: 'alias/other' }).replaces).toEqual(['name']);
  });

  test('makes another policy for another reader', () => {
    const policy = urn('aws:iam/userPolicy:UserPolicy', 'reader');
    const olds = { name: 'reader', user: 'laptop', policy: '{}' };
    expect(on.diff(policy, olds, { ...olds, user: 'desktop' }).replaces).toEqual(['user']);
    expect(on.diff(policy, olds, { ...olds, policy: '{"a":1}' }).replaces).toEqual([]);
  });

  test('reserves executions in place', () => {
    const fn = urn('aws:lambda/function:Function', 'refresh');
    expect(on.diff(fn, {}, { reservedConcurrentExecutions: 1 })).toMatchObject({
      changes: true,
      replaces: [],
    });
  });

  test('makes another address for another function, and changes who may call it in place', () => {
    const url = urn('aws:lambda/functionUrl:FunctionUrl', 'login');
    const olds = { functionName: 'F', authorizationType: 'NONE', functionUrl: 'https://x/' };
    const news = { functionName: 'F', authorizationType: 'NONE' };
    expect(on.diff(url, olds, news).changes).toBe(false);
    expect(on.diff(url, olds, { ...news, functionName: 'G' }).replaces).toEqual(['functionName']);
    expect(on.diff(url, olds, { ...news, authorizationType: 'AWS_IAM' })).toMatchObject({
      changes: true,
      replaces: [],
    });
  });

  test('compares archives by the hash that the engine gives them', () => {
    const fn = urn('aws:lambda/function:Function', 'refresh');
    const code = (hash: string, path: string) => ({
      '4dabf18193072939515e22adb298388d': '0def7320c3a5731c473e5ecbe6d01bc7',
      hash,
      assets: { 'index.mjs': { path } },
    });
    expect(on.diff(fn, { code: code('1', 'a') }, { code: code('1', 'b') }).changes).toBe(false);
    expect(on.diff(fn, { code: code('1', 'a') }, { code: code('2', 'a') }).changes).toBe(true);
  });
});

describe('The table', () => {
  test('replaces and names only by properties that it knows', () => {
    for (const [name, type] of RESOURCE_TYPES) {
      const rules = [...type.replaceOn, ...(type.autoname === null ? [] : [type.autoname])];
      const unknown = [...rules, ...type.secretOutputs].filter(
        (path) => !type.properties.includes(path.split('.')[0] ?? ''),
      );
      expect(unknown, name).toEqual([]);
    }
  });

  test('keeps the values of parameters and secrets secret', () => {
    const secrets = [...RESOURCE_TYPES].filter(([, type]) => type.secretOutputs.length > 0);
    expect(secrets.map(([name, type]) => [name, ...type.secretOutputs]).toSorted()).toEqual([
      ['aws:secretsmanager/secretVersion:SecretVersion', 'secretString'],
      ['aws:ssm/parameter:Parameter', 'value'],
    ]);
  });
});
