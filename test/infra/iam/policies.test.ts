import { beforeAll, describe, expect, test } from 'vitest';
import { DAY_FILES } from '../../../adapters/recordings/day-archive.ts';
import { OBJECTS, type ParameterName } from '../../../core/config/names.ts';
import { segmentNames } from '../../../core/recording/manifest.ts';
import { PERMISSIONS } from '../../../infra/iam/policies.ts';
import { ACCOUNT, type Graph, allOf, asRecord, graphOf, one } from '../../support/graph.ts';
import { WHOLE } from '../../support/stack-configs.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await graphOf(WHOLE);
});

const parameter = (name: string) => `arn:aws:ssm:ap-south-1:${ACCOUNT}:parameter/${name}`;
const QUEUE = 'arn:aws:mock:::Queue/undelivered';
const TOPIC = 'arn:aws:mock:::Topic/fyers-messages';
const BUCKET = 'arn:aws:s3:::fyers-depth-1234567';
const SHARD_0 = OBJECTS.dayFilePatterns('0').map((pattern) => `${BUCKET}/${pattern}`);
const ACTORS = ['refresh', 'login', 'watch', 'schedule', 'harvester'] as const;
const WRITES_LOG = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const logOf = (name: string) =>
  `arn:aws:logs:ap-south-1:${ACCOUNT}:log-group:/aws/lambda/${name}:*`;
const NO_PIN = { Effect: 'Deny', Action: ['secretsmanager:GetSecretValue'], Resource: ['*'] };

function statements(name: string): readonly unknown[] {
  const policy = graph.resources.find(
    (each) => each.type === 'aws:iam/rolePolicy:RolePolicy' && each.name === name,
  );
  const list = asRecord(policy?.inputs['policy'])['Statement'];
  return Array.isArray(list) ? list : [];
}

function allow(actions: readonly string[], ...resources: readonly string[]) {
  return { Effect: 'Allow', Action: actions, Resource: resources };
}

