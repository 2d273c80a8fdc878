import { describe, expect, test } from 'vitest';
import { droppedSoFar, emulatable } from '../../../sandbox/pulumi/resources/conditions.ts';

const metrics = {
  Effect: 'Allow',
  Action: 'cloudwatch:PutMetricData',
  Resource: '*',
  Condition: { StringEquals: { 'cloudwatch:namespace': 'Fyers' } },
};
const policyOf = (...Statement: readonly unknown[]) => ({ Version: '2012-10-17', Statement });

describe('The policy for the emulator', () => {
  test('drops a condition that the emulator cannot evaluate, and reports it', () => {
    const { Condition: _, ...bare } = metrics;
    const given = policyOf(metrics);
    expect(JSON.parse(emulatable(given, 'harvester', 'role'))).toEqual(policyOf(bare));
    expect(droppedSoFar()).toContain('harvester: Allow if StringEquals cloudwatch:namespace');
  });

  test('keeps the other keys of the same condition', () => {
    const StringEquals = { 'cloudwatch:namespace': 'Fyers', 'aws:RequestedRegion': 'ap-south-1' };
    const given = policyOf({ ...metrics, Condition: { StringEquals } });
    const kept = { StringEquals: { 'aws:RequestedRegion': 'ap-south-1' } };
    expect(JSON.parse(emulatable(given, 'r', 'role'))).toEqual(
      policyOf({ ...metrics, Condition: kept }),
    );
  });

  test('drops an encryption context, which the emulator does not support, and reports it', () => {
    const Condition = {
      StringEquals: {
        'kms:ViaService': 'ssm.ap-south-1.amazonaws.com',
        'kms:EncryptionContext:PARAMETER_ARN': ['arn:aws:x'],
      },
    };
    const decrypt = { Effect: 'Allow', Action: ['kms:Decrypt'], Resource: ['arn:aws:key'] };
    expect(JSON.parse(emulatable(policyOf({ ...decrypt, Condition }), 'bot', 'role'))).toEqual(
      policyOf(decrypt),
    );
    expect(droppedSoFar()).toEqual(
      expect.arrayContaining([
        'bot: Allow if StringEquals kms:ViaService',
        'bot: Allow if StringEquals kms:EncryptionContext:PARAMETER_ARN',
      ]),
    );
  });

  test('drops a Deny together with its condition, because the Deny alone would deny everything', () => {
    const deny = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: '*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    };
    expect(JSON.parse(emulatable(policyOf(deny), 'bucket', 'resource'))).toEqual(policyOf());
    expect(droppedSoFar()).toContain('bucket: Deny if Bool aws:SecureTransport');
  });

  test('keeps conditions of a resource policy that it drops from a trust policy', () => {
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'scheduler.amazonaws.com' },
      Action: 'sts:AssumeRole',
      Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:x' } },
    };
    const given = policyOf(statement);
    expect(JSON.parse(emulatable(given, 'queue', 'resource'))).toEqual(given);
    expect(emulatable(given, 'schedule', 'trust')).not.toContain('aws:SourceArn');
  });

  test('is unchanged, as an object or as JSON, if nothing is dropped', () => {
    const given = policyOf({ Effect: 'Allow', Action: 'ssm:GetParameter', Resource: 'arn:aws:x' });
    expect(JSON.parse(emulatable(given, 'r', 'role'))).toEqual(given);
    expect(JSON.parse(emulatable(JSON.stringify(given), 'r', 'role'))).toEqual(given);
  });
});
