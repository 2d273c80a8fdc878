// Checks the registered resources with tools that know AWS schemas and systemd units; test/README.md lists them.
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { WORLDS } from '../rules/worlds.ts';
import { filesOf, userDataOf } from '../support/boot-script.ts';
import { type Template, policiesOf, templateOf } from '../support/cloudformation/template.ts';
import { type Graph, graphOf } from '../support/graph.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';
import {
  hasSystemd,
  policyFindings,
  systemdAnalyze,
  templateFindings,
} from '../support/validators.ts';

const folder = makeFolderPerFile();
const graphs = new Map<string, Graph>();
let whole: Graph;
beforeAll(async () => {
  for (const [name, world] of Object.entries(WORLDS)) graphs.set(name, await graphOf(world));
  [whole] = [...graphs.values()] as [Graph];
});

async function linted(templates: Readonly<Record<string, Template>>): Promise<readonly string[]> {
  const files = Object.entries(templates).map(async ([name, template]) => {
    const file = path.join(folder.path, `${name}.json`);
    await writeFile(file, JSON.stringify(template));
    return file;
  });
  return templateFindings(await Promise.all(files));
}

describe('cfn-lint', () => {
  const FLAWS = [
    ['LogGroup', 'RetentionInDays', 91],
    ['Function', 'Timeout', 901],
    ['Schedule', 'State', 'ON'],
    ['Queue', 'MessageRetentionPeriod', 30],
    ['MetricAlarm', 'ComparisonOperator', 'More'],
    ['FunctionUrl', 'AuthType', 'OPEN'],
    ['Workgroup', 'RecursiveDeleteOption', 'perhaps'],
    ['CatalogTable', 'TableInput', { PartitionKeys: 'date' }],
    ['TopicPolicy', 'PolicyDocument', { Statement: [{ Effect: 'Maybe' }] }],
  ] as const;

  test('accepts every resource of every configuration', async () => {
    const templates = [...graphs].map(([name, graph]) => [name, templateOf(graph)] as const);
    expect(await linted(Object.fromEntries(templates))).toEqual([]);
  });

  test('finds a wrong value', async () => {
    const { Resources } = templateOf(whole);
    const flawed = FLAWS.map(([type, property, value]) => {
      const [id = '', resource = { Type: '', Properties: {} }] =
        Object.entries(Resources).find(([each]) => new RegExp(`^${type}[a-z]`).test(each)) ?? [];
      const Properties = { ...resource.Properties, [property]: value };
      return [type, { Resources: { ...Resources, [id]: { ...resource, Properties } } }] as const;
    });
    const findings = await linted(Object.fromEntries(flawed));
    for (const [type, property] of FLAWS) {
      expect(findings, type).toContainEqual(
        expect.stringMatching(new RegExp(`^${type}\\.json .*${property}`)),
      );
    }
  });
});

describe('parliament', () => {
  const POLICY = 'aws:iam/rolePolicy:RolePolicy';
  const statement = (Action: string, Resource: string, Condition?: unknown) => ({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action, Resource, ...(Condition === undefined ? {} : { Condition }) },
    ],
  });

  test('accepts every role policy of every configuration', async () => {
    const policies = [...graphs].flatMap(([world, graph]) =>
      Object.entries(policiesOf(graph, POLICY)).map(
        ([name, policy]) => [`${name} with ${world}`, policy] as const,
      ),
    );
    expect(policies.length).toBeGreaterThan(graphs.size);
    expect(await policyFindings(Object.fromEntries(policies))).toEqual([]);
  });

  test('finds a wrong action, resource, condition key and operator', async () => {
    const parameter = 'arn:aws:ssm:ap-south-1:123456789012:parameter/X';
    const findings = await policyFindings({
      action: statement('ssm:GetParametr', parameter),
      resource: statement('ssm:GetParameter', 'arn:aws:s3:::bucket'),
      key: statement('ssm:GetParameter', parameter, { StringEquals: { 's3:prefix': 'x' } }),
      operator: statement('ssm:GetParameter', parameter, { StringEqual: { 'aws:userid': 'x' } }),
    });
    expect(findings.map((finding) => finding.split(':').slice(0, 2).join(':'))).toEqual([
      'action: UNKNOWN_ACTION',
      'resource: RESOURCE_MISMATCH',
      'key: UNKNOWN_CONDITION_FOR_ACTION',
      'operator: UNKNOWN_OPERATOR',
    ]);
  });
});