// These lists are literal, not derived from the table: a change of the table needs a change here.
describe('The policy', () => {
  test('of the refresh names each parameter, its own log, the topic and the queue, and nothing more', () => {
    expect(statements('fyers-refresh')).toEqual([
      allow(
        ['ssm:GetParameter'],
        parameter('FYERS_CLIENT_ID'),
        parameter('FYERS_SECRET_KEY'),
        parameter('FYERS_ACCESS_TOKEN'),
        parameter('FYERS_REFRESH_TOKEN'),
        parameter('FYERS_TOKEN_STATE'),
        parameter('FYERS_LOGIN_STATE'),
        parameter('FYERS_LINK_KEY'),
        parameter('FYERS_PIN_KEY'),
        parameter('FYERS_TELEGRAM'),
        parameter('FYERS_TOKEN_CLAIM_2*'),
      ),
      allow(
        ['ssm:PutParameter'],
        parameter('FYERS_ACCESS_TOKEN'),
        parameter('FYERS_REFRESH_TOKEN'),
        parameter('FYERS_TOKEN_STATE'),
        parameter('FYERS_TOKEN_CLAIM_2*'),
      ),
      allow(['ssm:DeleteParameter'], parameter('FYERS_TOKEN_CLAIM_2*')),
      allow(['secretsmanager:GetSecretValue'], 'arn:aws:mock:::Secret/pin'),
      allow(WRITES_LOG, logOf('FyersTokenRefresh')),
      allow(['sns:Publish', 'sns:ListSubscriptionsByTopic'], TOPIC),
      allow(['sqs:SendMessage'], QUEUE),
    ]);
  });

  test('of the login reads and publishes tokens, sends messages, and denies all other secrets', () => {
    const reads = [
      parameter('FYERS_CLIENT_ID'),
      parameter('FYERS_SECRET_KEY'),
      parameter('FYERS_ACCESS_TOKEN'),
      parameter('FYERS_TOKEN_STATE'),
      parameter('FYERS_LOGIN_STATE'),
      parameter('FYERS_LINK_KEY'),
      parameter('FYERS_LOGIN_URL'),
      parameter('FYERS_TELEGRAM'),
      parameter('FYERS_TOKEN_CLAIM_2*'),
    ];
    expect(statements('fyers-login')).toEqual([
      allow(['ssm:GetParameter'], ...reads),
      allow(
        ['ssm:PutParameter'],
        parameter('FYERS_ACCESS_TOKEN'),
        parameter('FYERS_REFRESH_TOKEN'),
        parameter('FYERS_LOGIN_STATE'),
        parameter('FYERS_TOKEN_CLAIM_2*'),
      ),
      allow(['ssm:DeleteParameter'], parameter('FYERS_TOKEN_CLAIM_2*')),
      allow(['sns:Publish', 'sns:ListSubscriptionsByTopic'], TOPIC),
      allow(WRITES_LOG, logOf('FyersLogin')),
      NO_PIN,
      { Effect: 'Deny', Action: ['ssm:GetParameter*'], NotResource: reads },
    ]);
  });

  test('of the watch reads parameters and sends messages, writes no parameter, and denies all other secrets', () => {
    const reads = [
      parameter('FYERS_CLIENT_ID'),
      parameter('FYERS_SECRET_KEY'),
      parameter('FYERS_ACCESS_TOKEN'),
      parameter('FYERS_TOKEN_STATE'),
      parameter('FYERS_LOGIN_STATE'),
      parameter('FYERS_LINK_KEY'),
      parameter('FYERS_TELEGRAM'),
    ];
    expect(statements('fyers-watch')).toEqual([
      allow(['ssm:GetParameter'], ...reads),
      allow(['sns:Publish', 'sns:ListSubscriptionsByTopic'], TOPIC),
      allow(WRITES_LOG, logOf('FyersWatch')),
      allow(['sqs:SendMessage'], QUEUE),
      NO_PIN,
      { Effect: 'Deny', Action: ['ssm:GetParameter*'], NotResource: reads },
    ]);
  });

  test('of the schedule names the two functions and the queue', () => {
    expect(statements('fyers-schedule')).toEqual([
      allow(
        ['lambda:InvokeFunction'],
        'arn:aws:mock:::Function/refresh',
        'arn:aws:mock:::Function/watch',
      ),
      allow(['sqs:SendMessage'], QUEUE),
    ]);
  });

  test('of the harvester reads two parameters and denies all others', () => {
    const own = [parameter('FYERS_ACCESS_TOKEN'), parameter('FYERS_CLIENT_ID')];
    expect(statements('fyers-harvester')).toEqual([
      allow(['ssm:GetParameter'], ...own),
      { Effect: 'Deny', Action: ['ssm:GetParameter*'], NotResource: own },
      allow(
        ['s3:GetObject'],
        `${BUCKET}/artifact/*`,
        `${BUCKET}/depth/v2/date=????-??-??/shard=0/*`,
      ),
      allow(['s3:PutObject'], ...SHARD_0),
      {
        ...allow(['cloudwatch:PutMetricData'], '*'),
        Condition: { StringEquals: { 'cloudwatch:namespace': 'FyersTokenRefresh' } },
      },
      {
        ...allow(
          [
            'ssm:UpdateInstanceInformation',
            'ssmmessages:CreateControlChannel',
            'ssmmessages:CreateDataChannel',
            'ssmmessages:OpenControlChannel',
            'ssmmessages:OpenDataChannel',
          ],
          '*',
        ),
        Condition: { StringEquals: { 'aws:RequestedRegion': 'ap-south-1' } },
      },
    ]);
  });

  test('of all roles together has as many statements as the table has rows', () => {
    const made = ACTORS.flatMap((actor) => statements(`fyers-${actor}`));
    // The key and other readers are not part of this stack; test/infra/options.test.ts covers them.
    const rows = PERMISSIONS.filter(
      ({ actor, through }) => actor !== 'reader' && through === undefined,
    );
    expect(made).toHaveLength(rows.length);
  });

  test('never allows every action, and allows every resource only with a condition', () => {
    for (const { effect, actions, on, condition } of PERMISSIONS) {
      if (effect === 'Deny') continue;
      const all = 'allBut' in on || on.includes('anything');
      expect(all && condition === undefined).toBe(false);
      expect(actions.filter((action) => action.includes('*'))).toEqual([]);
    }
  });

  test('names neither the PIN nor Telegram if they are not configured', async () => {
    const without = await graphOf({ ...WHOLE, config: {}, secretKeys: [] });
    const policies = allOf(without, 'aws:iam/rolePolicy:RolePolicy').map(({ inputs }) => inputs);
    expect(JSON.stringify(policies)).not.toMatch(/"secretsmanager:[^"]*"\],"Resource":\["arn/);
    expect(JSON.stringify(policies)).not.toContain('FYERS_TELEGRAM');
  });
});

