// Rows of Glue and Athena.
import { Athena, EncryptionOption } from '@aws-sdk/client-athena';
import { Glue } from '@aws-sdk/client-glue';
import * as z from 'zod/mini';
import { arn, callerIdentity, options } from './clients.ts';
import {
  confirmFound,
  defineType,
  expectValue,
  flag,
  tags,
  text,
  toPascalCase,
  type ResourceType,
} from './type.ts';

const athena = new Athena(options);
const glue = new Glue(options);

/** Athena has no error of its own for a missing resource. */
const gone = 'InvalidRequestException';

const columns = z.array(z.strictObject({ name: z.string(), type: z.string(), comment: text }));

export const ANALYSIS_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:glue/catalogDatabase:CatalogDatabase': defineType({
    inputs: z.strictObject({ name: z.string(), description: text, tags }),
    autoname: 'name',
    // glue/catalog_database.go: catalog_id, name, target_database ForceNew.
    replaceOn: ['name'],
    cloudFormation: 'AWS::Glue::Database',
    properties: ({ name, description }) => ({ DatabaseInput: toPascalCase({ name, description }) }),
    create: async ({ name }, properties) => {
      await glue.createDatabase(properties);
      const { account } = await callerIdentity();
      const id = `${account}:${name}`;
      return { id, arn: await arn('glue', `database/${name}`), catalogId: account };
    },
    read: async (_id, { name: Name }) => ({
      description: (await glue.getDatabase({ Name })).Database?.Description,
    }),
    update: async (_id, { name: Name }, properties) => {
      await glue.updateDatabase({ Name, ...properties });
    },
    delete: async (_id, { name: Name }) => await glue.deleteDatabase({ Name }),
  }),

  'aws:glue/catalogTable:CatalogTable': defineType({
    inputs: z.strictObject({
      name: z.string(),
      databaseName: z.string(),
      description: text,
      tableType: text,
      parameters: z.optional(z.record(z.string(), z.string())),
      partitionKeys: z.optional(columns),
      storageDescriptor: z.optional(
        z.strictObject({
          location: text,
          inputFormat: text,
          outputFormat: text,
          serDeInfo: z.optional(z.strictObject({ serializationLibrary: text })),
          columns: z.optional(columns),
        }),
      ),
    }),
    autoname: 'name',
    // glue/catalog_table.go: catalog_id, database_name, name, partition_index, target_table ForceNew.
    replaceOn: ['databaseName', 'name'],
    cloudFormation: 'AWS::Glue::Table',
    properties: ({ databaseName, storageDescriptor, parameters, ...inputs }) => {
      const { serDeInfo, ...stored } = storageDescriptor ?? {};
      const StorageDescriptor = {
        ...toPascalCase(stored),
        SerdeInfo: toPascalCase(serDeInfo ?? {}),
      };
      // The names in `parameters` are Athena's own, and their case matters.
      const TableInput = { ...toPascalCase(inputs), Parameters: parameters, StorageDescriptor };
      return { DatabaseName: databaseName, TableInput };
    },
    create: async ({ databaseName, name }, properties) => {
      await glue.createTable(properties);
      const { account } = await callerIdentity();
      const id = `${account}:${databaseName}:${name}`;
      return { id, arn: await arn('glue', `table/${databaseName}/${name}`), catalogId: account };
    },
    read: async (_id, { databaseName: DatabaseName, name: Name }) => ({
      parameters: (await glue.getTable({ DatabaseName, Name })).Table?.Parameters,
    }),
    update: async (_id, _inputs, properties) => {
      await glue.updateTable(properties);
    },
    delete: async (_id, { databaseName: DatabaseName, name: Name }) =>
      await glue.deleteTable({ DatabaseName, Name }),
  }),

  'aws:athena/workgroup:Workgroup': defineType({
    inputs: z.strictObject({
      name: z.string(),
      description: text,
      forceDestroy: flag,
      configuration: z.strictObject({
        enforceWorkgroupConfiguration: flag,
        // athena/workgroup.go: at least 10 MiB (or 0 for no limit, which the program never sets).
        bytesScannedCutoffPerQuery: z.optional(z.number().check(z.minimum(10_485_760))),
        publishCloudwatchMetricsEnabled: flag,
        resultConfiguration: z.strictObject({
          outputLocation: text,
          expectedBucketOwner: text,
          encryptionConfiguration: z.strictObject({ encryptionOption: z.enum(EncryptionOption) }),
        }),
      }),
      tags,
    }),
    autoname: 'name',
    // athena/workgroup.go: name ForceNew.
    replaceOn: ['name'],
    cloudFormation: 'AWS::Athena::WorkGroup',
    properties: ({ name, description, forceDestroy, configuration }) => ({
      ...toPascalCase({ name, description }),
      RecursiveDeleteOption: forceDestroy,
      WorkGroupConfiguration: {
        // athena/workgroup.go: both are true by default.
        EnforceWorkGroupConfiguration: configuration.enforceWorkgroupConfiguration ?? true,
        PublishCloudWatchMetricsEnabled: configuration.publishCloudwatchMetricsEnabled ?? true,
        BytesScannedCutoffPerQuery: configuration.bytesScannedCutoffPerQuery,
        ResultConfiguration: toPascalCase(configuration.resultConfiguration),
      },
    }),
    create: async (_inputs, { Name, Description, WorkGroupConfiguration: Configuration }) => {
      await athena.createWorkGroup({ Name, Description, Configuration });
      return { id: Name, arn: await arn('athena', `workgroup/${Name}`) };
    },
    read: async (id) => ({
      description: (await athena.getWorkGroup({ WorkGroup: id })).WorkGroup?.Description,
    }),
    update: async (id, _inputs, { Description, WorkGroupConfiguration }) => {
      const { ResultConfiguration: ResultConfigurationUpdates, ...rest } = WorkGroupConfiguration;
      const ConfigurationUpdates = { ...rest, ResultConfigurationUpdates };
      await athena.updateWorkGroup({ WorkGroup: id, Description, ConfigurationUpdates });
    },
    delete: async (id, { forceDestroy: RecursiveDeleteOption = false }) =>
      await athena.deleteWorkGroup({ WorkGroup: id, RecursiveDeleteOption }),
    gone,
  }),

  'aws:athena/namedQuery:NamedQuery': defineType({
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
    cloudFormation: 'AWS::Athena::NamedQuery',
    properties: ({ query: QueryString, workgroup: WorkGroup, ...inputs }) => ({
      ...toPascalCase(inputs),
      QueryString,
      WorkGroup,
    }),
    create: async (_inputs, properties) => ({
      id: expectValue((await athena.createNamedQuery(properties)).NamedQueryId, 'query id'),
    }),
    read: async (id) => await confirmFound(athena.getNamedQuery({ NamedQueryId: id })),
    delete: async (id) => await athena.deleteNamedQuery({ NamedQueryId: id }),
    gone,
  }),
};
