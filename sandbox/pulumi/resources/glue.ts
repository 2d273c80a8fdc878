import {
  CreateDatabaseCommand,
  CreateTableCommand,
  DeleteDatabaseCommand,
  DeleteTableCommand,
  GetDatabaseCommand,
  GetTableCommand,
  UpdateDatabaseCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import * as z from 'zod/mini';
import { arn, callerIdentity, glue } from './clients.ts';
import { resourceType, tags, text, textOf, unlessGone, type ResourceType } from './type.ts';

const GONE = 'EntityNotFoundException';

const database = resourceType({
  inputs: z.strictObject({ name: z.string(), description: text, tags }),
  autoname: 'name',
  // glue/catalog_database.go: catalog_id, name, target_database ForceNew.
  replaceOn: ['name'],
  async create({ name, description }) {
    const input = { Name: name, Description: description };
    await glue.send(new CreateDatabaseCommand({ DatabaseInput: input }));
    const { account } = await callerIdentity();
    return {
      id: `${account}:${name}`,
      outputs: { arn: await arn('glue', `database/${name}`), catalogId: account },
    };
  },
  async read(_id, state) {
    const command = new GetDatabaseCommand({ Name: textOf(state, 'name') });
    const live = (await unlessGone(glue.send(command), GONE))?.Database;
    return live === undefined ? null : { description: live.Description };
  },
  async update(_id, { name, description }) {
    const input = { Name: name, Description: description };
    await glue.send(new UpdateDatabaseCommand({ Name: name, DatabaseInput: input }));
    return {};
  },
  async delete(_id, state) {
    await unlessGone(glue.send(new DeleteDatabaseCommand({ Name: textOf(state, 'name') })), GONE);
  },
});

const columns = z.array(z.strictObject({ name: z.string(), type: z.string(), comment: text }));

const tableInputs = z.strictObject({
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
});

const table = resourceType({
  inputs: tableInputs,
  autoname: 'name',
  // glue/catalog_table.go: catalog_id, database_name, name, partition_index, target_table ForceNew.
  replaceOn: ['databaseName', 'name'],
  async create(inputs) {
    const { databaseName, name } = inputs;
    await glue.send(
      new CreateTableCommand({ DatabaseName: databaseName, TableInput: tableInput(inputs) }),
    );
    const { account } = await callerIdentity();
    return {
      id: `${account}:${databaseName}:${name}`,
      outputs: { arn: await arn('glue', `table/${databaseName}/${name}`), catalogId: account },
    };
  },
  async read(_id, state) {
    const [DatabaseName, Name] = [textOf(state, 'databaseName'), textOf(state, 'name')];
    const live = await unlessGone(glue.send(new GetTableCommand({ DatabaseName, Name })), GONE);
    return live?.Table === undefined ? null : { parameters: live.Table.Parameters };
  },
  async update(_id, inputs) {
    await glue.send(
      new UpdateTableCommand({ DatabaseName: inputs.databaseName, TableInput: tableInput(inputs) }),
    );
    return {};
  },
  async delete(_id, state) {
    const [DatabaseName, Name] = [textOf(state, 'databaseName'), textOf(state, 'name')];
    await unlessGone(glue.send(new DeleteTableCommand({ DatabaseName, Name })), GONE);
  },
});

function tableInput(inputs: z.output<typeof tableInputs>) {
  const stored = inputs.storageDescriptor;
  return {
    Name: inputs.name,
    Description: inputs.description,
    TableType: inputs.tableType,
    Parameters: inputs.parameters,
    PartitionKeys: columnsOf(inputs.partitionKeys),
    StorageDescriptor: {
      Location: stored?.location,
      InputFormat: stored?.inputFormat,
      OutputFormat: stored?.outputFormat,
      SerdeInfo: { SerializationLibrary: stored?.serDeInfo?.serializationLibrary },
      Columns: columnsOf(stored?.columns),
    },
  };
}

function columnsOf(given: z.output<typeof columns> = []) {
  return given.map(({ name, type, comment }) => ({ Name: name, Type: type, Comment: comment }));
}

export const GLUE_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:glue/catalogDatabase:CatalogDatabase': database,
  'aws:glue/catalogTable:CatalogTable': table,
};
