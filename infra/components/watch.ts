// What rings when something fails. Thirteen alarms with one harvester, of which an account has ten free; six more for
// each other one.
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
  watch: 'there may be no live token for the session, or nobody whom a message reaches',
};

interface WatchArgs {
  readonly names: Names;
  readonly messages: Pick<Messages, 'topicArn'>;
  readonly keeper: Pick<Keeper, 'functionNames' | 'undelivered'>;
  /** Without an instance there is nothing that could fall silent. */
  readonly harvester: Pick<Harvester, 'recorders'> | null;
  readonly suffix: string;
  readonly email: string | null;
  readonly budgetDollars: number;
}

export class Watch extends pulumi.ComponentResource {
  readonly alarmNames: pulumi.Output<string>[];
  readonly alarmArns: pulumi.Output<string>[];
  /** Null where there is none. */
  readonly budgetName: pulumi.Output<string> | null;

  constructor(name: string, args: WatchArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Watch', name, {}, opts);
    const { topicArn } = args.messages;
    const place = { parent: this, names: args.names, topicArn };
    const alarms = [
      ...FUNCTION_ACTORS.map((actor) => alarm(place, failed(actor, args))),
      ...FUNCTION_ACTORS.map((actor) => alarm(place, throttled(actor, args))),
      alarm(place, undelivered(args)),
      ...(args.harvester?.recorders ?? []).flatMap((recorder) =>
        harvesterAlarms(place, { ...args, ...recorder }),
      ),
    ];
    this.alarmNames = alarms.map((made) => made.name);
    this.alarmArns = alarms.map((made) => made.arn);
    this.budgetName = budget(this, { ...args, topicArn })?.name ?? null;
    this.registerOutputs({ alarmNames: this.alarmNames });
  }
}

function failed(actor: FunctionActor, { names, keeper }: WatchArgs): AlarmRule {
  return {
    what: `${actor}-failed`,
    description: `${names.function(actor)} failed: ${MEANING[actor]}. Run \`npx --no-install fyers logs ${actor}\`: the last line says what to do.`,
    metric: {
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensions: { FunctionName: keeper.functionNames[actor] },
    },
    statistic: 'Sum',
    ...FIRST_IN_A_MINUTE,
    // The function runs a few times a day: between two runs there is nothing to count, and that is well.
    treatMissingData: 'notBreaching',
  };
}

/** A login that is refused an execution is nobody's failed run, and a refresh that waits for one is late in silence. */
function throttled(actor: FunctionActor, { names, keeper }: WatchArgs): AlarmRule {
  return {
    what: `${actor}-throttled`,
    description: `${names.function(actor)} was refused an execution: ${THROTTLED[actor].meaning}. \`npx --no-install fyers doctor\` shows how many the account has; more of them: https://${REGION}.console.aws.amazon.com/servicequotas/home/services/lambda/quotas (Concurrent executions).`,
    metric: {
      namespace: 'AWS/Lambda',
      metricName: 'Throttles',
      dimensions: { FunctionName: keeper.functionNames[actor] },
    },
    statistic: 'Sum',
    ...FIRST_IN_A_MINUTE,
    threshold: THROTTLED[actor].inAMinute,
    // Nothing is counted where nothing was refused.
    treatMissingData: 'notBreaching',
  };
}

/** Anybody can open the login's page a few times at once; only a flood of it keeps the operator out. */
const THROTTLED: Readonly<
  Record<FunctionActor, { readonly meaning: string; readonly inAMinute: number }>
> = {
  refresh: {
    meaning: 'the token may be late, and Lambda tries again for 15 minutes',
    inAMinute: 1,
  },
  login: {
    meaning:
      "its page is flooded, so the day's link may not open; log in with `npx --no-install fyers login`",
    inAMinute: 10,
  },
  watch: {
    meaning: 'nobody may look after the token, and Lambda tries again for 15 minutes',
    inAMinute: 1,
  },
};

function undelivered({ keeper }: WatchArgs): AlarmRule {
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
    // SQS stops counting for a queue that nobody has used for hours, which is how this one should be.
    treatMissingData: 'notBreaching',
  };
}

// A monthly budget: the one fault that shows on the bill alone.

interface BudgetArgs {
  readonly names: Names;
  /** Zero: no budget. */
  readonly budgetDollars: number;
  readonly email: string | null;
  readonly topicArn: pulumi.Input<string>;
}

/** Spent, and on the way to it: AWS foretells a month after some weeks of history. */
const NOTIFIED_OF = ['ACTUAL', 'FORECASTED'] as const;

/** Of the whole account: costs by tag would need tags that somebody has activated for billing. */
function budget(
  parent: pulumi.Resource,
  { names, budgetDollars, email, topicArn }: BudgetArgs,
): aws.budgets.Budget | null {
  if (budgetDollars === 0) return null;
  // The address itself where there is one: it needs no confirmation, and no topic's policy.
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
      notifications: NOTIFIED_OF.map((notificationType) => ({
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
