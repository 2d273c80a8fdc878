// What answers questions about the recordings.
import { type Graph, allOf, asRecord } from '../support/graph.ts';
import { edited, withAnother } from './flaws.ts';
import { type Rule, at, isText, unless } from './rule.ts';

const WORKGROUP = 'aws:athena/workgroup:Workgroup';
const TABLE = 'aws:glue/catalogTable:CatalogTable';
const ENCRYPTION = 'configuration.resultConfiguration.encryptionConfiguration';

/** Of the machines, by what cloud-init hands to each. */
function shardsOf(graph: Graph): readonly number[] {
  return allOf(graph, 'aws:ec2/instance:Instance').map(({ inputs }) =>
    Number(/^FYERS_SHARD=(\d+)$/m.exec(String(inputs['userData']))?.[1]),
  );
}

/** The workgroup with its configuration changed. */
const configured = (change: (configuration: unknown) => Readonly<Record<string, unknown>>) =>
  edited(`${WORKGROUP}::fyers-depth`, (inputs) => ({
    ...inputs,
    configuration: change(inputs['configuration']),
  }));

export const ATHENA_RULES: readonly Rule[] = [
  {
    id: 'CT.ATHENA.PR.1',
    asks: 'a workgroup encrypts its answers at rest',
    breakers: unless(WORKGROUP, (inputs) =>
      ['SSE_S3', 'SSE_KMS', 'CSE_KMS'].includes(
        String(at(inputs, `${ENCRYPTION}.encryptionOption`)),
      ),
    ),
    flaws: {
      'in clear': configured(() => ({ enforceWorkgroupConfiguration: true })),
    },
  },
  {
    id: 'CT.ATHENA.PR.2',
    asks: 'a workgroup encrypts its answers under a key of KMS',
    breakers: unless(WORKGROUP, (inputs) => isText(at(inputs, `${ENCRYPTION}.kmsKeyArn`))),
    flaws: { 'another workgroup': withAnother(WORKGROUP) },
  },
  {
    id: 'FY.ATHENA.1',
    asks: 'a workgroup stops a query that scans too much, whatever the client says',
    breakers: unless(
      WORKGROUP,
      ({ configuration }) =>
        Number(at(configuration, 'bytesScannedCutoffPerQuery')) > 0 &&
        at(configuration, 'enforceWorkgroupConfiguration') === true,
    ),
    flaws: {
      'without a limit': configured((before) => ({
        ...asRecord(before),
        bytesScannedCutoffPerQuery: undefined,
      })),
      'with one that a client can lift': configured((before) => ({
        ...asRecord(before),
        enforceWorkgroupConfiguration: false,
      })),
    },
  },
  {
    id: 'FY.GLUE.1',
    asks: 'a table looks for the days of every harvester',
    breakers: (graph) =>
      unless(TABLE, ({ parameters }) => {
        const range = String(asRecord(parameters)['projection.shard.range']);
        const last = Number(range.split(',')[1]);
        return shardsOf(graph).every((shard) => shard <= last);
      })(graph),
    flaws: {
      'of the first one alone': edited(`${TABLE}::depth`, (inputs) => ({
        ...inputs,
        parameters: { ...asRecord(inputs['parameters']), 'projection.shard.range': '0,0' },
      })),
    },
  },
];
