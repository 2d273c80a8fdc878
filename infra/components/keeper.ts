// FyersTokenRefresh, its daily schedule, where failed events go, and the adoption of newer token files.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { ENVIRONMENT, type Names, REGION } from '../../core/names.ts';
import { REFRESH_SLOTS, SCHEDULE_TIME_ZONE, scheduleExpression } from '../../core/schedule.ts';
import { type Arns, policyFor, trust } from '../policies.ts';
import type { Credentials } from './credentials.ts';

const DAY_SECONDS = 86_400;
/** How long an undelivered event is worth delivering: after that the next look at the token has passed. */
const EVENT_AGE_SECONDS = 900;
const [SLOT] = REFRESH_SLOTS;

export interface KeeperArgs {
  readonly names: Names;
  readonly suffix: string;
  readonly accountId: pulumi.Output<string>;
  readonly arns: Arns;
  readonly credentials: Credentials;
  /** The function, as one file. */
  readonly code: string;
  readonly apiUrl: string;
  readonly days: 'trading' | 'all';
  readonly fyId: string | null;
  /** False without an app: the schedule then stands but does not run. */
  readonly hasApp: boolean;
  readonly accessToken: pulumi.Output<string> | null;
  readonly refreshToken: pulumi.Output<string> | null;
}

export class Keeper extends pulumi.ComponentResource {
  readonly functionName: pulumi.Output<string>;
  readonly logGroupName: pulumi.Output<string>;
  readonly scheduleName: pulumi.Output<string>;
  readonly undeliveredUrl: pulumi.Output<string>;

  constructor(name: string, args: KeeperArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Keeper', name, {}, opts);
    const logGroup = new aws.cloudwatch.LogGroup(
      'refresh',
      { name: args.names.logGroup('refresh'), retentionInDays: 90 },
      { parent: this },
    );
    const undelivered = new aws.sqs.Queue(
      'undelivered',
      { messageRetentionSeconds: 14 * DAY_SECONDS, sqsManagedSseEnabled: true },
      { parent: this },
    );
    const arns: Arns = { ...args.arns, 'undelivered queue': undelivered.arn };
    const { role, policy } = this.#refreshRole(args, arns);
    const refresh = this.#refresh(args, { role, logGroup });
    const eventConfig = this.#eventConfig(refresh, undelivered, policy);
    const schedule = this.#schedule(args, { refresh, undelivered, arns }, eventConfig);
    this.#adopt(args, refresh, policy);

    this.functionName = refresh.name;
    this.logGroupName = logGroup.name;
    this.scheduleName = schedule.name;
    this.undeliveredUrl = undelivered.url;
    this.registerOutputs({ functionName: this.functionName, scheduleName: this.scheduleName });
  }

