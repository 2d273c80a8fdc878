// Defines the common form of all alarms: notify the operator, say what to do, and state how missing data counts.
import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import type { Names } from '../../core/config/names.ts';

export interface AlarmRule {
  /** Suffix of the alarm's name: `disk-filling`. */
  readonly what: string;
  /** The event and the next step, with commands that run as written. */
  readonly description: pulumi.Input<string>;
  readonly metric: {
    readonly namespace: string;
    readonly metricName: string;
    readonly dimensions: Readonly<Record<string, pulumi.Input<string>>>;
  };
  readonly statistic: 'Sum' | 'Maximum' | 'SampleCount';
  readonly period: number;
  readonly evaluationPeriods: number;
  /** Default: all of the evaluation periods. */
  readonly datapointsToAlarm?: number;
  readonly when: 'GreaterThanOrEqualToThreshold' | 'LessThanThreshold';
  readonly threshold: number;
  /** Each alarm rule states the reason in a comment. */
  readonly treatMissingData: 'notBreaching' | 'breaching' | 'ignore' | 'missing';
  /** Actions that AWS performs in addition to notifying the operator. */
  readonly actions?: readonly string[];
  /** A new alarm waits this long for its first data. */
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

/**
 * Alarms on the first occurrence of an event that must never happen, within one or two minutes: AWS evaluates every
 * minute.
 */
export const FIRST_IN_A_MINUTE = {
  period: 60,
  evaluationPeriods: 1,
  when: 'GreaterThanOrEqualToThreshold',
  threshold: 1,
} as const;
