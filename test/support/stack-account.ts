// Creates the resources of a deployed stack that `status` reads.
import {
  CloudWatchClient,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { AwsOptions } from '../../cli/shared/io.ts';
import { namesFor } from '../../core/config/names.ts';
import {
  REFRESH_SLOTS,
  SCHEDULE_TIME_ZONE,
  WATCH_SLOTS,
  scheduleExpression,
} from '../../core/schedule.ts';
import { type Instant, formatIso } from '../../core/time.ts';
import { type TokenState, formatTokenState } from '../../core/token/state.ts';
import { installFunction } from './reference-account.ts';

const names = namesFor('');

export interface Deployment {
  readonly appId: string;
  readonly token: string;
  readonly state: TokenState;
  /** Names of schedules that are missing. */
  readonly without: readonly string[];
  readonly ringing: boolean;
}

export async function installStack(
  aws: AwsOptions,
  { appId, token, state, without, ringing }: Deployment,
): Promise<void> {
  const ssm = new SSMClient(aws);
  const parameters = {
    FYERS_CLIENT_ID: appId,
    FYERS_ACCESS_TOKEN: token,
    FYERS_TOKEN_STATE: formatTokenState(state),
  };
  for (const [Name, Value] of Object.entries(parameters)) {
    await ssm.send(new PutParameterCommand({ Name, Value, Type: 'SecureString' }));
  }
  const topicArn = await topic(aws);
  await installFunction(aws, {
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    variables: { FYERS_TOPIC_ARN: topicArn },
  });
  await schedules(aws, without);
  await alarm(aws, topicArn, ringing);
}

async function topic(aws: AwsOptions): Promise<string> {
  const sns = new SNSClient(aws);
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'fyers-alarms' }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'me@example.in' }));
  return TopicArn ?? '';
}

async function schedules(aws: AwsOptions, without: readonly string[]): Promise<void> {
  const scheduler = new SchedulerClient(aws);
  const all = [
    ...REFRESH_SLOTS.map((slot) => ({ slot, Name: names.schedule('refresh', slot) })),
    ...WATCH_SLOTS.map((slot) => ({ slot, Name: names.schedule('watch', slot) })),
  ];
  for (const { slot, Name } of all.filter((each) => !without.includes(each.Name))) {
    await scheduler.send(
      new CreateScheduleCommand({
        Name,
        ScheduleExpression: scheduleExpression(slot),
        ScheduleExpressionTimezone: SCHEDULE_TIME_ZONE,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: 'arn:aws:lambda:ap-south-1:000000000000:function:any',
          RoleArn: 'arn:aws:iam::000000000000:role/any',
        },
      }),
    );
  }
}

async function alarm(aws: AwsOptions, topicArn: string, ringing: boolean): Promise<void> {
  const cloudwatch = new CloudWatchClient(aws);
  for (const [AlarmName, AlarmActions] of [
    ['Fyers-refresh-failed', [topicArn]],
    ['Fyers-of-another-stack', ['arn:aws:sns:ap-south-1:000000000000:other']],
  ] as const) {
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName,
        AlarmActions: [...AlarmActions],
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      }),
    );
    const StateValue = AlarmName.endsWith('stack') || ringing ? 'ALARM' : 'OK';
    await cloudwatch.send(
      new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'the test' }),
    );
  }
}

export async function logged(
  aws: AwsOptions,
  actor: 'refresh' | 'login' | 'watch',
  events: readonly (readonly [Instant, object])[],
): Promise<void> {
  const lines = events.map(([at, event]) => ({
    at,
    text: JSON.stringify({ ...event, time: formatIso(at) }),
  }));
  await putLogLines(aws, names.logGroup(actor), lines);
}

export interface LogLine {
  readonly at: Instant;
  readonly text: string;
}

/** Creates the log group and its stream, unless they exist. */
export async function putLogLines(
  aws: AwsOptions,
  logGroupName: string,
  lines: readonly LogLine[],
): Promise<void> {
  const logs = new CloudWatchLogsClient(aws);
  const logStreamName = 'run';
  await unlessExists(logs.send(new CreateLogGroupCommand({ logGroupName })));
  await unlessExists(logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName })));
  const logEvents = lines.map(({ at: timestamp, text }) => ({ timestamp, message: text }));
  await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
}

async function unlessExists(created: Promise<unknown>): Promise<void> {
  try {
    await created;
  } catch (caught) {
    if (!(caught instanceof ResourceAlreadyExistsException)) throw caught;
  }
}
