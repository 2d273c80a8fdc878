import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, allOf, asRecord, graphOf, one } from '../support/graph.ts';
import { APP_ONLY, WHOLE } from '../support/stack-configs.ts';

const ALARM = 'aws:cloudwatch/metricAlarm:MetricAlarm';
const TOPIC = 'arn:aws:mock:::Topic/fyers-messages';

let whole: Graph;
beforeAll(async () => {
  whole = await graphOf({ ...WHOLE, config: { ...WHOLE.config, email: 'a@example.com' } });
});

describe('The alarm', () => {
  test.each([
    ['refresh', 'FyersTokenRefresh', 1],
    ['watch', 'FyersWatch', 1],
    // The login page is public, so a few refused executions are normal.
    ['login', 'FyersLogin', 10],
  ])(
    'of the %s rings at the first failure, and after refused executions within a minute',
    (actor, FunctionName, refused) => {
      const ofFunction = {
        namespace: 'AWS/Lambda',
        dimensions: { FunctionName },
        statistic: 'Sum',
        period: 60,
        evaluationPeriods: 1,
        comparisonOperator: 'GreaterThanOrEqualToThreshold',
      };
      const failed = one(whole, ALARM, `${actor}-failed`).inputs;
      expect(failed).toMatchObject({ ...ofFunction, metricName: 'Errors', threshold: 1 });
      expect(failed['name']).toBe(`Fyers-${actor}-failed`);
      expect(failed['alarmDescription']).toContain(`\`./fyers logs ${actor}\``);
      const throttled = { ...ofFunction, metricName: 'Throttles', threshold: refused };
      expect(one(whole, ALARM, `${actor}-throttled`).inputs).toMatchObject(throttled);
    },
  );

  test('of the queue rings while it contains a message, and names the commands that empty it', () => {
    const { inputs } = one(whole, ALARM, 'undelivered');
    expect(inputs).toMatchObject({
      name: 'Fyers-undelivered',
      namespace: 'AWS/SQS',
      metricName: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: 'undelivered-1234567' },
      statistic: 'Maximum',
      period: 60,
      evaluationPeriods: 1,
      threshold: 1,
      comparisonOperator: 'GreaterThanOrEqualToThreshold',
    });
    const queue = '--queue-url https://mock/undelivered-1234567 --region ap-south-1';
    expect(inputs['alarmDescription']).toContain(`\`aws sqs receive-message ${queue}\``);
    expect(inputs['alarmDescription']).toContain(`\`aws sqs purge-queue ${queue}\``);
  });

  test('of the harvester rings after five minutes without a heartbeat, and waits for a new instance', () => {
    expect(one(whole, ALARM, 'harvester-silent').inputs).toMatchObject({
      namespace: 'FyersTokenRefresh',
      metricName: 'Heartbeat',
      dimensions: { Suffix: 'none', Shard: '0' },
      statistic: 'SampleCount',
      period: 60,
      evaluationPeriods: 5,
      comparisonOperator: 'LessThanThreshold',
      threshold: 1,
      treatMissingData: 'breaching',
      warmUpConfiguration: { warmUpPeriodDurationInMinutes: 20 },
    });
  });

  test.each([
    ['5', 30],
    ['60', 2],
  ])(
    'of missed slots at every %s s has a threshold of half the slots of one symbol',
    async (every, threshold) => {
      const graph = await graphOf({ ...APP_ONLY, config: { everySeconds: every } });
      expect(one(graph, ALARM, 'slots-missed').inputs).toMatchObject({ period: 300, threshold });
    },
  );

  test('of a second stack watches the harvester of that stack', async () => {
    const graph = await graphOf({ ...APP_ONLY, config: { suffix: 'paper' } });
    expect(one(graph, ALARM, 'disk-filling').inputs).toMatchObject({
      name: 'Fyers-disk-filling-paper',
      dimensions: { Suffix: 'paper', Shard: '0' },
    });
  });

  test('of the machine recovers the instance, and that of the instance reboots it one minute later', () => {
    const machine = one(whole, ALARM, 'machine-impaired').inputs;
    const instance = one(whole, ALARM, 'instance-impaired').inputs;
    expect(machine).toMatchObject({
      dimensions: { InstanceId: 'harvester-1234567' },
      evaluationPeriods: 2,
      alarmActions: ['arn:aws:automate:ap-south-1:ec2:recover', TOPIC],
    });
    expect(instance).toMatchObject({
      dimensions: { InstanceId: 'harvester-1234567' },
      evaluationPeriods: 3,
      alarmActions: ['arn:aws:automate:ap-south-1:ec2:reboot', TOPIC],
    });
  });

  test.each(['c6gd.medium', 'i4g.large', 'm6g.metal'])(
    'of the machine only sends a message if AWS cannot recover the type %s',
    async (instanceType) => {
      const graph = await graphOf({ ...APP_ONLY, config: { instanceType } });
      expect(one(graph, ALARM, 'machine-impaired').inputs['alarmActions']).toEqual([TOPIC]);
    },
  );

  test.each([
    // Errors exist only after a failed run, and an unused queue has no datapoints.
    ['refresh-failed', 'notBreaching'],
    ['login-failed', 'notBreaching'],
    ['watch-failed', 'notBreaching'],
    ['undelivered', 'notBreaching'],
    // Only refused executions are counted.
    ['refresh-throttled', 'notBreaching'],
    ['login-throttled', 'notBreaching'],
    ['watch-throttled', 'notBreaching'],
    // Silence is the fault.
    ['harvester-silent', 'breaching'],
    // A silent harvester has its own alarm.
    ['slots-missed', 'notBreaching'],
    ['harvester-fault', 'notBreaching'],
    // A full disk does not empty itself.
    ['disk-filling', 'ignore'],
    // A gap in AWS's own metrics must not recover or reboot a healthy instance.
    ['machine-impaired', 'missing'],
    ['instance-impaired', 'missing'],
  ])('%s treats missing data as %s', (name, treatMissingData) => {
    expect(one(whole, ALARM, name).inputs).toMatchObject({ treatMissingData });
  });

  test('of each kind notifies the topic, names a command, and has a valid description length', () => {
    const alarms = allOf(whole, ALARM);
    expect(alarms).toHaveLength(13);
    for (const { name, inputs } of alarms) {
      expect(inputs['alarmActions'], name).toContain(TOPIC);
      expect(inputs['alarmDescription'], name).toMatch(/`(?:\.\/fyers|aws) /);
      // CloudWatch API, PutMetricAlarm: at most 1,024 characters.
      expect(String(inputs['alarmDescription']).length).toBeLessThanOrEqual(1_024);
    }
    expect(new Set(whole.outputs['alarms'] as readonly string[])).toEqual(
      new Set(alarms.map(({ inputs }) => inputs['name'])),
    );
  });

  test('of the harvester and its machine exists only if there is an instance', async () => {
    const names = allOf(await graphOf({}), ALARM).map(({ name }) => name);
    expect(names.toSorted()).toEqual([
      'login-failed',
      'login-throttled',
      'refresh-failed',
      'refresh-throttled',
      'undelivered',
      'watch-failed',
      'watch-throttled',
    ]);
  });
});

describe('The budget', () => {
  const BUDGET = 'aws:budgets/budget:Budget';
  const notificationsOf = (graph: Graph) => one(graph, BUDGET).inputs['notifications'];

  test('notifies the operator’s address if the costs of a month exceed it or are forecast to', () => {
    expect(one(whole, BUDGET).inputs).toMatchObject({
      name: 'Fyers-monthly',
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      limitAmount: '15',
      limitUnit: 'USD',
    });
    expect(notificationsOf(whole)).toEqual(
      ['ACTUAL', 'FORECASTED'].map((notificationType) => ({
        notificationType,
        comparisonOperator: 'GREATER_THAN',
        threshold: 100,
        thresholdType: 'PERCENTAGE',
        subscriberEmailAddresses: ['a@example.com'],
      })),
    );
    expect(whole.outputs['budget']).toBe('Fyers-monthly');
  });

  test('notifies the topic if there is no address, and the topic allows it', async () => {
    const graph = await graphOf(APP_ONLY);
    expect(notificationsOf(graph)).toMatchObject([
      { subscriberSnsTopicArns: [TOPIC] },
      { subscriberSnsTopicArns: [TOPIC] },
    ]);
    expect(statements(graph)).toContainEqual({
      Sid: 'BudgetsOfThisAccount',
      Effect: 'Allow',
      Principal: { Service: 'budgets.amazonaws.com' },
      Action: 'sns:Publish',
      Resource: TOPIC,
      Condition: {
        StringEquals: { 'aws:SourceAccount': '123456789012' },
        ArnLike: { 'aws:SourceArn': 'arn:aws:budgets::123456789012:*' },
      },
    });
  });

  test('is absent if budgetDollars is zero, and the topic then does not allow it', async () => {
    const graph = await graphOf({ ...APP_ONLY, config: { budgetDollars: '0' } });
    expect(allOf(graph, BUDGET)).toEqual([]);
    expect(statements(graph)).toHaveLength(1);
    expect(graph.outputs['budget']).toBe('none');
  });
});

function statements(graph: Graph): readonly unknown[] {
  const policy = asRecord(one(graph, 'aws:sns/topicPolicy:TopicPolicy').inputs['policy']);
  return policy['Statement'] as readonly unknown[];
}

describe('The topic', () => {
  test('accepts messages only from this account’s alarms, and has no KMS key', () => {
    expect(one(whole, 'aws:sns/topic:Topic').inputs).not.toHaveProperty('kmsMasterKeyId');
    expect(statements(whole)).toEqual([
      expect.objectContaining({
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Resource: TOPIC,
        Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } },
      }),
    ]);
    expect(one(whole, 'aws:sns/topicSubscription:TopicSubscription').inputs).toMatchObject({
      topic: TOPIC,
      protocol: 'email',
      endpoint: 'a@example.com',
    });
    expect(whole.outputs['topic']).toBe(TOPIC);
  });
});
