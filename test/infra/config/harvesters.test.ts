import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Graph,
  type Registered,
  allOf,
  asRecord,
  graphOf,
  one,
  problemsOf,
} from '../../support/graph.ts';
import { APP_ONLY } from '../../support/stack-configs.ts';

const INSTANCE = 'aws:ec2/instance:Instance';
const ALARM = 'aws:cloudwatch/metricAlarm:MetricAlarm';
const STASH = 'pulumi:index:Stash';
const BUCKET = 'arn:aws:s3:::fyers-depth-1234567';
/** The value of a list, as Pulumi passes it from the stack's configuration file. */
const TWO = JSON.stringify([
  { symbols: ['NSE:SBIN-EQ', 'NSE:INFY-EQ'] },
  { symbols: 'NSE:M&M-EQ, NSE:TCS-EQ', everySeconds: 2, instanceType: 'i4g.large' },
]);
const CONFIG = { harvesters: TWO, dashboard: 'true', athena: 'true', watchReads: 'true' };

let alone: Graph;
let two: Graph;
beforeAll(async () => {
  alone = await graphOf({ ...APP_ONLY, config: { symbols: 'NSE:SBIN-EQ,NSE:INFY-EQ' } });
  two = await graphOf({ ...APP_ONLY, config: CONFIG });
});

function environmentOf({ inputs }: Registered): Readonly<Record<string, string>> {
  const lines = String(inputs['userData']).matchAll(/^(FYERS_\w+)=(.*)$/gm);
  return Object.fromEntries(
    [...lines].map(([, name = '', value = '']) => [name, value] as [string, string]),
  );
}

describe('The feed of a harvester', () => {
  const feeds = (...all: readonly string[]) =>
    JSON.stringify(all.map((feed, n) => ({ symbols: [`NSE:S${String(n)}-EQ`], feed })));

  test('reaches its instance, and a stream gets an alarm for silent symbols', async () => {
    const graph = await graphOf({ ...APP_ONLY, config: { harvesters: feeds('rest', 'tbt') } });
    const environment = (name: string) => environmentOf(one(graph, INSTANCE, name));
    expect(environment('harvester')).not.toHaveProperty('FYERS_FEED');
    expect(environment('harvester-1')).toMatchObject({ FYERS_FEED: 'tbt' });
    const silent = allOf(graph, ALARM).filter(({ name }) => name.startsWith('stream-silent'));
    expect(silent.map(({ name }) => name)).toEqual(['stream-silent-1']);
  });

  test('is refused if all feeds together need more streams than an account has', async () => {
    const { message } = await problemsOf({
      ...APP_ONLY,
      config: { harvesters: feeds('tbt', 'hsm') },
    });
    expect(message).toContain('1 + 1 = 2 HSM sockets');
  });

  test('is refused for a symbol that it does not have, also if the interval is wrong', async () => {
    const config = { feed: 'hsm', symbols: 'NSE:NOSUCH-INDEX', everySeconds: '7' };
    const { message } = await problemsOf({ ...APP_ONLY, config });
    expect(message).toContain('"7" must divide 60');
    expect(message).toContain('feed hsm cannot stream NSE:NOSUCH-INDEX');
  });

  test.each([
    ['of the key', { feed: 'hms', symbols: 'CHAIN:NIFTY' }],
    ['of a list', { harvesters: JSON.stringify([{ feed: 'hms', symbols: 'CHAIN:NIFTY' }]) }],
  ])('%s that is misspelt is the only problem', async (_what, config) => {
    const { message } = await problemsOf({ ...APP_ONLY, config });
    expect(message).toContain('must be one of rest, tbt, hsm');
    expect(message).not.toContain('calls');
  });

  test('counts in the calls of the account, because a stream that is down falls back on REST', async () => {
    const symbols = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, n) => `NSE:${prefix}${String(n)}-EQ`);
    const { message } = await problemsOf({
      ...APP_ONLY,
      config: {
        harvesters: JSON.stringify([
          { symbols: symbols(10, 'A') },
          { symbols: symbols(15, 'B'), feed: 'tbt' },
        ]),
      },
    });
    expect(message).toContain('120 + 60 = 180 calls a minute');
  });
});

