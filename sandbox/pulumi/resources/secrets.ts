// Rows of what keeps secrets: SSM's parameters, Secrets Manager and KMS.
import { KMS, paginateListAliases } from '@aws-sdk/client-kms';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import {
  ParameterTier,
  ParameterType,
  SSM,
  type PutParameterCommandInput,
} from '@aws-sdk/client-ssm';
import * as z from 'zod/mini';
import type { Props } from '../values.ts';
import { options } from './clients.ts';
import {
  count,
  defineFunction,
  defineType,
  expectValue,
  flag,
  nullIfGone,
  tags,
  text,
  toPascalCase,
  type ResourceType,
} from './type.ts';

const kms = new KMS(options);
const secrets = new SecretsManager(options);
const ssm = new SSM(options);

const IN_STATE_ONLY = new Set(['overwrite', 'tags']);

export const SECRET_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:ssm/parameter:Parameter': defineType({
    inputs: z.strictObject({
      name: z.string(),
      type: z.enum(ParameterType),
      value: z.string(),
      description: text,
      keyId: text,
      tier: z.optional(z.enum(ParameterTier)),
      overwrite: flag,
      allowedPattern: text,
      dataType: text,
      tags,
    }),
    autoname: 'name',
    // ssm/parameter.go: name and data_type ForceNew. (tier: only from Advanced to Standard; the program has no Advanced.)
    replaceOn: ['name', 'dataType'],
    // @pulumi/aws ssm/parameter.js: additionalSecretOutputs.
    secretOutputs: ['value'],
    cloudFormation: { none: 'CloudFormation makes no SecureString' },
    properties: ({ tags: _tags, ...inputs }) => toPascalCase(inputs),
    create: async ({ name }, properties) => {
      const { version } = await putParameter({ Overwrite: false, ...properties });
      const live = await findParameter(name);
      return { id: name, arn: live['arn'], version };
    },
    read: async (id) => await findParameter(id),
    update: async (_id, _inputs, properties, changed) => {
      // ssm/parameter.go resourceParameterUpdate: HasChangesExcept(overwrite, tags) sends the state's value for any
      // change, so an edited description overwrites a value that was rotated outside.
      if ([...changed].every((property) => IN_STATE_ONLY.has(property))) return {};
      const { Description = '', KeyId, DataType: _type, ...rest } = properties;
      return await putParameter({
        Overwrite: true,
        ...rest,
        ...(changed.has('description') ? { Description } : {}),
        ...(changed.has('keyId') ? { KeyId } : {}),
      });
    },
    delete: async (id) => await ssm.deleteParameter({ Name: id }),
  }),

  'aws:secretsmanager/secret:Secret': defineType({
    inputs: z.strictObject({
      name: text,
      description: text,
      kmsKeyId: text,
      recoveryWindowInDays: count,
      tags,
    }),
    autoname: 'name',
    // secretsmanager/secret.go: name, name_prefix ForceNew. (The program uses no prefix.)
    replaceOn: ['name'],
    cloudFormation: 'AWS::SecretsManager::Secret',
    properties: ({ name, description, kmsKeyId }) => toPascalCase({ name, description, kmsKeyId }),
    create: async (_inputs, properties) => {
      const id = expectValue((await secrets.createSecret(properties)).ARN, 'ARN');
      return { id, arn: id };
    },
    read: async (id) => {
      const answer = await secrets.describeSecret({ SecretId: id });
      return answer.DeletedDate === undefined ? { arn: answer.ARN } : null;
    },
    update: async (SecretId, _inputs, { Description = '', KmsKeyId }) => {
      await secrets.updateSecret({ SecretId, Description, KmsKeyId });
    },
    // secretsmanager/secret.go resourceSecretDelete: a window of 0 days is ForceDeleteWithoutRecovery; default 30.
    delete: async (SecretId, { recoveryWindowInDays: RecoveryWindowInDays = 30 }) =>
      await secrets.deleteSecret({
        SecretId,
        ...(RecoveryWindowInDays === 0
          ? { ForceDeleteWithoutRecovery: true }
          : { RecoveryWindowInDays }),
      }),
  }),

  // secretsmanager/secret_version.go resourceSecretVersionDelete: the stage AWSCURRENT cannot be taken off the only
  // version, so nothing is sent. The version goes with its secret.
  'aws:secretsmanager/secretVersion:SecretVersion': defineType({
    inputs: z.strictObject({ secretId: z.string(), secretString: z.string() }),
    // secretsmanager/secret_version.go: secret_id, secret_string ForceNew. (secret_binary and secret_string_wo_version
    // too, which the program does not use.)
    replaceOn: ['secretId', 'secretString'],
    // @pulumi/aws secretsmanager/secretVersion.js: additionalSecretOutputs.
    secretOutputs: ['secretString'],
    cloudFormation: { none: 'a value, which the secret has there' },
    properties: (inputs) => toPascalCase(inputs),
    create: async ({ secretId }, properties) => {
      const { ARN: arn, VersionId } = await secrets.putSecretValue(properties);
      const versionId = expectValue(VersionId, 'version id');
      return { id: `${secretId}|${versionId}`, arn, versionId, versionStages: ['AWSCURRENT'] };
    },
    read: async (id, { secretId: SecretId }) => {
      const [, VersionId] = id.split('|');
      const { SecretString } = await secrets.getSecretValue({ SecretId, VersionId });
      return { secretString: SecretString };
    },
    // The error for a secret that waits for its deletion.
    gone: 'InvalidRequestException',
  }),

  'aws:kms/key:Key': defineType({
    inputs: z.strictObject({
      description: text,
      enableKeyRotation: flag,
      deletionWindowInDays: count,
      tags,
    }),
    // kms/key.go: custom_key_store_id, customer_master_key_spec, key_usage, multi_region, xks_key_id ForceNew, none of
    // which is modelled.
    replaceOn: [],
    cloudFormation: 'AWS::KMS::Key',
    properties: ({ description, enableKeyRotation, deletionWindowInDays }) => ({
      ...toPascalCase({ description, enableKeyRotation }),
      PendingWindowInDays: deletionWindowInDays,
    }),
    create: async (_inputs, { Description, EnableKeyRotation }) => {
      const { KeyMetadata } = await kms.createKey({ Description });
      const keyId = expectValue(KeyMetadata?.KeyId, 'key id');
      if (EnableKeyRotation === true) await kms.enableKeyRotation({ KeyId: keyId });
      return { id: keyId, arn: KeyMetadata?.Arn, keyId };
    },
    read: async (id) => {
      const { KeyMetadata } = await kms.describeKey({ KeyId: id });
      // kms/key.go findKeyByID: a key that waits for its deletion counts as gone.
      return KeyMetadata?.KeyState === 'PendingDeletion'
        ? null
        : { arn: KeyMetadata?.Arn, keyId: id };
    },
    update: async (KeyId, _inputs, { Description = '', EnableKeyRotation }) => {
      const rotate = EnableKeyRotation === true ? 'enableKeyRotation' : 'disableKeyRotation';
      await kms[rotate]({ KeyId });
      await kms.updateKeyDescription({ KeyId, Description });
    },
    delete: async (KeyId, { deletionWindowInDays: PendingWindowInDays }) =>
      await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays }),
  }),

  'aws:kms/alias:Alias': defineType({
    inputs: z.strictObject({ name: z.string(), targetKeyId: z.string() }),
    autoname: 'name',
    // kms/alias.go: name, name_prefix ForceNew; target_key_id changes in place.
    replaceOn: ['name'],
    cloudFormation: 'AWS::KMS::Alias',
    properties: ({ name: AliasName, targetKeyId: TargetKeyId }) => ({ AliasName, TargetKeyId }),
    create: async ({ name }, properties) => {
      await kms.createAlias(properties);
      return { id: name, arn: (await findAlias(name))?.AliasArn };
    },
    read: async (id) => {
      const live = await findAlias(id);
      return live === null ? null : { arn: live.AliasArn, targetKeyId: live.TargetKeyId };
    },
    update: async (_id, _inputs, properties) => {
      await kms.updateAlias(properties);
    },
    delete: async (id) => await kms.deleteAlias({ AliasName: id }),
  }),
};

