import { beforeAll, describe, expect, test } from 'vitest';
import { PERMISSIONS } from '../../infra/policies.ts';
import { ACCOUNT, type Graph, asRecord, graphOf } from '../support/graph.ts';
import { WHOLE } from '../support/worlds.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await graphOf(WHOLE);
});

const parameter = (name: string) => `arn:aws:ssm:ap-south-1:${ACCOUNT}:parameter/${name}`;
const QUEUE = 'arn:aws:mock:::Queue/undelivered';

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

// Written out, not derived from the table: a change of the table must be made here too.
describe('The policy', () => {
  test('of the refresh names every parameter, its own log and the queue, and nothing more', () => {
    expect(statements('fyers-refresh')).toEqual([
      allow(
        ['ssm:GetParameter'],
        parameter('FYERS_CLIENT_ID'),
        parameter('FYERS_SECRET_KEY'),
        parameter('FYERS_ACCESS_TOKEN'),
        parameter('FYERS_REFRESH_TOKEN'),
        parameter('FYERS_TOKEN_STATE'),
        parameter('FYERS_LOGIN_STATE'),
        parameter('FYERS_TOKEN_CLAIM_*'),
      ),
      allow(
        ['ssm:PutParameter'],
        parameter('FYERS_ACCESS_TOKEN'),
        parameter('FYERS_REFRESH_TOKEN'),
        parameter('FYERS_TOKEN_STATE'),
        parameter('FYERS_TOKEN_CLAIM_*'),
      ),
      allow(['ssm:DeleteParameter'], parameter('FYERS_TOKEN_CLAIM_*')),
      allow(['secretsmanager:GetSecretValue'], 'arn:aws:mock:::Secret/pin'),
      allow(
        ['logs:CreateLogStream', 'logs:PutLogEvents'],
        `arn:aws:logs:ap-south-1:${ACCOUNT}:log-group:/aws/lambda/FyersTokenRefresh:*`,
      ),
      allow(['sqs:SendMessage'], QUEUE),
    ]);
  });

  test('of the schedule names the one function and the queue', () => {
    expect(statements('fyers-schedule')).toEqual([
      allow(['lambda:InvokeFunction'], 'arn:aws:mock:::Function/refresh'),
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
        'arn:aws:s3:::fyers-depth-1234567/artifact/*',
        'arn:aws:s3:::fyers-depth-1234567/depth/*',
      ),
      allow(['s3:PutObject'], 'arn:aws:s3:::fyers-depth-1234567/depth/*'),
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

  test('of each role holds every row of the table', () => {
    const made = ['refresh', 'schedule', 'harvester'].flatMap((actor) =>
      statements(`fyers-${actor}`),
    );
    expect(made).toHaveLength(PERMISSIONS.length);
  });

  test('never names every resource without a condition, nor every action', () => {
    for (const { effect, actions, on, condition } of PERMISSIONS) {
      const all = !('allBut' in on) && on.includes('anything');
      expect(all && condition === undefined).toBe(false);
      if (effect === 'Allow') expect(actions.filter((action) => action.includes('*'))).toEqual([]);
    }
  });

  test('without a PIN names no secret', async () => {
    const without = await graphOf({ ...WHOLE, config: {}, secretKeys: [] });
    expect(JSON.stringify(without.resources)).not.toContain('secretsmanager:');
  });
});

describe('The trust', () => {
  function trust(name: string): unknown {
    const role = graph.resources.find(
      (each) => each.type === 'aws:iam/role:Role' && each.name === name,
    );
    return asRecord(role?.inputs['assumeRolePolicy'])['Statement'];
  }

  test.each([
    ['fyers-refresh', 'lambda.amazonaws.com'],
    ['fyers-harvester', 'ec2.amazonaws.com'],
  ])('of %s is in %s', (name, service) => {
    expect(trust(name)).toEqual([
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: service } },
    ]);
  });

  test('of the schedule is in the Scheduler on behalf of this account’s schedules', () => {
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
