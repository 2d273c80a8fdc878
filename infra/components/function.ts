// One function of the keeper: its code, and a role and a log group of its own.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { FunctionActor, Names } from '../../core/config/names.ts';
import type { Files } from '../bundle.ts';
import { type Arns, policyFor, trust } from '../iam/policies.ts';

/** A year: who logged in, and what was published, can then still be asked. */
const LOG_DAYS = 365;
const MEMORY_MB = 256;

/** A run of the refresh waits for Fyers and for another run; a person waits for the login's page. */
const KINDS: Readonly<
  Record<FunctionActor, { readonly description: string; readonly timeoutSeconds: number }>
> = {
  refresh: {
    description: 'Makes the Fyers access token good for the trading day',
    timeoutSeconds: 120,
  },
  login: { description: 'The pages of the daily Fyers login', timeoutSeconds: 90 },
  watch: { description: 'Tells when the trading day has no live token', timeoutSeconds: 110 },
};

/** `FYERS_…` variables by name; nothing secret. */
export type Environment = Readonly<Record<string, pulumi.Input<string>>>;

interface FunctionArgs {
  readonly actor: FunctionActor;
  readonly names: Names;
  readonly arns: Arns;
  readonly files: Files;
  readonly environment: Environment;
  /** Executions that are set aside for it; null for none. */
  readonly reservedConcurrency: number | null;
}

export interface MadeFunction {
  readonly fn: aws.lambda.Function;
  readonly roleArn: pulumi.Output<string>;
  /** For what needs the function to be able to do its work. */
  readonly policy: aws.iam.RolePolicy;
}

export function keeperFunction(parent: pulumi.Resource, args: FunctionArgs): MadeFunction {
  const { actor, names } = args;
  const { description, timeoutSeconds } = KINDS[actor];
  const logGroup = new aws.cloudwatch.LogGroup(
    actor,
    { name: names.logGroup(actor), retentionInDays: LOG_DAYS },
    { parent },
  );
  const { role, policy } = roleOf(parent, args);
  const fn = new aws.lambda.Function(
    actor,
    {
      name: names.function(actor),
      description,
      role: role.arn,
      runtime: aws.lambda.Runtime.NodeJS24dX,
      architectures: ['arm64'],
      handler: `${actor}.handler`,
      code: new pulumi.asset.AssetArchive(assetsOf(args.files)),
      memorySize: MEMORY_MB,
      timeout: timeoutSeconds,
      // A bound on what the function can cost. Two runs of a refresh are kept apart by the claim on a mint, not by this.
      ...(args.reservedConcurrency === null
        ? {}
        : { reservedConcurrentExecutions: args.reservedConcurrency }),
      environment: { variables: args.environment },
      // The function writes JSON lines itself.
      loggingConfig: { logFormat: 'Text', logGroup: logGroup.name },
    },
    { parent },
  );
  return { fn, roleArn: role.arn, policy };
}

function roleOf(parent: pulumi.Resource, { actor, names, arns }: FunctionArgs) {
  const role = new aws.iam.Role(
    `fyers-${actor}`,
    { description: names.function(actor), assumeRolePolicy: trust('lambda') },
    { parent },
  );
  const policy = new aws.iam.RolePolicy(
    `fyers-${actor}`,
    { role: role.name, policy: policyFor(actor, arns) },
    { parent },
  );
  return { role, policy };
}

function assetsOf(files: Files): pulumi.asset.AssetMap {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, new pulumi.asset.StringAsset(text)]),
  );
}

// How many executions at a time the login function may have: everybody can call it, and each costs the account.

/** For one person's phone; requests that are junk take milliseconds. */
const LOGIN_EXECUTIONS_MAX = 5;
/**
 * What Lambda leaves to functions without a reservation ("PutFunctionConcurrency"). An account whose quota is below that,
 * as that of each new account is with 10, can reserve nothing: its small quota is the bound.
 */
const UNRESERVED_EXECUTIONS_MIN = 100;
/** "Concurrent executions" of AWS Lambda, for the region. */
const QUOTA = { serviceCode: 'lambda', quotaCode: 'L-B99A9384' } as const;

/** What the operator wants: a number for refresh and login each, none, or what the account's quota allows. */
export type Reservation = number | 'none' | 'byQuota';

/** By function; null for no reservation. The watch only looks, and has no need of any. */
export interface Reserved {
  readonly refresh: number | null;
  readonly login: number | null;
}

/** Null where Lambda would refuse it. */
function loginReservation(quota: number): number | null {
  return quota - LOGIN_EXECUTIONS_MAX >= UNRESERVED_EXECUTIONS_MIN ? LOGIN_EXECUTIONS_MAX : null;
}

/** Never fails: an operator who may not read the quota gets the stack without the bound, and a line that says so. */
export async function reservedBy(wanted: Reservation, provider: aws.Provider): Promise<Reserved> {
  if (wanted === 'none') return { refresh: null, login: null };
  if (wanted !== 'byQuota') return { refresh: wanted, login: wanted };
  try {
    const { value } = await aws.servicequotas.getServiceQuota(QUOTA, { provider });
    return { refresh: null, login: loginReservation(value) };
  } catch {
    await pulumi.log.info(
      'The quota of Lambda could not be read (servicequotas:GetServiceQuota), so the executions of the login function are not bounded. `npx --no-install fyers doctor` shows the quota; `pulumi config set reservedConcurrency NUMBER` sets a bound.',
    );
    return { refresh: null, login: null };
  }
}