/** The emulator has no public parameters and refuses to store them (names under `/aws/`). */
const IMAGES: Readonly<Record<string, string>> = {
  '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64': 'ami-0a1b2c3d4e5f60718',
};

export const getParameter = defineFunction(
  z.strictObject({ name: z.string(), withDecryption: flag }),
  async ({ name }) => {
    const image = IMAGES[name];
    const live =
      image === undefined
        ? await nullIfGone(async () => await findParameter(name))
        : { value: image, type: 'String', version: 1 };
    if (live === null) throw new Error(`couldn't find resource: SSM Parameter ${name}`);
    return { ...live, id: name, name, withDecryption: true };
  },
);

async function putParameter(input: PutParameterCommandInput) {
  return { version: (await ssm.putParameter(input)).Version };
}

/** @throws ParameterNotFound */
async function findParameter(name: string): Promise<Props> {
  const { Parameter } = await ssm.getParameter({ Name: name, WithDecryption: true });
  const { ARN, Value, Type, Version } = expectValue(Parameter, 'parameter');
  return { arn: ARN, value: Value, type: Type, version: Version };
}

async function findAlias(name: string) {
  for await (const { Aliases = [] } of paginateListAliases({ client: kms }, {})) {
    const found = Aliases.find(({ AliasName }) => AliasName === name);
    if (found !== undefined) return found;
  }
  return null;
}