describe('Several harvesters', () => {
  test('keep the resources of a single harvester for the first one', () => {
    const before = one(alone, INSTANCE);
    const first = one(two, INSTANCE, 'harvester');
    expect(first.inputs).toEqual(before.inputs);
    const names = (graph: Graph) => graph.resources.map(({ type, name }) => `${type}::${name}`);
    expect(names(alone).filter((name) => !names(two).includes(name))).toEqual([]);
    expect(one(two, STASH, 'instance-plan').inputs).toEqual(one(alone, STASH).inputs);
  });

  test('with one entry have the same resources and outputs as a configuration without a list', async () => {
    const harvesters = formatPlans(['NSE:SBIN-EQ', 'NSE:INFY-EQ']);
    const left = await graphOf({ ...APP_ONLY, config: { harvesters } });
    // The order of dependencies is not fixed.
    const known = (graph: Graph) =>
      graph.resources.map(({ name, inputs }) => ({
        name,
        // Each run generates new keys.
        inputs: name.endsWith('-key') ? { ...inputs, value: '' } : inputs,
      }));
    expect(known(left)).toEqual(expect.arrayContaining([...known(alone)]));
    expect(left.outputs).toEqual(alone.outputs);
  });

  test('record their own symbols under their own shard on their own instance', () => {
    const other = one(two, INSTANCE, 'harvester-1');
    expect(environmentOf(other)).toMatchObject({
      FYERS_SYMBOLS: 'NSE:M&M-EQ,NSE:TCS-EQ',
      FYERS_EVERY_SECONDS: '2',
      FYERS_SHARD: '1',
    });
    expect(other.inputs).toMatchObject({
      instanceType: 'i4g.large',
      iamInstanceProfile: 'fyers-harvester-1-1234567',
      tags: { Name: 'fyers-harvester-1' },
    });
  });

  test('have access only to their own shard', () => {
    const depthOf = (name: string) => {
      const text = JSON.stringify(one(two, 'aws:iam/rolePolicy:RolePolicy', name).inputs['policy']);
      const found = text.match(/arn:aws:s3:::[^"]*depth\/[^"]*/g) ?? [];
      return new Set(found.map((arn) => arn.replace(/(?<=\/shard=\d\/).*/, '')));
    };
    expect(depthOf('fyers-harvester')).toEqual(
      new Set([`${BUCKET}/depth/v2/date=????-??-??/shard=0/`]),
    );
    expect(depthOf('fyers-harvester-1')).toEqual(
      new Set([`${BUCKET}/depth/v2/date=????-??-??/shard=1/`]),
    );
  });

  test('are excluded from the rule that reports reads of the token', () => {
    const rule = one(two, 'aws:cloudwatch/eventRule:EventRule');
    for (const name of ['fyers-harvester', 'fyers-harvester-1']) {
      expect(rule.inputs['eventPattern']).toContain(`"arn:aws:mock:::Role/${name}"`);
    }
  });

  test('are deleted before their replacement starts, and wait for the guards of all instances', () => {
    for (const { dependsOn, deleteBeforeReplace } of allOf(two, INSTANCE)) {
      expect(deleteBeforeReplace).toBe(true);
      expect(dependsOn).toEqual(
        expect.arrayContaining([`${STASH}::instance-plan`, `${STASH}::instance-plan-1`]),
      );
    }
  });

  test('have their own alarms, which name them and watch only them', () => {
    const added = allOf(two, ALARM).filter(({ name }) => name.endsWith('-1'));
    expect(added.map(({ name }) => name).toSorted()).toEqual(
      allOf(alone, ALARM)
        .map(({ name }) => `${name}-1`)
        .filter((name) => !/-failed|-throttled|undelivered/.test(name))
        .toSorted(),
    );
    for (const { inputs } of added) {
      expect(inputs['dimensions']).toEqual(
        inputs['namespace'] === 'AWS/EC2'
          ? { InstanceId: 'harvester-1-1234567' }
          : { Suffix: 'none', Shard: '1' },
      );
    }
    const silent = one(two, ALARM, 'harvester-silent-1').inputs;
    expect(silent['name']).toBe('Fyers-harvester-silent-1');
    expect(silent['alarmDescription']).toMatch(
      /^Harvester 1 has been silent.*--target harvester-1-1234567/,
    );
    // The threshold depends on the interval, and the actions on the instance type: AWS does not
    // recover this one.
    expect(one(two, ALARM, 'slots-missed-1').inputs['threshold']).toBe(75);
    expect(one(two, ALARM, 'machine-impaired-1').inputs['alarmActions']).toHaveLength(1);
  });

  test('appear in the graphs of the dashboard and in the shards of Athena', () => {
    const body = String(one(two, 'aws:cloudwatch/dashboard:Dashboard').inputs['dashboardBody']);
    for (const metric of ['TokenMissing', 'SlotsMissed', 'Heartbeat', 'DiskUsedPercent']) {
      for (const shard of ['0', '1']) {
        expect(body).toContain(
          JSON.stringify(['FyersTokenRefresh', metric, 'Suffix', 'none', 'Shard', shard]),
        );
      }
    }
    const { parameters } = one(two, 'aws:glue/catalogTable:CatalogTable').inputs;
    expect(asRecord(parameters)['projection.shard.range']).toBe('0,9');
  });

  test('appear in the outputs and raise the budget', () => {
    expect(two.outputs).toMatchObject({
      instance: 'harvester-1234567',
      harvesters: [
        { shard: 0, instance: 'harvester-1234567', symbols: 'NSE:SBIN-EQ,NSE:INFY-EQ' },
        { shard: 1, instance: 'harvester-1-1234567', symbols: 'NSE:M&M-EQ,NSE:TCS-EQ' },
      ],
    });
    expect(asRecord(two.outputs['commands'])['shell-1']).toContain('--target harvester-1-1234567');
    expect(alone.outputs).not.toHaveProperty('harvesters');
    expect(one(two, 'aws:budgets/budget:Budget').inputs['limitAmount']).toBe('30');
  });
});

