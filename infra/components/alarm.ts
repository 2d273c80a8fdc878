// The form of every alarm of the program: it reaches the operator, says what to do, and says what silence means.
import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import type { Names } from '../../core/config/names.ts';

export interface AlarmRule {
  /** The end of its name: `disk-filling`. */
  readonly what: string;
  /** What happened, and what to do, with commands that can be run as they stand. */
  readonly description: pulumi.Input<string>;
  readonly metric: {
    readonly namespace: string;
    readonly metricName: string;
    readonly dimensions: Readonly<Record<string, pulumi.Input<string>>>;
  };
  readonly statistic: 'Sum' | 'Maximum' | 'SampleCount';
  readonly period: number;
  readonly evaluationPeriods: number;
  /** Default: all of them. */
  readonly datapointsToAlarm?: number;
  readonly when: 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold';
  readonly threshold: number;
  /** Every rule has the reason beside it. */
  readonly treatMissingData: 'notBreaching' | 'breaching' | 'ignore' | 'missing';
  /** What AWS does by itself, besides telling the operator. */
  readonly actions?: readonly string[];
  /** After the alarm is made it waits that long for the first data. */
  readonly warmUpMinutes?: number;
}

export interface AlarmPlace {
  readonly parent: pulumi.Resource;
  readonly names: Names;
  readonly topicArn: pulumi.Input<string>;
}

export function alarm(
  { parent, names, topicArn }: AlarmPlace,
  rule: AlarmRule,
): aws.cloudwatch.MetricAlarm {
  const { what, description, metric, when, actions = [], warmUpMinutes, ...evaluation } = rule;
  return new aws.cloudwatch.MetricAlarm(
    what,
    {
      name: names.alarm(what),
      alarmDescription: description,
      ...metric,
      comparisonOperator: when,
      ...evaluation,
      alarmActions: [...actions, topicArn],
      ...(warmUpMinutes === undefined
        ? {}
        : { warmUpConfiguration: { warmUpPeriodDurationInMinutes: warmUpMinutes } }),
    },
    { parent },
  );
}

/** Rings at the first of what should never happen, within a minute or two: AWS evaluates every minute. */
export const FIRST_IN_A_MINUTE = {
  period: 60,
  evaluationPeriods: 1,
  when: 'GreaterThanOrEqualToThreshold',
  threshold: 1,
} as const;