describe('The table of permissions', () => {
  /** Matches as IAM does: `*` is any text, and the case of letters does not matter. */
  const grants = (pattern: string, action: string) =>
    new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i').test(action);

  const readers = (name: ParameterName) =>
    PERMISSIONS.filter(
      ({ effect, actions, on }) =>
        effect === 'Allow' &&
        actions.includes('ssm:GetParameter') &&
        !('allBut' in on) &&
        on.includes(`parameter ${name}`),
    ).map(({ actor }) => actor);

  test('allows only the refresh to read the key that fingerprints the PIN', () => {
    expect(readers('FYERS_PIN_KEY')).toEqual(['refresh']);
    expect(readers('FYERS_LINK_KEY')).toEqual(['refresh', 'login', 'watch']);
    expect(readers('FYERS_LOGIN_URL')).toEqual(['login']);
  });

  const allowed = (action: string) =>
    PERMISSIONS.filter(
      ({ effect, actions }) =>
        effect === 'Allow' && actions.some((pattern) => grants(pattern, action)),
    ).map(({ actor }) => actor);

  test('lets no role label a parameter, because a permanent label eventually blocks writes', () => {
    expect(allowed('ssm:LabelParameterVersion')).toEqual([]);
    expect(allowed('ssm:PutParameter')).not.toEqual([]);
  });

  test('allows only the refresh to read the PIN, and denies it to the login and the watch', () => {
    expect(allowed('secretsmanager:GetSecretValue')).toEqual(['refresh']);
    for (const actor of ['login', 'watch'] as const) {
      expect(PERMISSIONS).toContainEqual({
        actor,
        effect: 'Deny',
        actions: ['secretsmanager:GetSecretValue'],
        on: ['anything'],
      });
    }
  });

  test.each([
    ['FYERS_TOKEN_STATE', ['refresh']],
    ['FYERS_LOGIN_STATE', ['login']],
    ['FYERS_ACCESS_TOKEN', ['refresh', 'login']],
    ['FYERS_CLIENT_ID', []],
    ['FYERS_TELEGRAM', []],
    ['FYERS_LINK_KEY', []],
    ['FYERS_PIN_KEY', []],
    ['FYERS_LOGIN_URL', []],
  ] as const)('lets only its owners write %s', (name, owners) => {
    const writers = PERMISSIONS.filter(
      ({ effect, actions, on }) =>
        effect === 'Allow' &&
        actions.includes('ssm:PutParameter') &&
        !('allBut' in on) &&
        on.includes(`parameter ${name}`),
    );
    expect(writers.map(({ actor }) => actor)).toEqual(owners);
  });
});

describe('The trust policy', () => {
  function trust(name: string): unknown {
    const role = graph.resources.find(
      (each) => each.type === 'aws:iam/role:Role' && each.name === name,
    );
    return asRecord(role?.inputs['assumeRolePolicy'])['Statement'];
  }

  test.each([
    ['fyers-refresh', 'lambda.amazonaws.com'],
    ['fyers-login', 'lambda.amazonaws.com'],
    ['fyers-watch', 'lambda.amazonaws.com'],
    ['fyers-harvester', 'ec2.amazonaws.com'],
  ])('of %s names %s', (name, service) => {
    expect(trust(name)).toEqual([
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } },
    ]);
  });

  test('of the schedule names the Scheduler with a condition on this account’s schedules', () => {
    expect(trust('fyers-schedule')).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'scheduler.amazonaws.com' },
        Condition: {
          StringEquals: {
            'aws:SourceAccount': ACCOUNT,
            'aws:SourceArn': `arn:aws:scheduler:ap-south-1:${ACCOUNT}:schedule-group/default`,
          },
        },
      },
    ]);
  });
});

/** Matches as IAM does: `*` is any text and `?` is any character, slashes included. */
function covers(pattern: string, resource: string): boolean {
  const form = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${form.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(resource);
}

describe('The role of a harvester', () => {
  const mayWrite = (key: string) =>
    (statements('fyers-harvester') as readonly { Action: string[]; Resource: string[] }[])
      .filter(({ Action }) => Action.includes('s3:PutObject'))
      .some(({ Resource }) => Resource.some((pattern) => covers(pattern, `${BUCKET}/${key}`)));
  const DATE = '2026-11-25';

  test('may write every object of a day in its own shard, and none in another shard', () => {
    const { rows, events } = segmentNames(1);
    const late = segmentNames(9_999);
    for (const name of [rows, events, late.rows, late.events, ...Object.values(DAY_FILES)]) {
      expect(mayWrite(OBJECTS.dayFile(DATE, '0', name)), name).toBe(true);
      expect(mayWrite(OBJECTS.dayFile(DATE, '1', name)), name).toBe(false);
      expect(mayWrite(OBJECTS.dayFile(DATE, '10', name)), name).toBe(false);
    }
  });

  test.each([
    `depth/v2/date=${DATE}/shard=1/a/shard=0/manifest.json`,
    `depth/v2/date=${DATE}/shard=1/shard=0/manifest.json`,
    `depth/v2/date=${DATE}/shard=0/shard=0/manifest.json`,
    `depth/v2/date=x/shard=1/shard=0/day-0001.csv.gz`,
    `depth/v2/date=${DATE}/shard=0/x`,
    `depth/v2/date=${DATE}/shard=0/parquet/other.parquet`,
    `depth/v2/date=${DATE}/shard=0/parquet/a/depth.parquet`,
    `depth/v2/date=${DATE}/shard=0/day-00001.csv.gz`,
    `depth/v2/date=${DATE}/shard=0/manifest.json.bak`,
    `depth/v1/date=${DATE}/shard=0/manifest.json`,
    'artifact/current.json',
  ])('may not write %s', (key) => {
    expect(mayWrite(key)).toBe(false);
  });
});

describe('The bucket', () => {
  test('accepts a recording only as a new object, from any principal', () => {
    const { policy } = one(graph, 'aws:s3/bucketPolicy:BucketPolicy').inputs;
    expect(asRecord(policy)['Statement']).toContainEqual({
      Sid: 'RecordingsAreWrittenOnce',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `${BUCKET}/depth/*`,
      Condition: {
        Null: { 's3:if-none-match': 'true' },
        Bool: { 's3:ObjectCreationOperation': 'true' },
      },
    });
  });
});
