import { describe, expect, test } from 'vitest';
import { operations } from '../../../sandbox/pulumi/operations.ts';
import type { Register } from '../../../sandbox/pulumi/register.ts';
import { RESOURCE_TYPES } from '../../../sandbox/pulumi/resources/table.ts';
import { UNKNOWN } from '../../../sandbox/pulumi/values.ts';

const silent: Register = { made: noop, gone: noop, failed: noop, save: noop };
const on = operations(silent);
function noop(): void {
  // The test keeps no state.
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
  test('accepts known properties, with secrets in the format of the engine', () => {
    expect(on.check(PARAMETER, {}, { ...token, value: secret('live') }).failures).toEqual([]);
  });

  test('rejects an unknown property', () => {
    const { failures } = on.check(PARAMETER, {}, { ...token, polices: 'none' });
    expect(failures).toEqual([
      { property: 'polices', reason: 'is a property that the sandbox does not know' },
    ]);
  });

  test('rejects an unknown nested property by its path', () => {
    const fn = urn('aws:ec2/instance:Instance', 'harvester');
    const metadataOptions = { httpTokens: 'required', httpToken: 'required' };
    const given = { ami: 'ami-1', instanceType: 't4g.micro', metadataOptions };
    expect(on.check(fn, {}, given).failures.map(({ property }) => property)).toEqual([
      'metadataOptions.httpToken',
    ]);
  });

  test('rejects a value that AWS would refuse', () => {
    const { failures } = on.check(PARAMETER, {}, { ...token, type: 'SecretString' });
    expect(failures.map(({ property }) => property)).toEqual(['type']);
  });

  test('does not check a value that is unknown in a preview', () => {
    const given = { ...token, type: UNKNOWN, value: UNKNOWN };
    expect(on.check(PARAMETER, {}, given).failures).toEqual([]);
  });

  test('throws for an unknown type', () => {
    expect(() => on.check(urn('aws:rds/instance:Instance', 'k'), {}, {})).toThrow(
      'aws:rds/instance:Instance',
    );
  });

  test('never contains a value in its failures', () => {
    const result = on.check(PARAMETER, {}, { ...token, type: 'Canary-1', value: secret('x') });
    expect(JSON.stringify(result.failures)).not.toContain('Canary-1');
  });
});

describe('A generated name', () => {
  test('consists of the resource name and seven hex digits', () => {
    const { inputs } = on.check(ROLE, {}, { assumeRolePolicy: '{}' });
    expect(inputs['name']).toMatch(/^Refresh-[0-9a-f]{7}$/);
  });

  test('is in lower case for a bucket', () => {
    expect(on.check(BUCKET, {}, {}).inputs['bucket']).toMatch(/^depth-[0-9a-f]{7}$/);
  });

  test('is kept', () => {
    const olds = { name: 'Refresh-0123abc', assumeRolePolicy: '{}' };
    const { inputs } = on.check(ROLE, olds, { assumeRolePolicy: '{}' });
    expect(inputs['name']).toBe('Refresh-0123abc');
  });
});

describe('The difference between state and program', () => {
  test('is empty for equal values, even if one of them is marked as secret', () => {
    expect(on.diff(PARAMETER, { ...token, value: secret('live'), arn: 'arn' }, token)).toEqual({
      changes: false,
      replaces: [],
      deleteBeforeReplace: false,
    });
  });

  test('is an update in place for an added or removed description', () => {
    const described = { ...token, description: 'new' };
    for (const [olds, news] of [
      [token, described],
      [described, token],
    ] as const) {
      expect(on.diff(PARAMETER, olds, news)).toMatchObject({ changes: true, replaces: [] });
    }
  });

  test('is a replacement if upstream forces one; the old resource is deleted first if its name is fixed', () => {
    const olds = { ...token, dataType: 'text' };
    const news = { ...token, dataType: 'aws:ec2:image' };
    expect(on.diff(PARAMETER, olds, news)).toEqual({
      changes: true,
      replaces: ['dataType'],
      deleteBeforeReplace: true,
    });
  });

  test('creates the new resource first if the name changes or is generated', () => {
    const renamed = on.diff(PARAMETER, token, { ...token, name: 'OTHER' });
    expect(renamed).toMatchObject({ replaces: ['name'], deleteBeforeReplace: false });
    const made = { name: 'Refresh-0123abc', assumeRolePolicy: '{}', path: '/' };
    const moved = on.diff(ROLE, made, { ...made, path: '/fyers/' });
    expect(moved).toMatchObject({ replaces: ['path'], deleteBeforeReplace: false });
  });

  test('replaces an invocation for another input', () => {
    const adopt = urn('aws:lambda/invocation:Invocation', 'adopt');
    const olds = { functionName: 'F', input: secret('{"a":1}'), result: '{}' };
    expect(on.diff(adopt, olds, { functionName: 'F', input: secret('{"a":1}') }).changes).toBe(
      false,
    );
    expect(on.diff(adopt, olds, { functionName: 'F', input: secret('{"a":2}') }).replaces).toEqual([
      'input',
    ]);
  });

  test('compares archives by the hash of the engine', () => {
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

describe('The table of types', () => {
  test('uses only its own properties for replacements, names and secrets', () => {
    for (const [name, type] of RESOURCE_TYPES) {
      const rules = [...type.replaceOn, ...(type.autoname === null ? [] : [type.autoname])];
      const unknown = [...rules, ...type.secretOutputs].filter(
        (path) => !type.properties.includes(path.split('.')[0] ?? ''),
      );
      expect(unknown, name).toEqual([]);
    }
  });

  test('marks the values of parameters and secrets as secret', () => {
    const secrets = [...RESOURCE_TYPES].filter(([, type]) => type.secretOutputs.length > 0);
    expect(secrets.map(([name, type]) => [name, ...type.secretOutputs]).toSorted()).toEqual([
      ['aws:secretsmanager/secretVersion:SecretVersion', 'secretString'],
      ['aws:ssm/parameter:Parameter', 'value'],
    ]);
  });
});
