// Defines SQL access to the recordings: a table without a crawler, a workgroup with a cost limit, and saved example
// queries.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { RECORDED_COLUMNS } from '../../core/recording/columns.ts';
import { UPDATE_COLUMNS } from '../../core/stream/update-rows.ts';
import { HARVESTERS_MAX, type Names, OBJECTS } from '../../core/config/names.ts';

/** The oldest day with this schema. */
const FIRST_DAY = '2026-11-01';
/** Limits a query to about five US cents at Athena's price; a year of five symbols is a tenth of it. */
const MAX_SCANNED_BYTES = 10_000_000_000;
const QUERIES = path.join(import.meta.dirname, '..', 'queries');

/** Glue's types for the columns that adapters/recordings/parquet/parquet.ts writes. */
const TYPES = {
  timestamp: 'timestamp',
  precise: 'timestamp',
  text: 'string',
  price: 'double',
  count: 'bigint',
  flag: 'boolean',
} as const;

interface Table {
  /** As the queries name it. */
  readonly name: string;
  readonly description: string;
  readonly folder: (date: string, shard: string) => string;
  readonly columns: readonly {
    readonly name: string;
    readonly kind: keyof typeof TYPES;
    readonly unit: string;
  }[];
  /** Subfolder of the queries. */
  readonly queries: string;
}

const DEPTH: Table = {
  name: 'depth',
  description: 'A row is a snapshot of five levels of one symbol; timestamps are UTC',
  folder: OBJECTS.parquetFolder,
  columns: RECORDED_COLUMNS,
  queries: '.',
};

/** Only if a harvester has a stream. */
const UPDATES: Table = {
  name: 'updates',
  description: 'A row is a level that a message of a stream changed; timestamps are UTC',
  folder: OBJECTS.updatesFolder,
  columns: UPDATE_COLUMNS,
  queries: 'updates',
};

export interface AthenaArgs {
  readonly names: Names;
  readonly accountId: pulumi.Input<string>;
  readonly bucketName: pulumi.Input<string>;
  readonly harvesters: readonly { readonly feed: string }[];
}

export class Athena extends pulumi.ComponentResource {
  readonly workgroupName: pulumi.Output<string>;

  constructor(name: string, args: AthenaArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Athena', name, {}, opts);
    const { names, bucketName } = args;
    const database = new aws.glue.CatalogDatabase(
      'fyers-depth',
      { name: names.athenaDatabase, description: 'The recorded NSE order book' },
      { parent: this },
    );
    const hasStream = args.harvesters.some(({ feed }) => feed !== 'rest');
    const tables = (hasStream ? [DEPTH, UPDATES] : [DEPTH]).map((table) => ({
      ...table,
      made: new aws.glue.CatalogTable(table.name, tableArgs(table, database.name, bucketName), {
        parent: this,
      }),
    }));
    const workgroup = new aws.athena.Workgroup(
      'fyers-depth',
      {
        name: names.athenaWorkgroup,
        description: 'Queries of the recorded NSE order book',
        configuration: {
          // Client settings cannot raise the limit or redirect results.
          enforceWorkgroupConfiguration: true,
          bytesScannedCutoffPerQuery: MAX_SCANNED_BYTES,
          publishCloudwatchMetricsEnabled: false,
          resultConfiguration: {
            outputLocation: pulumi.interpolate`s3://${bucketName}/${OBJECTS.athenaPrefix}`,
            expectedBucketOwner: args.accountId,
            encryptionConfiguration: { encryptionOption: 'SSE_S3' },
          },
        },
        // AWS refuses to delete a workgroup that has run a query; this deletes its query history.
        forceDestroy: true,
      },
      { parent: this },
    );
    for (const { queries, made } of tables) {
      for (const { question, description, sql } of readQueries(queries)) {
        new aws.athena.NamedQuery(
          question,
          {
            name: question,
            description,
            database: database.name,
            workgroup: workgroup.name,
            query: sql,
          },
          { parent: this, dependsOn: [made] },
        );
      }
    }
    this.workgroupName = workgroup.name;
    this.registerOutputs({ workgroupName: this.workgroupName });
  }
}

/** Athena computes partitions from the range, so a day can be queried as soon as it is in the bucket. */
function tableArgs(
  { name, description, folder, columns }: Table,
  databaseName: pulumi.Input<string>,
  bucketName: pulumi.Input<string>,
): aws.glue.CatalogTableArgs {
  const location = pulumi.interpolate`s3://${bucketName}/${OBJECTS.depthPrefix}`;
  return {
    name,
    databaseName,
    description,
    tableType: 'EXTERNAL_TABLE',
    parameters: {
      EXTERNAL: 'TRUE',
      classification: 'parquet',
      'projection.enabled': 'true',
      'projection.date.type': 'date',
      'projection.date.format': 'yyyy-MM-dd',
      'projection.date.range': `${FIRST_DAY},NOW`,
      'projection.date.interval': '1',
      'projection.date.interval.unit': 'DAYS',
      'projection.shard.type': 'integer',
      // Up to the maximum number of shards: a query without a filter looks for each day in each of them.
      'projection.shard.range': `0,${String(HARVESTERS_MAX - 1)}`,
      // Athena's own placeholders.
      'storage.location.template': pulumi.interpolate`s3://${bucketName}/${folder('${date}', '${shard}')}`,
    },
    partitionKeys: [
      { name: 'date', type: 'string', comment: 'Indian day, as 2026-11-25' },
      { name: 'shard', type: 'int', comment: 'Harvester' },
    ],
    storageDescriptor: {
      location,
      inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
      outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
      serDeInfo: {
        serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
      },
      columns: columns.map(({ name: column, kind, unit }) => ({
        name: column,
        type: TYPES[kind],
        comment: unit,
      })),
    },
  };
}

/** One file per query; its first line describes the query and its parameters. */
function readQueries(subfolder: string) {
  const folder = path.join(QUERIES, subfolder);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file) => {
      const sql = readFileSync(path.join(folder, file), 'utf8');
      const [first = ''] = sql.split('\n');
      return { question: path.parse(file).name, description: first.replace(/^-- /, ''), sql };
    });
}
