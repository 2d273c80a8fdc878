// internal/service/ssm of github.com/hashicorp/terraform-provider-aws, as the other files here.
import {
  DeleteParameterCommand,
  GetParameterCommand,
  ParameterTier,
  ParameterType,
  PutParameterCommand,
} from '@aws-sdk/client-ssm';
import * as z from 'zod/mini';
import type { Props } from '../values.ts';
import { ssm } from './clients.ts';
import {
  flag,
  given,
  invoke,
  resourceType,
  tags,
  text,
  unlessGone,
  type Invoke,
  type ResourceType,
} from './type.ts';

const IN_STATE_ONLY = new Set(['overwrite', 'tags']);

const parameter = resourceType({
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
  // ssm/parameter.go: name and data_type ForceNew. (tier: only from Advanced to Standard; we have no Advanced.)
  replaceOn: ['name', 'dataType'],
  // @pulumi/aws ssm/parameter.js: additionalSecretOutputs.
  secretOutputs: ['value'],
  async create(inputs) {
    const { version } = await put({ ...inputs, overwrite: inputs.overwrite ?? false });
    const live = await find(inputs.name);
    return { id: inputs.name, outputs: { arn: live?.['arn'], version } };
  },
  read: async (id) => await find(id),
  async update(id, inputs, changed) {
    // ssm/parameter.go resourceParameterUpdate: HasChangesExcept(overwrite, tags) sends the state's value whatever
    // it was that changed, so a value that was rotated outside is overwritten by an edited description.
    if ([...changed].every((property) => IN_STATE_ONLY.has(property))) return {};
    return await put({
      name: id,
      type: inputs.type,
      value: inputs.value,
      tier: inputs.tier,
      allowedPattern: inputs.allowedPattern,
      overwrite: inputs.overwrite ?? true,
      ...(changed.has('description') ? { description: inputs.description ?? '' } : {}),
      ...(changed.has('keyId') ? { keyId: inputs.keyId } : {}),
    });
  },
  async delete(id) {
    await unlessGone(ssm.send(new DeleteParameterCommand({ Name: id })), 'ParameterNotFound');
  },
});

interface Put {
  readonly name: string;
  readonly type: ParameterType;
  readonly value: string;
  readonly overwrite: boolean;
  readonly tier?: ParameterTier | undefined;
  readonly description?: string | undefined;
  readonly keyId?: string | undefined;
  readonly allowedPattern?: string | undefined;
  readonly dataType?: string | undefined;
}

async function put(input: Put): Promise<{ version: number | undefined }> {
  const answer = await ssm.send(
    new PutParameterCommand({
      Name: input.name,
      Type: input.type,
      Value: input.value,
      Overwrite: input.overwrite,
      Tier: input.tier,
      Description: input.description,
      KeyId: input.keyId,
      AllowedPattern: input.allowedPattern,
      DataType: input.dataType,
    }),
  );
  return { version: answer.Version };
}

async function find(name: string): Promise<Props | null> {
  const command = new GetParameterCommand({ Name: name, WithDecryption: true });
  const answer = await unlessGone(ssm.send(command), 'ParameterNotFound');
  if (answer === null) return null;
  const { ARN, Value, Type, Version } = given(answer.Parameter, 'parameter');
  return { arn: ARN, value: Value, type: Type, version: Version };
}

/** The emulator knows no public parameters and refuses to store them (names under `/aws/`). */
const IMAGES: Readonly<Record<string, string>> = {
  '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64': 'ami-0a1b2c3d4e5f60718',
};

const getParameter = invoke(
  z.strictObject({ name: z.string(), withDecryption: flag }),
  async ({ name }) => {
    const image = IMAGES[name];
    const live =
      image === undefined ? await find(name) : { value: image, type: 'String', version: 1 };
    if (live === null) throw new Error(`couldn't find resource: SSM Parameter ${name}`);
    return { ...live, id: name, name, withDecryption: true };
  },
);

export const SSM_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:ssm/parameter:Parameter': parameter,
};
export const SSM_INVOKES: Readonly<Record<string, Invoke>> = {
  'aws:ssm/getParameter:getParameter': getParameter,
};
