// Creates the keeper: three functions, the login URL, schedules, a queue for events that were not delivered or failed,
// and the adoption of newer token files.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import {
  DEFAULT_KEY_ID,
  ENVIRONMENT,
  type FunctionActor,
  LOGIN_URL_KEYWORD,
  type Names,
  REGION,
} from '../../core/config/names.ts';
import type { Override } from '../../core/market/calendar-data.ts';
import {
  REFRESH_SLOTS,
  type RefreshSlot,
  SCHEDULE_TIME_ZONE,
  WATCH_SLOTS,
  type WatchSlot,
  scheduleExpression,
} from '../../core/schedule.ts';
import type { ProbeRefresh } from '../../core/token/decide.ts';
import type { Code } from '../bundle.ts';
import { type Arns, policyFor, trust } from '../iam/policies.ts';
import type { Credentials } from './credentials.ts';
import { type Environment, keeperFunction, type MadeFunction, type Reserved } from './function.ts';
import type { Messages } from './messages.ts';

const DAY_SECONDS = 86_400;

interface KeeperArgs {
  readonly names: Names;
  readonly suffix: string;
  readonly accountId: pulumi.Output<string>;
  readonly arns: Arns;
  readonly credentials: Credentials;
  readonly messages: Pick<Messages, 'topicArn'>;
  readonly code: Pick<Code, 'functions'>;
  readonly apiUrl: string;
  readonly telegramApiUrl: string | null;
  readonly redirectUri: string;
  readonly days: 'trading' | 'all';
  readonly probeRefresh: ProbeRefresh;
  readonly calendar: readonly Override[];
  readonly fyId: string | null;
  /** True if a harvester records with the token. */
  readonly harvester: boolean;
  readonly telegram: pulumi.Output<string> | null;
  /** False without an app: the schedules are then created but disabled. */
  readonly hasApp: boolean;
  readonly accessToken: pulumi.Output<string> | null;
  readonly refreshToken: pulumi.Output<string> | null;
  readonly reserved: Reserved;
}

export class Keeper extends pulumi.ComponentResource {
  readonly functionNames: Readonly<Record<FunctionActor, pulumi.Output<string>>>;
  /** URL of the login function, with a trailing slash. */
  readonly loginUrl: pulumi.Output<string>;
  readonly scheduleNames: readonly pulumi.Output<string>[];
  /** Roles of the functions, which read secrets. */
  readonly roleArns: readonly pulumi.Output<string>[];
  readonly watchArn: pulumi.Output<string>;
  readonly undelivered: Readonly<Record<'name' | 'url', pulumi.Output<string>>>;

  constructor(name: string, args: KeeperArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Keeper', name, {}, opts);
    const undelivered = new aws.sqs.Queue(
      'undelivered',
      { messageRetentionSeconds: 14 * DAY_SECONDS, sqsManagedSseEnabled: true },
      { parent: this },
    );
    const arns = reachableArns(args, undelivered);
    const make = (actor: FunctionActor, environment: Environment) =>
      keeperFunction(this, {
        actor,
        names: args.names,
        arns,
        files: args.code.functions[actor],
        reservedConcurrency: actor === 'watch' ? null : args.reserved[actor],
        environment,
      });
    const login = make('login', environmentOf(args));
    const loginUrl = this.#loginUrl(login, args);
    const asking = { ...environmentOf(args), [ENVIRONMENT.loginUrl]: loginUrl };
    const refresh = make('refresh', {
      ...asking,
      ...pinEnvironment(args),
      [ENVIRONMENT.probeRefresh]: args.probeRefresh,
    });
    const watch = make('watch', asking);
    const made = schedules(this, { ...args, arns, functions: { refresh, watch }, undelivered });
    this.#adopt(args, refresh);

    this.functionNames = { refresh: refresh.fn.name, login: login.fn.name, watch: watch.fn.name };
    this.loginUrl = loginUrl;
    this.scheduleNames = made.map((schedule) => schedule.name);
    this.roleArns = [refresh, login, watch].map(({ roleArn }) => roleArn);
    this.watchArn = watch.fn.arn;
    this.undelivered = { name: undelivered.name, url: undelivered.url };
    this.registerOutputs({ functionNames: this.functionNames, loginUrl });
  }

