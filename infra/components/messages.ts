// Creates the topic for messages to the operator (the keeper's login links, and alarms) and its subscriptions.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

export interface MessagesArgs {
  readonly accountId: pulumi.Output<string>;
  readonly email: string | null;
  /** Without a mail address the budget publishes to the topic. */
  readonly budgetDollars: number;
}

export class Messages extends pulumi.ComponentResource {
  readonly topicArn: pulumi.Output<string>;

  constructor(name: string, args: MessagesArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Messages', name, {}, opts);
    // No encryption key: with alias/aws/sns a topic drops CloudWatch's messages silently.
    const topic = new aws.sns.Topic('fyers-messages', { displayName: 'Fyers' }, { parent: this });
    this.#policy(topic, args);
    if (args.email !== null) {
      new aws.sns.TopicSubscription(
        'email',
        { topic: topic.arn, protocol: 'email', endpoint: args.email },
        { parent: this },
      );
    }
    this.topicArn = topic.arn;
    this.registerOutputs({ topicArn: this.topicArn });
  }

  /**
   * Replaces the default policy, which lets the whole account in. Services must be named here; roles of this account
   * need not, because within one account their own policies are enough.
   */
  #policy(topic: aws.sns.Topic, { accountId, email, budgetDollars }: MessagesArgs): void {
    const ofThisAccount = { StringEquals: { 'aws:SourceAccount': accountId } };
    const publish = (
      Sid: string,
      Service: string,
      Condition: aws.iam.PolicyStatement['Condition'],
    ): aws.iam.PolicyStatement => ({
      Sid,
      Effect: 'Allow',
      Principal: { Service },
      Action: 'sns:Publish',
      Resource: topic.arn,
      Condition,
    });
    new aws.sns.TopicPolicy(
      'fyers-messages',
      {
        arn: topic.arn,
        policy: {
          Version: '2012-10-17',
          Statement: [
            publish('AlarmsOfThisAccount', 'cloudwatch.amazonaws.com', ofThisAccount),
            ...(email === null && budgetDollars > 0
              ? [
                  publish('BudgetsOfThisAccount', 'budgets.amazonaws.com', {
                    ...ofThisAccount,
                    ArnLike: {
                      'aws:SourceArn': pulumi.interpolate`arn:aws:budgets::${accountId}:*`,
                    },
                  }),
                ]
              : []),
          ],
        },
      },
      { parent: this },
    );
  }
}