  #refreshRole({ credentials }: KeeperArgs, arns: Arns) {
    const { pinArn } = credentials;
    const role = new aws.iam.Role(
      'fyers-refresh',
      { description: 'FyersTokenRefresh', assumeRolePolicy: trust('lambda') },
      { parent: this },
    );
    const policy = new aws.iam.RolePolicy(
      'fyers-refresh',
      {
        role: role.name,
        policy: policyFor('refresh', pinArn === null ? arns : { ...arns, pin: pinArn }),
      },
      { parent: this },
    );
    return { role, policy };
  }

  #refresh(
    args: KeeperArgs,
    { role, logGroup }: { role: aws.iam.Role; logGroup: aws.cloudwatch.LogGroup },
  ): aws.lambda.Function {
    return new aws.lambda.Function(
      'refresh',
      {
        name: args.names.function('refresh'),
        description: 'Makes the Fyers access token good for the trading day',
        role: role.arn,
        runtime: aws.lambda.Runtime.NodeJS24dX,
        architectures: ['arm64'],
        handler: 'index.handler',
        code: new pulumi.asset.AssetArchive({
          'index.mjs': new pulumi.asset.StringAsset(args.code),
        }),
        memorySize: 256,
        timeout: 120,
        environment: {
          variables: {
            [ENVIRONMENT.suffix]: args.suffix,
            [ENVIRONMENT.apiUrl]: args.apiUrl,
            [ENVIRONMENT.days]: args.days,
            ...(args.fyId === null ? {} : { [ENVIRONMENT.fyId]: args.fyId }),
            ...(args.credentials.pinArn === null
              ? {}
              : { [ENVIRONMENT.pinSecret]: args.names.pinSecret }),
          },
        },
        // The function writes JSON lines itself.
        loggingConfig: { logFormat: 'Text', logGroup: logGroup.name },
      },
      { parent: this },
    );
  }

  /** The function knows which failure is worth a second try; Lambda does not, and a PIN must not be sent thrice. */
  #eventConfig(
    refresh: aws.lambda.Function,
    undelivered: aws.sqs.Queue,
    policy: aws.iam.RolePolicy,
  ): aws.lambda.FunctionEventInvokeConfig {
    return new aws.lambda.FunctionEventInvokeConfig(
      'refresh',
      {
        functionName: refresh.name,
        maximumRetryAttempts: 0,
        maximumEventAgeInSeconds: EVENT_AGE_SECONDS,
        destinationConfig: { onFailure: { destination: undelivered.arn } },
      },
      // Lambda refuses a destination that the role may not send to.
      { parent: this, dependsOn: [policy] },
    );
  }

  #schedule(
    args: KeeperArgs,
    made: { refresh: aws.lambda.Function; undelivered: aws.sqs.Queue; arns: Arns },
    eventConfig: aws.lambda.FunctionEventInvokeConfig,
  ): aws.scheduler.Schedule {
    const role = new aws.iam.Role(
      'fyers-schedule',
      {
        description: 'The schedule of FyersTokenRefresh',
        assumeRolePolicy: trust('scheduler', {
          StringEquals: {
            'aws:SourceAccount': args.accountId,
            'aws:SourceArn': pulumi.interpolate`arn:aws:scheduler:${REGION}:${args.accountId}:schedule-group/default`,
          },
        }),
      },
      { parent: this },
    );
    const arns: Arns = { ...made.arns, 'refresh function': made.refresh.arn };
    const policy = new aws.iam.RolePolicy(
      'fyers-schedule',
      { role: role.name, policy: policyFor('schedule', arns) },
      { parent: this },
    );
    return new aws.scheduler.Schedule(
      'refresh',
      {
        name: args.names.schedule('refresh', SLOT),
        groupName: 'default',
        description: `FyersTokenRefresh, every day at ${SLOT} IST`,
        state: args.hasApp ? 'ENABLED' : 'DISABLED',
        scheduleExpression: scheduleExpression(SLOT),
        scheduleExpressionTimezone: SCHEDULE_TIME_ZONE,
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: made.refresh.arn,
          roleArn: role.arn,
          input: JSON.stringify({ trigger: 'slot', slot: SLOT }),
          retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: EVENT_AGE_SECONDS },
          deadLetterConfig: { arn: made.undelivered.arn },
        },
      },
      { parent: this, dependsOn: [policy, eventConfig] },
    );
  }

  /**
   * Token files that are newer than the first deploy reach AWS by this event; the same files are not sent twice. Never
   * the PIN: the id of an invocation holds the MD5 of its input, and that of four digits is the PIN.
   */
  #adopt(args: KeeperArgs, refresh: aws.lambda.Function, policy: aws.iam.RolePolicy): void {
    const { accessToken, refreshToken, credentials } = args;
    if (!args.hasApp || (accessToken === null && refreshToken === null)) return;
    const input = pulumi
      .all([accessToken, refreshToken])
      .apply(([access, refreshed]) =>
        JSON.stringify({ adopt: { accessToken: access, refreshToken: refreshed } }),
      );
    new aws.lambda.Invocation(
      'adopt',
      { functionName: refresh.name, input: pulumi.secret(input) },
      { parent: this, dependsOn: [policy, ...credentials.parameters] },
    );
  }
}
