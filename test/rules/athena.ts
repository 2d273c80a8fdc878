// Defines the rules for Athena and Glue.
import { type Graph, allOf, asRecord } from '../support/graph.ts';
import { editInputs, addResource } from './flaws.ts';
import { type Rule, at, isText, unless } from './rule.ts';

const WORKGROUP = 'aws:athena/workgroup:Workgroup';
const TABLE = 'aws:glue/catalogTable:CatalogTable';
const ENCRYPTION = 'configuration.resultConfiguration.encryptionConfiguration';

/** Returns the shards of the instances, from their user data. */
function shardsOf(graph: Graph): readonly number[] {
  return allOf(graph, 'aws:ec2/instance:Instance').map(({ inputs }) =>
    Number(/^FYERS_SHARD=(\d+)$/m.exec(String(inputs['userData']))?.[1]),
  );
}

/** Changes the configuration of the workgroup. */
const editWorkgroup = (change: (configuration: unknown) => Readonly<Record<string, unknown>>) =>
  editInputs(`${WORKGROUP}::fyers-depth`, (inputs) => ({
    ...inputs,
    configuration: change(inputs['configuration']),
  }));

export const ATHENA_RULES: readonly Rule[] = [
  {
    id: 'CT.ATHENA.PR.1',
    requirement: 'a workgroup encrypts its results at rest',
    findViolations: unless(WORKGROUP, (inputs) =>
      ['SSE_S3', 'SSE_KMS', 'CSE_KMS'].includes(
        String(at(inputs, `${ENCRYPTION}.encryptionOption`)),
      ),
    ),
    flaws: {
      'no encryption': editWorkgroup(() => ({ enforceWorkgroupConfiguration: true })),
    },
  },
  {
    id: 'CT.ATHENA.PR.2',
    requirement: 'a workgroup encrypts its results with a KMS key',
    findViolations: unless(WORKGROUP, (inputs) => isText(at(inputs, `${ENCRYPTION}.kmsKeyArn`))),
    flaws: { 'another workgroup': addResource(WORKGROUP) },
  },
  {
    id: 'FY.ATHENA.1',
    requirement: 'a workgroup limits the bytes of a query and enforces its configuration',
    findViolations: unless(
      WORKGROUP,
      ({ configuration }) =>
        Number(at(configuration, 'bytesScannedCutoffPerQuery')) > 0 &&
        at(configuration, 'enforceWorkgroupConfiguration') === true,
    ),
    flaws: {
      'no limit': editWorkgroup((before) => ({
        ...asRecord(before),
        bytesScannedCutoffPerQuery: undefined,
      })),
      'a limit that a client can override': editWorkgroup((before) => ({
        ...asRecord(before),
        enforceWorkgroupConfiguration: false,
      })),
    },
  },
  {
    id: 'FY.GLUE.1',
    requirement: 'a table projects the shards of all harvesters',
    findViolations: (graph) =>
      unless(TABLE, ({ parameters }) => {
        const range = String(asRecord(parameters)['projection.shard.range']);
        const last = Number(range.split(',')[1]);
        return shardsOf(graph).every((shard) => shard <= last);
      })(graph),
    flaws: {
      'only the shard of the first harvester': editInputs(`${TABLE}::depth`, (inputs) => ({
        ...inputs,
        parameters: { ...asRecord(inputs['parameters']), 'projection.shard.range': '0,0' },
      })),
    },
  },
];