const wanted = hasSystemd || process.env['CI'] === 'true';
const title = wanted
  ? 'systemd-analyze'
  : 'systemd-analyze (skipped: no systemd-analyze; it is part of systemd on Linux)';

describe.skipIf(!wanted)(title, () => {
  const UNITS = '/etc/systemd/system/';

  const harvester = () => unitsOf(whole)['fyers-harvester.service'] ?? '';

  function unitsOf(graph: Graph): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(filesOf(userDataOf(graph)))
        .filter(([file]) => file.startsWith(UNITS))
        .map(([file, text]) => [file.slice(UNITS.length), text]),
    );
  }

  /** Files that `verify` wants to be there are stood in for; everything else is as it is registered. */
  async function verified(units: Readonly<Record<string, string>>): Promise<string> {
    const stand = path.join(folder.path, 'program');
    await writeFile(stand, '#!/bin/sh\n');
    await chmod(stand, 0o755);
    const files = Object.entries(units).map(async ([name, text]) => {
      const file = path.join(folder.path, name);
      await writeFile(
        file,
        text.replaceAll(/\/opt\/fyers\/\w+(?!\.mjs)\b|\/usr\/bin\/(?:node-24|dnf)/g, stand),
      );
      return file;
    });
    const { stdout, stderr } = systemdAnalyze('verify', ...(await Promise.all(files)));
    return `${stdout}${stderr}`;
  }

  test('accepts every unit', async () => {
    const units = unitsOf(whole);
    expect(Object.keys(units)).toHaveLength(5);
    expect(await verified(units)).toBe('');
  });

  test('finds a misspelt key and an invalid time', async () => {
    const service = harvester().replace('RestartSec=', 'RestartSeconds=');
    expect(await verified({ 'fyers-harvester.service': service })).toContain('RestartSeconds');
    const timer = unitsOf(whole)['fyers-upgrade.timer']?.replace('16:15:00', '16:75:00') ?? '';
    expect(await verified({ 'fyers-upgrade.timer': timer })).toContain('calendar');
  });

  /** What it could still be kept from, and why it is not. Everything else that systemd knows of is shut. */
  const OPEN: Readonly<Record<string, string>> = {
    PrivateNetwork: 'it asks Fyers and AWS over the network',
    RestrictAddressFamilies_AF_INET_INET6: 'the same',
    IPAddressDeny: 'neither names the addresses that it answers from',
    RestrictAddressFamilies_AF_UNIX: 'names are resolved through systemd-resolved’s socket',
    MemoryDenyWriteExecute: 'V8 compiles at run time',
    RootDirectoryOrRootImage: 'Node and the certificates are the machine’s',
    NotifyAccess: 'systemd-notify, a child, says how it gets on: Node has no datagram sockets',
    DeviceAllow: 'ProtectClock itself leaves the clock readable, and nothing else',
  };
  /** The sum of those, on systemd’s scale from 0 (nothing is open) to 10. It was 1.8, and 9.6 is a service without care. */
  const EXPOSURE = 1.3;

  const checks = z.array(
    z.object({
      set: z.nullable(z.boolean()),
      json_field: z.string(),
      exposure: z.nullable(z.string()),
    }),
  );

  async function offline(unit: string, ...options: readonly string[]): Promise<string> {
    const file = path.join(folder.path, 'fyers-harvester.service');
    await writeFile(file, unit);
    return systemdAnalyze('security', '--offline=true', ...options, file).stdout;
  }

  test('reports only the listed exposures of the harvester', async () => {
    const open = checks
      .parse(JSON.parse(await offline(harvester(), '--json=short')))
      .filter(({ exposure }) => exposure !== null);
    expect(open.map(({ json_field: name }) => name).toSorted()).toEqual(
      Object.keys(OPEN).toSorted(),
    );
  });

  test('reports an exposure of the harvester of at most 1.3', async () => {
    const exposure = async (unit: string) =>
      Number(/exposure level for \S+: ([\d.]+)/.exec(await offline(unit))?.[1]);
    expect(await exposure(harvester())).toBeLessThanOrEqual(EXPOSURE);
    expect(await exposure(harvester().replace('PrivateUsers=yes\n', ''))).toBeGreaterThan(EXPOSURE);
  });
});
