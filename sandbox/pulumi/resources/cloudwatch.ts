import {
  ComparisonOperator,
  DeleteAlarmsCommand,
  DeleteDashboardsCommand,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  PutDashboardCommand,
  PutMetricAlarmCommand,
  Statistic,
} from '@aws-sdk/client-cloudwatch';
import {
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod/mini';
import { arn, callerIdentity, cloudwatch, logs } from './clients.ts';
import {
  count,
  flag,
  resourceType,
  tags,
  text,
  texts,
  unlessGone,
  type ResourceType,
} from './type.ts';

/** The service's own name for it, and the one of its query protocol. */
const NO_DASHBOARD = ['DashboardNotFoundError', 'ResourceNotFound'];

const logGroup = resourceType({
  inputs: z.strictObject({ name: z.string(), retentionInDays: count, tags }),
  autoname: 'name',
  // logs/group.go: name, name_prefix, log_group_class ForceNew (only the name is set here).
  replaceOn: ['name'],
  async create(inputs) {
    await logs.send(new CreateLogGroupCommand({ logGroupName: inputs.name }));
    await putRetention(inputs.name, inputs.retentionInDays);
    return { id: inputs.name, outputs: { arn: await arn('logs', `log-group:${inputs.name}`) } };
  },
  async read(id) {
    const answer = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: id }));
    const live = answer.logGroups?.find((group) => group.logGroupName === id);
    return live === undefined ? null : { retentionInDays: live.retentionInDays };
  },
  async update(id, inputs) {
    await putRetention(id, inputs.retentionInDays);
    return {};
  },
  async delete(id) {
    await unlessGone(
      logs.send(new DeleteLogGroupCommand({ logGroupName: id })),
      'ResourceNotFoundException',
    );
  },
});

async function putRetention(name: string, days: number | undefined): Promise<void> {
  // logs/group.go: absent or 0 keeps for ever.
  if (days === undefined || days === 0) {
    await logs.send(new DeleteRetentionPolicyCommand({ logGroupName: name }));
  } else {
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: name, retentionInDays: days }));
  }
}

const alarmInputs = z.strictObject({
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
  warmUpConfiguration: z.optional(z.strictObject({ warmUpPeriodDurationInMinutes: z.number() })),
  actionsEnabled: flag,
  alarmActions: texts,
  okActions: texts,
  tags,
});

const metricAlarm = resourceType({
  inputs: alarmInputs,
  autoname: 'name',
  // cloudwatch/metric_alarm.go: alarm_name ForceNew.
  replaceOn: ['name'],
  async create(inputs) {
    await putAlarm(inputs);
    return { id: inputs.name, outputs: { arn: await arn('cloudwatch', `alarm:${inputs.name}`) } };
  },
  async read(id) {
    const answer = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [id] }));
    const live = answer.MetricAlarms?.[0];
    return live === undefined ? null : { arn: live.AlarmArn };
  },
  async update(_id, inputs) {
    await putAlarm(inputs);
    return {};
  },
  async delete(id) {
    await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [id] }));
  },
});

async function putAlarm(inputs: z.output<typeof alarmInputs>): Promise<void> {
  const dimensions = Object.entries(inputs.dimensions ?? {});
  const warmUp = inputs.warmUpConfiguration?.warmUpPeriodDurationInMinutes;
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName: inputs.name,
      AlarmDescription: inputs.alarmDescription,
      Namespace: inputs.namespace,
      MetricName: inputs.metricName,
      Dimensions: dimensions.map(([Name, Value]) => ({ Name, Value })),
      Statistic: inputs.statistic,
      Period: inputs.period,
      EvaluationPeriods: inputs.evaluationPeriods,
      DatapointsToAlarm: inputs.datapointsToAlarm,
      Threshold: inputs.threshold,
      ComparisonOperator: inputs.comparisonOperator,
      TreatMissingData: inputs.treatMissingData ?? 'missing',
      ...(warmUp === undefined
        ? {}
        : { WarmUpConfiguration: { WarmUpPeriodDurationInMinutes: warmUp } }),
      ActionsEnabled: inputs.actionsEnabled ?? true,
      AlarmActions: inputs.alarmActions,
      OKActions: inputs.okActions,
    }),
  );
}

const dashboard = resourceType({
  inputs: z.strictObject({ dashboardName: z.string(), dashboardBody: z.string() }),
  // cloudwatch/dashboard.go: dashboard_name ForceNew.
  replaceOn: ['dashboardName'],
  async create({ dashboardName, dashboardBody }) {
    await putDashboard(dashboardName, dashboardBody);
    // A dashboard is of the account, not of a region.
    const { account } = await callerIdentity();
    return {
      id: dashboardName,
      outputs: { dashboardArn: `arn:aws:cloudwatch::${account}:dashboard/${dashboardName}` },
    };
  },
  async read(id) {
    const command = new GetDashboardCommand({ DashboardName: id });
    const live = await unlessGone(cloudwatch.send(command), ...NO_DASHBOARD);
    return live === null ? null : { dashboardBody: live.DashboardBody };
  },
  async update(id, { dashboardBody }) {
    await putDashboard(id, dashboardBody);
    return {};
  },
  async delete(id) {
    const command = new DeleteDashboardsCommand({ DashboardNames: [id] });
    await unlessGone(cloudwatch.send(command), ...NO_DASHBOARD);
  },
});

async function putDashboard(name: string, body: string): Promise<void> {
  await cloudwatch.send(new PutDashboardCommand({ DashboardName: name, DashboardBody: body }));
}

export const CLOUDWATCH_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:cloudwatch/dashboard:Dashboard': dashboard,
  'aws:cloudwatch/logGroup:LogGroup': logGroup,
  'aws:cloudwatch/metricAlarm:MetricAlarm': metricAlarm,
};
