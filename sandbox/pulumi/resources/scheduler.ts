import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  FlexibleTimeWindowMode,
  GetScheduleCommand,
  ScheduleState,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import * as z from 'zod/mini';
import { scheduler } from './clients.ts';
import { count, resourceType, text, unlessGone, type ResourceType } from './type.ts';

const scheduleInputs = z.strictObject({
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
});

const schedule = resourceType({
  inputs: scheduleInputs,
  autoname: 'name',
  // scheduler/schedule.go: group_name, name, name_prefix ForceNew (no prefix is used here).
  replaceOn: ['groupName', 'name'],
  async create(inputs) {
    const answer = await scheduler.send(new CreateScheduleCommand(scheduleOf(inputs)));
    return {
      id: `${inputs.groupName ?? 'default'}/${inputs.name}`,
      outputs: { arn: answer.ScheduleArn },
    };
  },
  async read(id) {
    const command = new GetScheduleCommand(scheduleId(id));
    const answer = await unlessGone(scheduler.send(command), 'ResourceNotFoundException');
    return answer === null ? null : { arn: answer.Arn };
  },
  async update(_id, inputs) {
    await scheduler.send(new UpdateScheduleCommand(scheduleOf(inputs)));
    return {};
  },
  async delete(id) {
    const command = new DeleteScheduleCommand(scheduleId(id));
    await unlessGone(scheduler.send(command), 'ResourceNotFoundException');
  },
});

function scheduleId(id: string): { readonly GroupName: string; readonly Name: string } {
  const [group = '', name = ''] = id.split('/');
  return { GroupName: group, Name: name };
}

function scheduleOf(inputs: z.output<typeof scheduleInputs>) {
  const { target } = inputs;
  return {
    Name: inputs.name,
    GroupName: inputs.groupName,
    Description: inputs.description,
    ScheduleExpression: inputs.scheduleExpression,
    // scheduler/schedule.go: default UTC.
    ScheduleExpressionTimezone: inputs.scheduleExpressionTimezone ?? 'UTC',
    FlexibleTimeWindow: {
      Mode: inputs.flexibleTimeWindow.mode,
      MaximumWindowInMinutes: inputs.flexibleTimeWindow.maximumWindowInMinutes,
    },
    State: inputs.state ?? ScheduleState.ENABLED,
    Target: {
      Arn: target.arn,
      RoleArn: target.roleArn,
      Input: target.input,
      RetryPolicy: {
        MaximumRetryAttempts: target.retryPolicy?.maximumRetryAttempts ?? 185,
        MaximumEventAgeInSeconds: target.retryPolicy?.maximumEventAgeInSeconds ?? 86_400,
      },
      ...(target.deadLetterConfig === undefined
        ? {}
        : { DeadLetterConfig: { Arn: target.deadLetterConfig.arn } }),
    },
  };
}

export const SCHEDULER_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:scheduler/schedule:Schedule': schedule,
};