const formatPlans = (
  ...plans: readonly (readonly string[] | Readonly<Record<string, unknown>>)[]
) => JSON.stringify(plans.map((plan) => (Array.isArray(plan) ? { symbols: plan } : plan)));
const names = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `NSE:S${String(from + index)}-EQ`);

describe('A list of harvesters', () => {
  test.each([
    ['not a list', 'NSE:SBIN-EQ', ' must be a list with the symbols of each harvester, such as ['],
    ['empty', '[]', ' must be a list with the symbols of each harvester'],
    [
      'a harvester with no symbols',
      formatPlans(['NSE:A-EQ'], []),
      ', harvester 1: no symbol is named',
    ],
    [
      'a harvester without the key symbols',
      formatPlans(['NSE:A-EQ'], {}),
      ', harvester 1: no symbol is named',
    ],
    [
      'a harvester that is only a name',
      '["NSE:A-EQ"]',
      ', harvester 0: must list its symbols, as {"symbols": ["NSE:SBIN-EQ"]} does',
    ],
    [
      'a symbol in two harvesters',
      formatPlans(['NSE:A-EQ', 'NSE:B-EQ'], ['NSE:C-EQ'], ['NSE:B-EQ']),
      ': symbol "NSE:B-EQ" is in harvester 0 and in harvester 2',
    ],
    [
      'a symbol twice in one harvester',
      formatPlans(['NSE:A-EQ', 'NSE:A-EQ']),
      ', harvester 0: symbol "NSE:A-EQ" is named twice',
    ],
    [
      'more calls than the account may make',
      formatPlans(names(1, 8), { symbols: names(9, 10), everySeconds: 2 }),
      ': all together make 8 × 60 / 5 + 2 × 60 / 2 = 96 + 60 = 156 calls a minute, over the 150',
    ],
    [
      'an unknown key',
      formatPlans({ symbols: ['NSE:A-EQ'], everySecond: 1 }),
      ', harvester 0: everySecond is not one of symbols, everySeconds, instanceType',
    ],
    [
      'an instance type for another image',
      formatPlans({ symbols: ['NSE:A-EQ'], instanceType: 't3.micro' }),
      ', harvester 0: instanceType must be an arm64 instance type',
    ],
    [
      'more harvesters than shards',
      formatPlans(...names(1, 11).map((name) => ({ symbols: [name], everySeconds: 60 }))),
      ' must list at most 10 harvesters, and lists 11',
    ],
  ])('is refused before anything is registered: %s', async (_what, harvesters, problem) => {
    const { message, registered } = await problemsOf({ config: { harvesters } });
    expect(message).toContain(`1 problem in the configuration`);
    expect(message).toContain(`harvesters in the Pulumi configuration${problem}`);
    expect(message).toContain('Run `pulumi config set harvesters VALUE`.');
    expect(registered).toBe(0);
  });

  test('is refused together with symbols', async () => {
    const { message } = await problemsOf({ config: { harvesters: TWO, symbols: 'NSE:TCS-EQ' } });
    expect(message).toContain(
      'symbols in the Pulumi configuration and harvesters in the Pulumi configuration both set the recorded symbols: keep one. Run `pulumi config rm symbols`',
    );
  });
});
