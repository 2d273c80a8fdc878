// internal/service/kms of github.com/hashicorp/terraform-provider-aws, as the other files here.
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyRotationCommand,
  paginateListAliases,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
} from '@aws-sdk/client-kms';
import * as z from 'zod/mini';
import { kms } from './clients.ts';
import {
  count,
  flag,
  given,
  resourceType,
  tags,
  text,
  unlessGone,
  type ResourceType,
} from './type.ts';

const GONE = 'NotFoundException';

const key = resourceType({
  inputs: z.strictObject({
    description: text,
    enableKeyRotation: flag,
    deletionWindowInDays: count,
    tags,
  }),
  // kms/key.go: custom_key_store_id, customer_master_key_spec, key_usage, multi_region, xks_key_id ForceNew, none of
  // which is modelled.
  replaceOn: [],
  async create(inputs) {
    const answer = await kms.send(new CreateKeyCommand({ Description: inputs.description }));
    const { KeyId, Arn } = given(answer.KeyMetadata, 'key');
    const id = given(KeyId, 'key id');
    if (inputs.enableKeyRotation === true) await rotate(id, true);
    return { id, outputs: { arn: Arn, keyId: id } };
  },
  async read(id) {
    const answer = await unlessGone(kms.send(new DescribeKeyCommand({ KeyId: id })), GONE);
    const live = answer?.KeyMetadata;
    // kms/key.go findKeyByID: a key that waits for its deletion counts as gone.
    return live === undefined || live.KeyState === 'PendingDeletion'
      ? null
      : { arn: live.Arn, keyId: id };
  },
  async update(id, inputs, changed) {
    if (changed.has('enableKeyRotation')) await rotate(id, inputs.enableKeyRotation === true);
    if (changed.has('description')) {
      await kms.send(
        new UpdateKeyDescriptionCommand({ KeyId: id, Description: inputs.description ?? '' }),
      );
    }
    return {};
  },
  async delete(id, state) {
    const window = state['deletionWindowInDays'];
    await unlessGone(
      kms.send(
        new ScheduleKeyDeletionCommand({
          KeyId: id,
          ...(window === undefined ? {} : { PendingWindowInDays: Number(window) }),
        }),
      ),
      GONE,
    );
  },
});

async function rotate(KeyId: string, on: boolean): Promise<void> {
  await (on
    ? kms.send(new EnableKeyRotationCommand({ KeyId }))
    : kms.send(new DisableKeyRotationCommand({ KeyId })));
}

const alias = resourceType({
  inputs: z.strictObject({ name: z.string(), targetKeyId: z.string() }),
  autoname: 'name',
  // kms/alias.go: name, name_prefix ForceNew; target_key_id changes in place.
  replaceOn: ['name'],
  async create(inputs) {
    await kms.send(
      new CreateAliasCommand({ AliasName: inputs.name, TargetKeyId: inputs.targetKeyId }),
    );
    return { id: inputs.name, outputs: { arn: (await aliasOf(inputs.name))?.AliasArn } };
  },
  async read(id) {
    const live = await aliasOf(id);
    return live === null ? null : { arn: live.AliasArn, targetKeyId: live.TargetKeyId };
  },
  async update(id, inputs) {
    await kms.send(new UpdateAliasCommand({ AliasName: id, TargetKeyId: inputs.targetKeyId }));
    return {};
  },
  async delete(id) {
    await unlessGone(kms.send(new DeleteAliasCommand({ AliasName: id })), GONE);
  },
});

async function aliasOf(name: string) {
  for await (const { Aliases = [] } of paginateListAliases({ client: kms }, {})) {
    const found = Aliases.find(({ AliasName }) => AliasName === name);
    if (found !== undefined) return found;
  }
  return null;
}

export const KMS_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:kms/key:Key': key,
  'aws:kms/alias:Alias': alias,
};
