// Creates the alarms and the budget. One harvester has thirteen alarms (ten per account are free); each further one
// adds six. The budget covers faults that only show on the bill. Each alarm notifies the operator, says what to do, and
// states how missing data counts.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import {
  type FunctionActor,
  harvesterDimensions,
  METRIC_NAMESPACE,
  METRICS,
  type Names,
  REGION,
} from '../../core/config/names.ts';
import { type HarvesterPlan, numbered } from '../../core/config/harvesters.ts';
import { FUNCTION_ACTORS } from '../iam/policies.ts';
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

// Defines the alarms for the harvester and its machine. The harvester sends metrics every minute of the year, zeros
// too, so holidays and nights need no calendar in the alarms.

/** Rows missing in a period of five minutes if one symbol has no row half of the time. */
const PERIOD_SECONDS = 300;
const HALF = 2;

interface HarvesterAlarmsArgs {
  readonly suffix: string;
  readonly plan: HarvesterPlan;
  readonly instanceId: pulumi.Output<string>;
}

function harvesterAlarms(
  place: AlarmPlace,
  args: HarvesterAlarmsArgs,
): readonly aws.cloudwatch.MetricAlarm[] {
  const rules = [...ownRules(args), ...streamRules(args), ...machineRules(args)];
  return rules.map((rule) => alarm(place, { ...rule, what: numbered(rule.what, args.plan.shard) }));
}

/** What the descriptions and the metrics of one harvester share. */
function harvesterParts({ suffix, plan, instanceId }: HarvesterAlarmsArgs) {
  return {
    who: plan.shard === 0 ? 'The harvester' : `Harvester ${String(plan.shard)}`,
    metric: (name: keyof typeof METRICS) => ({
      namespace: METRIC_NAMESPACE,
      metricName: METRICS[name],
      dimensions: harvesterDimensions(suffix, String(plan.shard)),
    }),
    shell: pulumi.interpolate`\`aws ssm start-session --target ${instanceId} --region ${REGION}\``,
    log: '`sudo journalctl --unit fyers-harvester --lines 50`',
  };
}

/** A harvester that polls has no such metric. */
function streamRules(args: HarvesterAlarmsArgs): AlarmRule[] {
  if (args.plan.feed === 'rest') return [];
  const { who, metric, shell, log } = harvesterParts(args);
  return [
    {
      what: 'stream-silent',
      description: pulumi.interpolate`Symbols of the stream of ${who.toLowerCase()} have delivered nothing for five minutes of continuous trading, although they are subscribed. A contract without trades may be silent. For all others the reason is in the log: ${shell}, there ${log}.`,
      metric: metric('streamSilentSymbols'),
      statistic: 'Maximum',
      period: 60,
      evaluationPeriods: 5,
      when: 'GreaterThanOrEqualToThreshold',
      threshold: 1,
      // A separate alarm covers a harvester without metrics.
      treatMissingData: 'notBreaching',
    },
  ];
}

