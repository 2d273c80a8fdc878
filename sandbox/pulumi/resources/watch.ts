// Rows that watch the deployment: CloudWatch, its logs, the trail and the budget.
import {
  BudgetType,
  Budgets,
  ComparisonOperator as BudgetOperator,
  NotificationType,
  ThresholdType,
  TimeUnit,
} from '@aws-sdk/client-budgets';
import { CloudTrail, ReadWriteType } from '@aws-sdk/client-cloudtrail';
import { CloudWatch, ComparisonOperator, Statistic } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod/mini';
import { arn, callerIdentity, options } from './clients.ts';
import {
  confirmFound,
  count,
  defineType,
  expectValue,
  flag,
  tags,
  text,
  texts,
  toList,
  toPascalCase,
  type ResourceType,
} from './type.ts';

const budgets = new Budgets(options);
const cloudtrail = new CloudTrail(options);
const cloudwatch = new CloudWatch(options);
const logs = new CloudWatchLogs(options);

export const WATCH_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:cloudwatch/logGroup:LogGroup': defineType({
    inputs: z.strictObject({ name: z.string(), retentionInDays: count, tags }),
    autoname: 'name',
    // logs/group.go: name, name_prefix, log_group_class ForceNew. (The program sets only the name.)
    replaceOn: ['name'],
    cloudFormation: 'AWS::Logs::LogGroup',
    properties: ({ name, retentionInDays }) => ({
      LogGroupName: name,
      RetentionInDays: retentionInDays,
    }),
    create: async ({ name, retentionInDays }) => {
      await logs.createLogGroup({ logGroupName: name });
      await putRetention(name, retentionInDays);
      return { id: name, arn: await arn('logs', `log-group:${name}`) };
    },
    read: async (id) => {
      const { logGroups = [] } = await logs.describeLogGroups({ logGroupNamePrefix: id });
      const live = logGroups.find((group) => group.logGroupName === id);
      return live === undefined ? null : { retentionInDays: live.retentionInDays };
    },
    update: async (id, { retentionInDays }) => {
      await putRetention(id, retentionInDays);
    },
    delete: async (id) => await logs.deleteLogGroup({ logGroupName: id }),
  }),

  'aws:cloudwatch/metricAlarm:MetricAlarm': defineType({
    inputs: z.strictObject({
      name: z.string(),
      alarmDescription: text,
      namespace: text,
      metricName: text,
      dimensions: z.optional(z.record(z.string(), z.string())),
      statistic: z.optional(z.enum(Statistic)),
      period: count,
      evaluationPeriods: z.number(),
      datapointsToAlarm: count,
      threshold: count,
      comparisonOperator: z.enum(ComparisonOperator),
      treatMissingData: text,
      warmUpConfiguration: z.optional(
        z.strictObject({ warmUpPeriodDurationInMinutes: z.number() }),
      ),
      actionsEnabled: flag,
      alarmActions: texts,
      okActions: texts,
      tags,
    }),
    autoname: 'name',
    // cloudwatch/metric_alarm.go: alarm_name ForceNew.
    replaceOn: ['name'],
    cloudFormation: 'AWS::CloudWatch::Alarm',
    properties: ({ name, tags: _tags, dimensions, okActions: OKActions, ...inputs }) => ({
      ...toPascalCase({ treatMissingData: 'missing', ...inputs }),
      AlarmName: name,
      Dimensions: toList(dimensions, 'Name'),
      OKActions,
    }),
    create: async ({ name }, properties) => {
      await cloudwatch.putMetricAlarm(properties);
      return { id: name, arn: await arn('cloudwatch', `alarm:${name}`) };
    },
    read: async (id) => {
      const { MetricAlarms = [] } = await cloudwatch.describeAlarms({ AlarmNames: [id] });
      const [live] = MetricAlarms;
      return live === undefined ? null : { arn: live.AlarmArn };
    },
    update: 'create',
    delete: async (id) => await cloudwatch.deleteAlarms({ AlarmNames: [id] }),
  }),

  'aws:cloudwatch/dashboard:Dashboard': defineType({
    inputs: z.strictObject({ dashboardName: z.string(), dashboardBody: z.string() }),
    // cloudwatch/dashboard.go: dashboard_name ForceNew.
    replaceOn: ['dashboardName'],
    cloudFormation: 'AWS::CloudWatch::Dashboard',
    properties: (inputs) => toPascalCase(inputs),
    create: async ({ dashboardName: id }, properties) => {
      await cloudwatch.putDashboard(properties);
      // A dashboard belongs to the account, not to a region.
      const { account } = await callerIdentity();
      return { id, dashboardArn: `arn:aws:cloudwatch::${account}:dashboard/${id}` };
    },
    read: async (id) => ({
      dashboardBody: (await cloudwatch.getDashboard({ DashboardName: id })).DashboardBody,
    }),
    update: 'create',
    delete: async (id) => await cloudwatch.deleteDashboards({ DashboardNames: [id] }),
  }),

  'aws:cloudtrail/trail:Trail': defineType({
    inputs: z.strictObject({
      name: z.string(),
      s3BucketName: z.string(),
      enableLogFileValidation: flag,
      includeGlobalServiceEvents: flag,
      eventSelectors: z.optional(
        z.array(
          z.strictObject({
            includeManagementEvents: flag,
            readWriteType: z.optional(z.enum(ReadWriteType)),
            excludeManagementEventSources: texts,
          }),
        ),
      ),
      tags,
    }),
    autoname: 'name',
    // cloudtrail/trail.go: name ForceNew.
    replaceOn: ['name'],
    cloudFormation: 'AWS::CloudTrail::Trail',
    properties: (inputs) => ({
      TrailName: inputs.name,
      S3BucketName: inputs.s3BucketName,
      // cloudtrail/trail.go: defaults false and true.
      EnableLogFileValidation: inputs.enableLogFileValidation ?? false,
      IncludeGlobalServiceEvents: inputs.includeGlobalServiceEvents ?? true,
      IsLogging: true,
      // cloudtrail/trail.go setEventSelectors: the default, when the program gives none.
      EventSelectors: toPascalCase(
        (inputs.eventSelectors ?? [{}]).map((selector) => ({
          includeManagementEvents: true,
          readWriteType: ReadWriteType.All,
          ...selector,
        })),
      ),
    }),
    create: async (
      { eventSelectors },
      { TrailName, IsLogging: _on, EventSelectors, ...settings },
    ) => {
      const { TrailARN } = await cloudtrail.createTrail({ Name: TrailName, ...settings });
      const id = expectValue(TrailARN, 'trail ARN');
      // cloudtrail/trail.go resourceTrailCreate starts a new trail, then puts its selectors.
      await cloudtrail.startLogging({ Name: id });
      if (eventSelectors !== undefined) {
        await cloudtrail.putEventSelectors({ TrailName: id, EventSelectors });
      }
      return { id, arn: id };
    },
    read: async (id) => ({ arn: (await cloudtrail.getTrail({ Name: id })).Trail?.TrailARN }),
    update: async (id, _inputs, { IsLogging: _on, EventSelectors, ...settings }) => {
      await cloudtrail.updateTrail({ ...settings, Name: id });
      await cloudtrail.putEventSelectors({ TrailName: id, EventSelectors });
    },
    delete: async (id) => await cloudtrail.deleteTrail({ Name: id }),
  }),

  'aws:budgets/budget:Budget': defineType({
    inputs: z.strictObject({
      name: z.string(),
      budgetType: z.enum(BudgetType),
      timeUnit: z.enum(TimeUnit),
      limitAmount: z.string(),
      limitUnit: text,
      notifications: z.array(
        z.strictObject({
          notificationType: z.enum(NotificationType),
          comparisonOperator: z.enum(BudgetOperator),
          threshold: z.number(),
          thresholdType: z.enum(ThresholdType),
          subscriberEmailAddresses: texts,
          subscriberSnsTopicArns: texts,
        }),
      ),
      tags,
    }),
    autoname: 'name',
    // budgets/budget.go: account_id, name, name_prefix ForceNew.
    replaceOn: ['name'],
    cloudFormation: 'AWS::Budgets::Budget',
    properties: ({ name, limitAmount, limitUnit = 'USD', notifications, ...inputs }) => ({
      Budget: {
        ...toPascalCase({ budgetType: inputs.budgetType, timeUnit: inputs.timeUnit }),
        BudgetName: name,
        BudgetLimit: { Amount: limitAmount, Unit: limitUnit },
      },
      NotificationsWithSubscribers: notifications.map(
        ({ subscriberEmailAddresses = [], subscriberSnsTopicArns = [], ...notification }) => ({
          Notification: toPascalCase(notification),
          Subscribers: [
            ...subscriberEmailAddresses.map((Address) => subscriber('EMAIL', Address)),
            ...subscriberSnsTopicArns.map((Address) => subscriber('SNS', Address)),
          ],
        }),
      ),
    }),
    create: async ({ name }, properties) => {
      const { account: AccountId } = await callerIdentity();
      await budgets.createBudget({ AccountId, ...properties });
      const id = `${AccountId}:${name}`;
      return { id, accountId: AccountId, arn: `arn:aws:budgets::${AccountId}:budget/${name}` };
    },
    read: async (id) => await confirmFound(budgets.describeBudget(budgetId(id))),
    // budgets/budget.go replaces the budget by the new one, then every notification.
    update: async (id, _inputs, { Budget: NewBudget, NotificationsWithSubscribers }) => {
      const at = budgetId(id);
      await budgets.updateBudget({ AccountId: at.AccountId, NewBudget });
      const { Notifications = [] } = await budgets.describeNotificationsForBudget(at);
      for (const Notification of Notifications) {
        await budgets.deleteNotification({ ...at, Notification });
      }
      for (const each of NotificationsWithSubscribers) {
        await budgets.createNotification({ ...at, ...each });
      }
    },
    delete: async (id) => await budgets.deleteBudget(budgetId(id)),
  }),
};

async function putRetention(logGroupName: string, days = 0): Promise<void> {
  // logs/group.go: without a retention, or with 0 days, the group keeps everything.
  await (days === 0
    ? logs.deleteRetentionPolicy({ logGroupName })
    : logs.putRetentionPolicy({ logGroupName, retentionInDays: days }));
}

function subscriber(SubscriptionType: 'EMAIL' | 'SNS', Address: string) {
  return { SubscriptionType, Address };
}

/** `<account>:<name>`, as upstream. */
function budgetId(id: string): { readonly AccountId: string; readonly BudgetName: string } {
  const colon = id.indexOf(':');
  return { AccountId: id.slice(0, colon), BudgetName: id.slice(colon + 1) };
}
