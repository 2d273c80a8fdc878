import {
  CreateNamedQueryCommand,
  CreateWorkGroupCommand,
  DeleteNamedQueryCommand,
  DeleteWorkGroupCommand,
  EncryptionOption,
  GetNamedQueryCommand,
  GetWorkGroupCommand,
  UpdateWorkGroupCommand,
} from '@aws-sdk/client-athena';
import * as z from 'zod/mini';
import { arn, athena } from './clients.ts';
import { flag, given, resourceType, tags, text, unlessGone, type ResourceType } from './type.ts';

/** Athena has no error of its own for what is not there. */
const GONE = 'InvalidRequestException';

const workgroupInputs = z.strictObject({
  name: z.string(),
  description: text,
  forceDestroy: flag,
  configuration: z.strictObject({
    enforceWorkgroupConfiguration: flag,
    // athena/workgroup.go: ten mebibytes or more (or 0, for no limit, which the program never sets).
    bytesScannedCutoffPerQuery: z.optional(z.number().check(z.minimum(10_485_760))),
    publishCloudwatchMetricsEnabled: flag,
    resultConfiguration: z.strictObject({
      outputLocation: text,
      expectedBucketOwner: text,
      encryptionConfiguration: z.strictObject({ encryptionOption: z.enum(EncryptionOption) }),
    }),
  }),
  tags,
});

const workgroup = resourceType({
  inputs: workgroupInputs,
  autoname: 'name',
  // athena/workgroup.go: name ForceNew.
  replaceOn: ['name'],
  async create(inputs) {
    const { name, description } = inputs;
    await athena.send(
      new CreateWorkGroupCommand({
        Name: name,
        Description: description,
        Configuration: { ...common(inputs), ResultConfiguration: results(inputs) },
      }),
    );
    return { id: name, outputs: { arn: await arn('athena', `workgroup/${name}`) } };
  },
  async read(id) {
    const answer = await unlessGone(athena.send(new GetWorkGroupCommand({ WorkGroup: id })), GONE);
    return answer === null ? null : { description: answer.WorkGroup?.Description };
  },
  async update(id, inputs) {
    await athena.send(
      new UpdateWorkGroupCommand({
        WorkGroup: id,
        Description: inputs.description,
        ConfigurationUpdates: { ...common(inputs), ResultConfigurationUpdates: results(inputs) },
      }),
    );
    return {};
  },
  async delete(id, state) {
    const RecursiveDeleteOption = state['forceDestroy'] === true;
    const command = new DeleteWorkGroupCommand({ WorkGroup: id, RecursiveDeleteOption });
    await unlessGone(athena.send(command), GONE);
  },
});

function common({ configuration }: z.output<typeof workgroupInputs>) {
  return {
    // athena/workgroup.go: both are true by default.
    EnforceWorkGroupConfiguration: configuration.enforceWorkgroupConfiguration ?? true,
    PublishCloudWatchMetricsEnabled: configuration.publishCloudwatchMetricsEnabled ?? true,
    BytesScannedCutoffPerQuery: configuration.bytesScannedCutoffPerQuery,
  };
}

function results({ configuration }: z.output<typeof workgroupInputs>) {
  const { outputLocation, expectedBucketOwner, encryptionConfiguration } =
    configuration.resultConfiguration;
  return {
    OutputLocation: outputLocation,
    ExpectedBucketOwner: expectedBucketOwner,
    EncryptionConfiguration: { EncryptionOption: encryptionConfiguration.encryptionOption },
  };
}

const namedQuery = resourceType({
  inputs: z.strictObject({
    name: z.string(),
    description: text,
    database: z.string(),
    query: z.string(),
    workgroup: text,
  }),
  autoname: 'name',
  // athena/named_query.go: every property ForceNew.
  replaceOn: ['name', 'description', 'database', 'query', 'workgroup'],
  async create(inputs) {
    const answer = await athena.send(
      new CreateNamedQueryCommand({
        Name: inputs.name,
        Description: inputs.description,
        Database: inputs.database,
        QueryString: inputs.query,
        WorkGroup: inputs.workgroup,
      }),
    );
    return { id: given(answer.NamedQueryId, 'query id') };
  },
  async read(id) {
    const command = new GetNamedQueryCommand({ NamedQueryId: id });
    return (await unlessGone(athena.send(command), GONE)) === null ? null : {};
  },
  async delete(id) {
    await unlessGone(athena.send(new DeleteNamedQueryCommand({ NamedQueryId: id })), GONE);
  },
});

export const ATHENA_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:athena/workgroup:Workgroup': workgroup,
  'aws:athena/namedQuery:NamedQuery': namedQuery,
};
