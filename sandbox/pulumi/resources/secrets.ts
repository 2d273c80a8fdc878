import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod/mini';
import { secrets } from './clients.ts';
import {
  count,
  given,
  resourceType,
  tags,
  text,
  textOf,
  unlessGone,
  type ResourceType,
} from './type.ts';

const secret = resourceType({
  inputs: z.strictObject({
    name: text,
    description: text,
    kmsKeyId: text,
    recoveryWindowInDays: count,
    tags,
  }),
  autoname: 'name',
  // secretsmanager/secret.go: name, name_prefix ForceNew (no prefix is used here).
  replaceOn: ['name'],
  async create(inputs) {
    const answer = await secrets.send(
      new CreateSecretCommand({
        Name: inputs.name,
        Description: inputs.description,
        KmsKeyId: inputs.kmsKeyId,
      }),
    );
    const arn = given(answer.ARN, 'ARN');
    return { id: arn, outputs: { arn } };
  },
  async read(id) {
    const command = new DescribeSecretCommand({ SecretId: id });
    const answer = await unlessGone(secrets.send(command), 'ResourceNotFoundException');
    return answer === null || answer.DeletedDate !== undefined ? null : { arn: answer.ARN };
  },
  async update(id, inputs, changed) {
    if (changed.has('description') || changed.has('kmsKeyId')) {
      await secrets.send(
        new UpdateSecretCommand({
          SecretId: id,
          Description: inputs.description ?? '',
          KmsKeyId: inputs.kmsKeyId,
        }),
      );
    }
    return {};
  },
  async delete(id, state) {
    // secretsmanager/secret.go resourceSecretDelete: a window of 0 days is ForceDeleteWithoutRecovery; default 30.
    const days = state['recoveryWindowInDays'] ?? 30;
    const window =
      days === 0 ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: Number(days) };
    await unlessGone(
      secrets.send(new DeleteSecretCommand({ SecretId: id, ...window })),
      'ResourceNotFoundException',
    );
  },
});

const secretVersion = resourceType({
  inputs: z.strictObject({ secretId: z.string(), secretString: z.string() }),
  // secretsmanager/secret_version.go: secret_id, secret_string ForceNew; secret_binary, secret_string_wo_version too,
  // which are not used here.
  replaceOn: ['secretId', 'secretString'],
  // @pulumi/aws secretsmanager/secretVersion.js: additionalSecretOutputs.
  secretOutputs: ['secretString'],
  async create(inputs) {
    const answer = await secrets.send(
      new PutSecretValueCommand({
        SecretId: inputs.secretId,
        SecretString: inputs.secretString,
      }),
    );
    const versionId = given(answer.VersionId, 'version id');
    return {
      id: `${inputs.secretId}|${versionId}`,
      outputs: { arn: answer.ARN, versionId, versionStages: ['AWSCURRENT'] },
    };
  },
  async read(_id, state) {
    const command = new GetSecretValueCommand({
      SecretId: textOf(state, 'secretId'),
      VersionId: textOf(state, 'versionId'),
    });
    const answer = await unlessGone(
      secrets.send(command),
      'ResourceNotFoundException',
      'InvalidRequestException',
    );
    return answer === null ? null : { secretString: answer.SecretString };
  },
  // secretsmanager/secret_version.go resourceSecretVersionDelete: the stage AWSCURRENT cannot be taken off the only
  // version, so nothing is sent; the version goes with its secret.
  delete: () => Promise.resolve(),
});

export const SECRETS_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:secretsmanager/secret:Secret': secret,
  'aws:secretsmanager/secretVersion:SecretVersion': secretVersion,
};