  /** Public, because a phone opens the page; the function itself rejects links that are not signed with our key. */
  #loginUrl(
    { fn }: MadeFunction,
    { names, redirectUri, credentials }: KeeperArgs,
  ): pulumi.Output<string> {
    // The provider itself adds the two permissions that a function URL needs, InvokeFunctionUrl and InvokeFunction.
    const url = new aws.lambda.FunctionUrl(
      'login',
      { functionName: fn.name, authorizationType: 'NONE' },
      { parent: this, hooks: { afterCreate: [newLoginUrlHook(redirectUri)] } },
    );
    // Stored in a parameter for the login function itself: its own environment would be a circular dependency. The
    // host of a request is not trustworthy, because the caller sets it, and the mailed link would lead there.
    new aws.ssm.Parameter(
      'login-url',
      {
        name: names.parameter('FYERS_LOGIN_URL'),
        // Not secret; encrypted because every parameter of the stack is.
        type: aws.ssm.ParameterType.SecureString,
        tier: 'Standard',
        keyId: credentials.keyArn ?? DEFAULT_KEY_ID,
        description: "The login function's address; set by pulumi up",
        value: url.functionUrl,
      },
      { parent: this },
    );
    return url.functionUrl;
  }

  /**
   * Sends token files that are newer than the first deploy to AWS; the same files are not sent twice. Never sends the
   * PIN: the invocation's id contains the MD5 of its input, from which four digits can be recovered.
   */
  #adopt(args: KeeperArgs, { fn, policy }: MadeFunction): void {
    const { accessToken, refreshToken, credentials } = args;
    if (!args.hasApp || (accessToken === null && refreshToken === null)) return;
    const input = pulumi
      .all([accessToken, refreshToken])
      .apply(([access, refreshed]) =>
        JSON.stringify({ adopt: { accessToken: access, refreshToken: refreshed } }),
      );
    new aws.lambda.Invocation(
      'adopt',
      { functionName: fn.name, input: pulumi.secret(input) },
      { parent: this, dependsOn: [policy, ...credentials.parameters] },
    );
  }
}

function reachableArns(
  { arns, messages, credentials }: KeeperArgs,
  undelivered: aws.sqs.Queue,
): Arns {
  const { pinArn } = credentials;
  return {
    ...arns,
    topic: messages.topicArn,
    'undelivered queue': undelivered.arn,
    ...(pinArn === null ? {} : { pin: pinArn }),
  };
}

/** Environment of every function; `core/config/names.ts` documents each variable. */
function environmentOf(args: KeeperArgs): Environment {
  const { keyArn } = args.credentials;
  return {
    [ENVIRONMENT.suffix]: args.suffix,
    [ENVIRONMENT.apiUrl]: args.apiUrl,
    [ENVIRONMENT.redirectUri]: args.redirectUri,
    [ENVIRONMENT.days]: args.days,
    [ENVIRONMENT.topicArn]: args.messages.topicArn,
    ...(args.calendar.length === 0
      ? {}
      : { [ENVIRONMENT.calendar]: JSON.stringify(args.calendar) }),
    ...(args.harvester ? { [ENVIRONMENT.harvester]: 'yes' } : {}),
    ...(keyArn === null ? {} : { [ENVIRONMENT.keyId]: keyArn }),
    ...(args.fyId === null ? {} : { [ENVIRONMENT.fyId]: args.fyId }),
    ...(args.telegram === null ? {} : { [ENVIRONMENT.telegram]: 'yes' }),
    ...(args.telegramApiUrl === null ? {} : { [ENVIRONMENT.telegramApiUrl]: args.telegramApiUrl }),
  };
}

function pinEnvironment({ credentials, names }: KeeperArgs): Environment {
  return credentials.pinArn === null ? {} : { [ENVIRONMENT.pinSecret]: names.pinSecret };
}

/**
 * Warns when the login URL changes: AWS generates it, so it differs after `pulumi destroy` and `pulumi up`. Runs
 * after the URL is created, never for an existing one, and not in a preview.
 */
function newLoginUrlHook(redirectUri: string): pulumi.ResourceHook {
  return new pulumi.ResourceHook('login-url-is-new', async ({ newOutputs }) => {
    const url = String(newOutputs?.['functionUrl']);
    if (redirectUri === LOGIN_URL_KEYWORD) await pulumi.log.warn(registerAgainText(url));
    else await pulumi.log.info(`${newUrlText(url)} Renew the bookmark on your phone.`);
  });
}

const newUrlText = (url: string) =>
  `The login URL is new: ${url} (the URL of an earlier stack no longer works).`;

function registerAgainText(url: string): string {
  return `${newUrlText(url)} No login succeeds until the app has exactly this redirect URL at https://myapi.fyers.in/dashboard. Renew the bookmark on your phone, too.`;
}

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

interface SchedulesArgs {
  readonly names: Names;
  readonly accountId: pulumi.Output<string>;
  readonly arns: Arns;
  readonly functions: Readonly<Record<Scheduled, MadeFunction>>;
  readonly undelivered: aws.sqs.Queue;
  /** False without an app: the schedules are then created but disabled. */
  readonly hasApp: boolean;
}

/** @returns one per slot */
function schedules(
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
