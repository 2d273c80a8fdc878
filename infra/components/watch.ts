// What rings when something fails.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { type FunctionActor, type Names, REGION } from '../../core/names.ts';
import { FUNCTION_ACTORS } from '../arns.ts';
import type { Keeper } from './keeper.ts';
import type { Messages } from './messages.ts';

const MEANING: Readonly<Record<FunctionActor, string>> = {
  refresh: 'the access token may not be good for today',
  login: 'it crashed or ran out of time, so a login may not have been finished',
  watch: 'there may be no live token for the session, or nobody whom a message reaches',
};

const FIRST_IN_A_MINUTE = {
  period: 60,
  evaluationPeriods: 1,
  threshold: 1,
  comparisonOperator: 'GreaterThanOrEqualToThreshold',
} as const;

export interface WatchArgs {
  readonly names: Names;
  readonly messages: Pick<Messages, 'topicArn'>;
  readonly keeper: Pick<Keeper, 'functionNames' | 'undelivered'>;
}

export class Watch extends pulumi.ComponentResource {
  readonly alarmNames: pulumi.Output<string>[];

  constructor(name: string, args: WatchArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Watch', name, {}, opts);
    const alarms = [
      ...FUNCTION_ACTORS.map((actor) => this.#failed(actor, args)),
      this.#undelivered(args),
    ];
    this.alarmNames = alarms.map((alarm) => alarm.name);
    this.registerOutputs({ alarmNames: this.alarmNames });
  }

  #failed(
    actor: FunctionActor,
    { names, messages, keeper }: WatchArgs,
  ): aws.cloudwatch.MetricAlarm {
    return new aws.cloudwatch.MetricAlarm(
      `${actor}-failed`,
      {
        name: names.alarm(`${actor}-failed`),
        alarmDescription: `${names.function(actor)} failed: ${MEANING[actor]}. Run \`npx --no-install fyers logs ${actor}\`: the last line says what to do.`,
        namespace: 'AWS/Lambda',
        metricName: 'Errors',
        dimensions: { FunctionName: keeper.functionNames[actor] },
        statistic: 'Sum',
        ...FIRST_IN_A_MINUTE,
        // The function runs a few times a day: between two runs there is nothing to count, and that is well.
        treatMissingData: 'notBreaching',
        alarmActions: [messages.topicArn],
      },
      { parent: this },
    );
  }

  #undelivered({ names, messages, keeper }: WatchArgs): aws.cloudwatch.MetricAlarm {
    const { name, url } = keeper.undelivered;
    return new aws.cloudwatch.MetricAlarm(
      'undelivered',
      {
        name: names.alarm('undelivered'),
        alarmDescription: pulumi.interpolate`A run failed, or could not be started. See it with \`aws sqs receive-message --queue-url ${url} --region ${REGION}\`, do what it says, then empty the queue with \`aws sqs purge-queue --queue-url ${url} --region ${REGION}\`: until then this alarm stays on.`,
        namespace: 'AWS/SQS',
        metricName: 'ApproximateNumberOfMessagesVisible',
        dimensions: { QueueName: name },
        statistic: 'Maximum',
        ...FIRST_IN_A_MINUTE,
        // SQS stops counting for a queue that nobody has used for hours, which is how this one should be.
        treatMissingData: 'notBreaching',
        alarmActions: [messages.topicArn],
      },
      { parent: this },
    );
  }
}
