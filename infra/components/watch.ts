// Who is told when something fails.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { REGION } from '../../core/names.ts';
import type { Keeper } from './keeper.ts';

export interface WatchArgs {
  readonly accountId: pulumi.Output<string>;
  readonly email: string | null;
  readonly keeper: Pick<Keeper, 'functionName' | 'logGroupName'>;
}

export class Watch extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;
  readonly alarmNames: pulumi.Output<string>[];

  constructor(name: string, args: WatchArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Watch', name, {}, opts);
    const { functionName, logGroupName } = args.keeper;
    const topic = this.#topic(args);
    const alarm = new aws.cloudwatch.MetricAlarm(
      'refresh-errors',
      {
        name: pulumi.interpolate`${functionName}-failed`,
        alarmDescription: pulumi.interpolate`${functionName} failed, so the access token may not be good for today. Run: aws logs tail ${logGroupName} --since 1h --region ${REGION}. The last line says what to do.`,
        namespace: 'AWS/Lambda',
        metricName: 'Errors',
        dimensions: { FunctionName: functionName },
        statistic: 'Sum',
        period: 60,
        evaluationPeriods: 1,
        threshold: 1,
        comparisonOperator: 'GreaterThanOrEqualToThreshold',
        // The function runs once a day: between two runs there is nothing to count, and that is well.
        treatMissingData: 'notBreaching',
        alarmActions: [topic.arn],
      },
      { parent: this },
    );
    this.topicArn = topic.arn;
    this.alarmNames = [alarm.name];
    this.registerOutputs({ topicArn: this.topicArn });
  }

  #topic({ accountId, email }: WatchArgs): aws.sns.Topic {
    // Without a key: under alias/aws/sns a topic drops CloudWatch's messages silently.
    const topic = new aws.sns.Topic('fyers-alarms', { displayName: 'Fyers' }, { parent: this });
    new aws.sns.TopicPolicy(
      'fyers-alarms',
      {
        arn: topic.arn,
        policy: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'AlarmsOfThisAccount',
              Effect: 'Allow',
              Principal: { Service: 'cloudwatch.amazonaws.com' },
              Action: 'sns:Publish',
              Resource: topic.arn,
              Condition: { StringEquals: { 'aws:SourceAccount': accountId } },
            },
          ],
        },
      },
      { parent: this },
    );
    if (email !== null) {
      new aws.sns.TopicSubscription(
        'email',
        { topic: topic.arn, protocol: 'email', endpoint: email },
        { parent: this },
      );
    }
    return topic;
  }
}