function ownRules(args: HarvesterAlarmsArgs): AlarmRule[] {
  const { plan, instanceId } = args;
  const { who, metric, shell, log } = harvesterParts(args);
  return [
    {
      what: 'harvester-silent',
      description: pulumi.interpolate`${who} has been silent for minutes: its process, its machine or its network is gone, and in a session nothing is recorded. See \`./fyers status\`; look at the machine with ${shell} and there ${log}; start it afresh with \`aws ec2 reboot-instances --instance-ids ${instanceId} --region ${REGION}\`. While \`pulumi up\` replaces the instance this may ring once.`,
      metric: metric('heartbeat'),
      statistic: 'SampleCount',
      period: 60,
      // The weekly restart takes about three minutes. AWS looks back about two periods further than these five for
      // real data (CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data"), so the alarm fires
      // after seven.
      evaluationPeriods: 5,
      when: 'LessThanThreshold',
      threshold: 1,
      // Missing data is the fault itself: a heartbeat comes every minute, day and night.
      treatMissingData: 'breaching',
      // A new instance installs Node before its first heartbeat.
      warmUpMinutes: 20,
    },
    {
      what: 'slots-missed',
      description: pulumi.interpolate`${who} lets slots of this session pass without a row, as many as if one symbol had none half of the time. See whether the token lives: \`./fyers tokens --use-ssm\`. Without one press the day's link, or run \`./fyers login --aws\`. With one the reason is in the log: ${shell}, there ${log}.`,
      metric: metric('slotsMissed'),
      statistic: 'Sum',
      period: PERIOD_SECONDS,
      evaluationPeriods: 1,
      when: 'GreaterThanOrEqualToThreshold',
      threshold: Math.max(1, Math.floor(PERIOD_SECONDS / plan.everySeconds / HALF)),
      // A separate alarm covers a harvester without metrics.
      treatMissingData: 'notBreaching',
    },
    {
      what: 'disk-filling',
      description: pulumi.interpolate`The disk of ${who.toLowerCase()} is 90 % full, although it removes days that are safe in the bucket from 80 % on. See what fills it with ${shell}, there \`sudo du --human-readable --max-depth=2 --one-file-system / | sort --human-numeric-sort | tail\`, and with ${log} why days do not reach the bucket.`,
      metric: metric('diskUsedPercent'),
      statistic: 'Maximum',
      period: 60,
      evaluationPeriods: 3,
      when: 'GreaterThanOrEqualToThreshold',
      threshold: 90,
      // Missing data does not mean that the disk is emptier, so keep the alarm's state.
      treatMissingData: 'ignore',
    },
    {
      what: 'harvester-fault',
      description: pulumi.interpolate`${who} has a problem that it cannot fix: a day that is not compacted or not uploaded, another recording in the bucket, a disk that refused a write, slots without a reason, answers of the broker without usable fields, or a broker that reports the market as closed, or open, against the calendar. It continues, and retries every ten minutes if a retry can help. Each different fault rings once. The log line with the fault and what to do: ${shell}, there \`sudo journalctl --unit fyers-harvester --since today --grep '"level":"error"'\`. For a day that is closed see \`./fyers logs harvester\`.`,
      metric: metric('faults'),
      statistic: 'Sum',
      // The harvester counts every minute, zeros too, and leaves quiet minutes between two faults, so the alarm
      // resets soon and the next, different fault triggers it again (`adapters/aws/metrics.ts`).
      ...FIRST_IN_A_MINUTE,
      // A separate alarm covers a harvester without metrics.
      treatMissingData: 'notBreaching',
    },
  ];
}

function machineRules({ instanceId, plan }: HarvesterAlarmsArgs): AlarmRule[] {
  const metric = (metricName: string) => ({
    namespace: 'AWS/EC2',
    metricName,
    dimensions: { InstanceId: instanceId },
  });
  const recovers = isRecoverable(plan.instanceType);
  return [
    {
      what: 'machine-impaired',
      description: pulumi.interpolate`AWS cannot reach the machine under the instance. ${recovers ? 'It moves the instance to another one, with its disk, which takes some minutes.' : 'Instances of this type are not moved by AWS.'} If \`./fyers status\` shows no heartbeat after half an hour, run \`aws ec2 stop-instances --instance-ids ${instanceId} --region ${REGION}\` and, once it has stopped, \`aws ec2 start-instances --instance-ids ${instanceId} --region ${REGION}\`.`,
      metric: metric('StatusCheckFailed_System'),
      statistic: 'Maximum',
      ...FIRST_IN_A_MINUTE,
      evaluationPeriods: 2,
      // As AWS advises for alarms that act on instances: a gap in its metrics must not move a healthy instance
      // (CloudWatch User Guide, "Create alarms to stop, terminate, reboot, or recover an EC2 instance").
      treatMissingData: 'missing',
      actions: recovers ? [`arn:aws:automate:${REGION}:ec2:recover`] : [],
    },
    {
      what: 'instance-impaired',
      description: pulumi.interpolate`The instance does not answer AWS: its memory, its file system or its network is broken. It is rebooted now. If this rings again, see \`aws ec2 get-console-output --instance-id ${instanceId} --latest --output text --region ${REGION}\`; for the harvester's state see \`./fyers status\`.`,
      metric: metric('StatusCheckFailed_Instance'),
      statistic: 'Maximum',
      ...FIRST_IN_A_MINUTE,
      // One period more than for the recover action, so that a reboot and a recovery do not race (the same page).
      evaluationPeriods: 3,
      // As above: a gap in the metrics must not reboot a healthy instance.
      treatMissingData: 'missing',
      actions: [`arn:aws:automate:${REGION}:ec2:reboot`],
    },
  ];
}

/** False for instance types with local disks and for bare metal (EC2 User Guide, "CloudWatch action based recovery"). */
function isRecoverable(instanceType: string): boolean {
  const [family = '', size = ''] = instanceType.split('.');
  return !/^i|\dg[a-z]*d/.test(family) && !size.startsWith('metal');
}

interface AlarmRule {
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

interface AlarmPlace {
  readonly parent: pulumi.Resource;
  readonly names: Names;
  readonly topicArn: pulumi.Input<string>;
}

function alarm(
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
const FIRST_IN_A_MINUTE = {
  period: 60,
  evaluationPeriods: 1,
  when: 'GreaterThanOrEqualToThreshold',
  threshold: 1,
} as const;
