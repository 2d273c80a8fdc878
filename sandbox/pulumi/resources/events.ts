// Rows of EventBridge and its Scheduler.
import { EventBridge, RuleState } from '@aws-sdk/client-eventbridge';
import { FlexibleTimeWindowMode, Scheduler, ScheduleState } from '@aws-sdk/client-scheduler';
import * as z from 'zod/mini';
import { options } from './clients.ts';
import {
  count,
  defineType,
  expectValue,
  tags,
  text,
  toPascalCase,
  type ResourceType,
} from './type.ts';

const events = new EventBridge(options);
const scheduler = new Scheduler(options);

export const EVENT_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:cloudwatch/eventRule:EventRule': defineType({
    inputs: z.strictObject({
      name: z.string(),
      description: text,
      eventPattern: z.string(),
      state: z.optional(z.enum(RuleState)),
      tags,
    }),
    autoname: 'name',
    // events/rule.go: event_bus_name, name, name_prefix ForceNew. (The program uses only the default bus.)
    replaceOn: ['name'],
    cloudFormation: 'AWS::Events::Rule',
    properties: ({ tags: _tags, eventPattern, ...inputs }) => ({
      ...toPascalCase(inputs),
      EventPattern: JSON.parse(eventPattern) as unknown,
    }),
    create: async ({ name, eventPattern: EventPattern }, properties) => {
      const { RuleArn } = await events.putRule({ ...properties, EventPattern });
      // events/rule.go ruleCreateResourceID: on the default bus the rule's name.
      return { id: name, arn: expectValue(RuleArn, 'rule ARN') };
    },
    read: async (id) => {
      const { Arn: arn, State: state } = await events.describeRule({ Name: id });
      return { arn, state };
    },
    update: 'create',
    delete: async (id) => await events.deleteRule({ Name: id }),
  }),

  'aws:cloudwatch/eventTarget:EventTarget': defineType({
    inputs: z.strictObject({ rule: z.string(), targetId: z.string(), arn: z.string() }),
    // events/target.go: event_bus_name, rule, target_id ForceNew. (The program uses only the default bus.)
    replaceOn: ['rule', 'targetId'],
    cloudFormation: { partOf: 'rule' },
    properties: ({ targetId: Id, arn: Arn }) => ({ Targets: [{ Id, Arn }] }),
    create: async ({ rule: Rule, targetId }, { Targets }) => {
      const [failed] = (await events.putTargets({ Rule, Targets })).FailedEntries ?? [];
      if (failed !== undefined) throw new Error(`${targetId}: ${failed.ErrorMessage ?? ''}`);
      // events/target.go targetCreateResourceID.
      return { id: `${Rule}-${targetId}` };
    },
    read: async (_id, { rule: Rule, targetId }) => {
      const { Targets = [] } = await events.listTargetsByRule({ Rule });
      const found = Targets.find(({ Id }) => Id === targetId);
      return found === undefined ? null : { arn: found.Arn };
    },
    update: 'create',
    delete: async (_id, { rule: Rule, targetId }) =>
      await events.removeTargets({ Rule, Ids: [targetId] }),
  }),

  'aws:scheduler/schedule:Schedule': defineType({
    inputs: z.strictObject({
      name: z.string(),
      groupName: text,
      description: text,
      scheduleExpression: z.string(),
      scheduleExpressionTimezone: text,
      flexibleTimeWindow: z.strictObject({
        mode: z.enum(FlexibleTimeWindowMode),
        maximumWindowInMinutes: count,
      }),
      state: z.optional(z.enum(ScheduleState)),
      target: z.strictObject({
        arn: z.string(),
        roleArn: z.string(),
        input: text,
        retryPolicy: z.optional(
          z.strictObject({ maximumRetryAttempts: count, maximumEventAgeInSeconds: count }),
        ),
        deadLetterConfig: z.optional(z.strictObject({ arn: z.string() })),
      }),
    }),
    autoname: 'name',
    // scheduler/schedule.go: group_name, name, name_prefix ForceNew. (The program uses no prefix.)
    replaceOn: ['groupName', 'name'],
    cloudFormation: 'AWS::Scheduler::Schedule',
    // scheduler/schedule.go: the defaults.
    properties: (inputs) =>
      toPascalCase({
        scheduleExpressionTimezone: 'UTC',
        state: ScheduleState.ENABLED,
        ...inputs,
        target: {
          ...inputs.target,
          retryPolicy: {
            maximumRetryAttempts: 185,
            maximumEventAgeInSeconds: 86_400,
            ...inputs.target.retryPolicy,
          },
        },
      }),
    create: async ({ groupName = 'default', name }, properties) => {
      const { ScheduleArn: arn } = await scheduler.createSchedule(properties);
      return { id: `${groupName}/${name}`, arn };
    },
    read: async (id) => ({ arn: (await scheduler.getSchedule(scheduleId(id))).Arn }),
    update: async (_id, _inputs, properties) => {
      await scheduler.updateSchedule(properties);
    },
    delete: async (id) => await scheduler.deleteSchedule(scheduleId(id)),
  }),
};

function scheduleId(id: string): { readonly GroupName: string; readonly Name: string } {
  const [GroupName = '', Name = ''] = id.split('/');
  return { GroupName, Name };
}
