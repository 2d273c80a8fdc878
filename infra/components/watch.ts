// Creates the alarms and the budget. One harvester has thirteen alarms (ten per account are free); each further one
// adds six. The budget covers faults that only show on the bill.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { type FunctionActor, type Names, REGION } from '../../core/config/names.ts';
import { FUNCTION_ACTORS } from '../iam/arns.ts';
import { alarm, type AlarmRule, FIRST_IN_A_MINUTE } from './alarm.ts';
import { harvesterAlarms } from './harvester-alarms.ts';
import type { Harvester } from './harvester.ts';
import type { Keeper } from './keeper.ts';
import type { Messages } from './messages.ts';

const MEANING: Readonly<Record<FunctionActor, string>> = {
  refresh: 'the access token may not be good for today',
  login: 'it crashed or ran out of time, so a login may not have been finished',
  watch: 'there may be no live token for the session, or no one who receives messages',
};

interface WatchArgs {
  readonly names: Names;
  readonly messages: Pick<Messages, 'topicArn'>;
  readonly keeper: Pick<Keeper, 'functionNames' | 'undelivered'>;
  /** Null without an instance: the harvester alarms are then left out. */
  readonly harvester: Pick<Harvester, 'recorders'> | null;
  readonly suffix: string;
  readonly email: string | null;
  readonly budgetDollars: number;
}

export class Watch extends pulumi.ComponentResource {
  readonly alarmNames: pulumi.Output<string>[];
  readonly alarmArns: pulumi.Output<string>[];
  /** Null without a budget. */
  readonly budgetName: pulumi.Output<string> | null;

  constructor(name: string, args: WatchArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Watch', name, {}, opts);
    const { topicArn } = args.messages;
    const place = { parent: this, names: args.names, topicArn };
    const alarms = [
      ...FUNCTION_ACTORS.map((actor) => alarm(place, failedRule(actor, args))),
      ...FUNCTION_ACTORS.map((actor) => alarm(place, throttledRule(actor, args))),
      alarm(place, undeliveredRule(args)),
      ...(args.harvester?.recorders ?? []).flatMap((recorder) =>
        harvesterAlarms(place, { ...args, ...recorder }),
      ),
    ];
    this.alarmNames = alarms.map((made) => made.name);
    this.alarmArns = alarms.map((made) => made.arn);
    this.budgetName = createBudget(this, { ...args, topicArn })?.name ?? null;
    this.registerOutputs({ alarmNames: this.alarmNames });
  }
}

function failedRule(actor: FunctionActor, { names, keeper }: WatchArgs): AlarmRule {
  return {
    what: `${actor}-failed`,
    description: `${names.function(actor)} failed: ${MEANING[actor]}. Run \`./fyers logs ${actor}\`: the last line shows what to do.`,
    metric: {
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensions: { FunctionName: keeper.functionNames[actor] },
    },
    statistic: 'Sum',
    ...FIRST_IN_A_MINUTE,
    // The function runs a few times a day, so there is normally no data between two runs.
    treatMissingData: 'notBreaching',
  };
}

/** A throttled login does not count as a failed run, and a throttled refresh is delayed without an error. */
function throttledRule(actor: FunctionActor, { names, keeper }: WatchArgs): AlarmRule {
  return {
    what: `${actor}-throttled`,
    description: `${names.function(actor)} was refused an execution: ${THROTTLED_RULES[actor].meaning}. \`./fyers doctor\` shows how many the account has; more of them: https://${REGION}.console.aws.amazon.com/servicequotas/home/services/lambda/quotas (Concurrent executions).`,
    metric: {
      namespace: 'AWS/Lambda',
      metricName: 'Throttles',
      dimensions: { FunctionName: keeper.functionNames[actor] },
    },
    statistic: 'Sum',
    ...FIRST_IN_A_MINUTE,
    threshold: THROTTLED_RULES[actor].inAMinute,
    // Lambda counts only if it throttles.
    treatMissingData: 'notBreaching',
  };
}

/** A few parallel requests to the login page are normal; only a flood keeps the operator out. */
const THROTTLED_RULES: Readonly<
  Record<FunctionActor, { readonly meaning: string; readonly inAMinute: number }>
> = {
  refresh: {
    meaning: 'the token may be late, and Lambda tries again for 15 minutes',
    inAMinute: 1,
  },
  login: {
    meaning: "its page is flooded, so the day's link may not open; log in with `./fyers login`",
    inAMinute: 10,
  },
  watch: {
    meaning: 'the token may not be refreshed, and Lambda tries again for 15 minutes',
    inAMinute: 1,
  },
};

function undeliveredRule({ keeper }: WatchArgs): AlarmRule {
  const { name, url } = keeper.undelivered;
  return {
    what: 'undelivered',
    description: pulumi.interpolate`A run failed, or could not be started. See it with \`aws sqs receive-message --queue-url ${url} --region ${REGION}\`, do what it says, then empty the queue with \`aws sqs purge-queue --queue-url ${url} --region ${REGION}\`: until then this alarm stays on.`,
    metric: {
      namespace: 'AWS/SQS',
      metricName: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: name },
    },
    statistic: 'Maximum',
    ...FIRST_IN_A_MINUTE,
    // SQS sends no metrics for a queue that was idle for hours, which is normal here.
    treatMissingData: 'notBreaching',
  };
}

interface BudgetArgs {
  readonly names: Names;
  /** Zero: no budget. */
  readonly budgetDollars: number;
  readonly email: string | null;
  readonly topicArn: pulumi.Input<string>;
}

/** Actual and forecast cost: AWS forecasts a month after some weeks of history. */
const NOTIFICATION_TYPES = ['ACTUAL', 'FORECASTED'] as const;

/** Covers the whole account: costs by tag would need tags that are activated for billing. */
function createBudget(
  parent: pulumi.Resource,
  { names, budgetDollars, email, topicArn }: BudgetArgs,
): aws.budgets.Budget | null {
  if (budgetDollars === 0) return null;
  // Use the mail address directly if there is one: it needs no confirmation and no topic policy.
  const subscribers =
    email === null ? { subscriberSnsTopicArns: [topicArn] } : { subscriberEmailAddresses: [email] };
  return new aws.budgets.Budget(
    'monthly',
    {
      name: names.budget,
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      limitAmount: String(budgetDollars),
      limitUnit: 'USD',
      notifications: NOTIFICATION_TYPES.map((notificationType) => ({
        notificationType,
        comparisonOperator: 'GREATER_THAN',
        threshold: 100,
        thresholdType: 'PERCENTAGE',
        ...subscribers,
      })),
    },
    { parent },
  );
}
