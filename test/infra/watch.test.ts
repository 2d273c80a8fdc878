import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, allOf, asRecord, graphOf, one } from '../support/graph.ts';
import { WHOLE } from '../support/worlds.ts';

const ALARM = 'aws:cloudwatch/metricAlarm:MetricAlarm';
const TOPIC = 'arn:aws:mock:::Topic/fyers-messages';

let whole: Graph;
beforeAll(async () => {
  whole = await graphOf({ ...WHOLE, config: { ...WHOLE.config, email: 'a@example.com' } });
});

describe('The alarm', () => {
  test.each([
    ['refresh', 'FyersTokenRefresh'],
    ['login', 'FyersLogin'],
    ['watch', 'FyersWatch'],
  ])('of the %s rings at the first failure, and says what to do', (actor, FunctionName) => {
    const { inputs } = one(whole, ALARM, `${actor}-failed`);
    expect(inputs).toMatchObject({
      name: `Fyers-${actor}-failed`,
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensions: { FunctionName },
      statistic: 'Sum',
      period: 60,
      evaluationPeriods: 1,
      threshold: 1,
      comparisonOperator: 'GreaterThanOrEqualToThreshold',
    });
    expect(inputs['alarmDescription']).toContain(`\`npx --no-install fyers logs ${actor}\``);
  });

  test('of the queue rings while something is in it, and says how to empty it', () => {
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

  test('of each kind reaches the topic, does not mind quiet, and fits into what AWS takes', () => {
    const alarms = allOf(whole, ALARM);
    expect(alarms).toHaveLength(4);
    for (const { name, inputs } of alarms) {
      expect(inputs, name).toMatchObject({
        treatMissingData: 'notBreaching',
        alarmActions: [TOPIC],
      });
      // CloudWatch API, PutMetricAlarm: at most 1,024 characters.
      expect(String(inputs['alarmDescription']).length).toBeLessThanOrEqual(1_024);
    }
    expect(new Set(whole.outputs['alarms'] as readonly string[])).toEqual(
      new Set(alarms.map(({ inputs }) => inputs['name'])),
    );
  });
});

describe('The topic', () => {
  test('is one that only this account’s alarms may use unasked, and no key keeps from delivering', () => {
    expect(one(whole, 'aws:sns/topic:Topic').inputs).not.toHaveProperty('kmsMasterKeyId');
    expect(
      asRecord(one(whole, 'aws:sns/topicPolicy:TopicPolicy').inputs['policy'])['Statement'],
    ).toEqual([
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
