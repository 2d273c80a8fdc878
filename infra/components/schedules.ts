// Schedules the functions, and collects events that were not delivered or failed in a queue.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { type Names, REGION } from '../../core/config/names.ts';
import {
  REFRESH_SLOTS,
  type RefreshSlot,
  SCHEDULE_TIME_ZONE,
  WATCH_SLOTS,
  type WatchSlot,
  scheduleExpression,
} from '../../core/schedule.ts';
import { type Arns, policyFor, trust } from '../iam/policies.ts';
import type { MadeFunction } from './function.ts';

/** An undelivered event expires after this, because the next scheduled run is near. */
const MAX_EVENT_AGE_SECONDS = 900;

type Scheduled = 'refresh' | 'watch';

interface Plan {
  readonly actor: Scheduled;
  readonly slot: RefreshSlot | WatchSlot;
  readonly event: Readonly<Record<string, string>>;
}

const PLANS: readonly Plan[] = [
  ...REFRESH_SLOTS.map((slot) => ({
    actor: 'refresh' as const,
    slot,
    event: { trigger: 'slot', slot },
  })),
  ...WATCH_SLOTS.map((slot) => ({
    actor: 'watch' as const,
    slot,
    event: { trigger: 'watch', slot },
  })),
];

export interface SchedulesArgs {
  readonly names: Names;
  readonly accountId: pulumi.Output<string>;
  readonly arns: Arns;
  readonly functions: Readonly<Record<Scheduled, MadeFunction>>;
  readonly undelivered: aws.sqs.Queue;
  /** False without an app: the schedules are then created but disabled. */
  readonly hasApp: boolean;
}

/** @returns one per slot */
export function schedules(
  parent: pulumi.Resource,
  args: SchedulesArgs,
): readonly aws.scheduler.Schedule[] {
  const configs = {
    refresh: failures(parent, 'refresh', args),
    watch: failures(parent, 'watch', args),
  };
  const { role, policy } = scheduleRole(parent, args);
  return PLANS.map(
    ({ actor, slot, event }) =>
      new aws.scheduler.Schedule(
        `${actor}-${slot.replace(':', '')}`,
        {
          name: args.names.schedule(actor, slot),
          groupName: 'default',
          description: `${args.names.function(actor)}, every day at ${slot} IST`,
          state: args.hasApp ? 'ENABLED' : 'DISABLED',
          scheduleExpression: scheduleExpression(slot),
          scheduleExpressionTimezone: SCHEDULE_TIME_ZONE,
          flexibleTimeWindow: { mode: 'OFF' },
          target: {
            arn: args.functions[actor].fn.arn,
            roleArn: role.arn,
            input: JSON.stringify(event),
            retryPolicy: {
              maximumRetryAttempts: 3,
              maximumEventAgeInSeconds: MAX_EVENT_AGE_SECONDS,
            },
            deadLetterConfig: { arn: args.undelivered.arn },
          },
        },
        { parent, dependsOn: [policy, configs[actor]] },
      ),
  );
}

/**
 * Disables Lambda's retries: the function itself knows which failure is worth a retry, and the PIN must not be sent
 * three times.
 */
function failures(
  parent: pulumi.Resource,
  actor: Scheduled,
  { functions, undelivered }: SchedulesArgs,
): aws.lambda.FunctionEventInvokeConfig {
  const { fn, policy } = functions[actor];
  return new aws.lambda.FunctionEventInvokeConfig(
    actor,
    {
      functionName: fn.name,
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: MAX_EVENT_AGE_SECONDS,
      destinationConfig: { onFailure: { destination: undelivered.arn } },
    },
    // Lambda refuses a destination to which the role may not send.
    { parent, dependsOn: [policy] },
  );
}

function scheduleRole(parent: pulumi.Resource, { accountId, arns, functions }: SchedulesArgs) {
  const role = new aws.iam.Role(
    'fyers-schedule',
    {
      description: "The schedules of the keeper's functions",
      assumeRolePolicy: trust('scheduler', {
        StringEquals: {
          'aws:SourceAccount': accountId,
          'aws:SourceArn': pulumi.interpolate`arn:aws:scheduler:${REGION}:${accountId}:schedule-group/default`,
        },
      }),
    },
    { parent },
  );
  const targets: Arns = {
    ...arns,
    'refresh function': functions.refresh.fn.arn,
    'watch function': functions.watch.fn.arn,
  };
  const policy = new aws.iam.RolePolicy(
    'fyers-schedule',
    { role: role.name, policy: policyFor('schedule', targets) },
    { parent },
  );
  return { role, policy };
}
