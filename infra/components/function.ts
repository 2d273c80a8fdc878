// Creates one function of the keeper with its own role and log group, and decides the functions' reserved
// concurrency: everyone can call the login function, and each execution costs the account.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { FunctionActor, Names } from '../../core/config/names.ts';
import type { Reservation } from '../../core/config/program-values.ts';
import type { Files } from '../bundle.ts';
import { type Arns, policyFor, trust } from '../iam/policies.ts';

/** One year, to look up later who logged in and which tokens were published. */
const LOG_RETENTION_DAYS = 365;
const MEMORY_MB = 256;

/** A refresh may wait for Fyers and for another run; at the login page a person waits. */
const KINDS: Readonly<
  Record<FunctionActor, { readonly description: string; readonly timeoutSeconds: number }>
> = {
  refresh: {
    description: 'Makes the Fyers access token good for the trading day',
    timeoutSeconds: 120,
  },
  login: { description: 'The pages of the daily Fyers login', timeoutSeconds: 90 },
  watch: {
    description: 'Sends a message when the trading day has no live token',
    timeoutSeconds: 110,
  },
};

/** `FYERS_…` variables by name; no secrets. */
export type Environment = Readonly<Record<string, pulumi.Input<string>>>;

interface FunctionArgs {
  readonly actor: FunctionActor;
  readonly names: Names;
  readonly arns: Arns;
  readonly files: Files;
  readonly environment: Environment;
  /** Reserved executions; null for none. */
  readonly reservedConcurrency: number | null;
}

export interface MadeFunction {
  readonly fn: aws.lambda.Function;
  readonly roleArn: pulumi.Output<string>;
  /** For resources that need the function to have its permissions. */
  readonly policy: aws.iam.RolePolicy;
}

export function keeperFunction(parent: pulumi.Resource, args: FunctionArgs): MadeFunction {
  const { actor, names } = args;
  const { description, timeoutSeconds } = KINDS[actor];
  const logGroup = new aws.cloudwatch.LogGroup(
    actor,
    { name: names.logGroup(actor), retentionInDays: LOG_RETENTION_DAYS },
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
      // Limits the function's cost. Concurrent refresh runs are excluded by the mint claim, not by this.
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

/** Enough for one person's phone; invalid requests take milliseconds. */
const MAX_LOGIN_EXECUTIONS = 5;
/**
 * Lambda keeps this many executions for functions without a reservation ("PutFunctionConcurrency"). An account with a
 * smaller quota, such as a new account with 10, cannot reserve any: its small quota is the limit.
 */
const MIN_UNRESERVED_EXECUTIONS = 100;
/** Service quota "Concurrent executions" of AWS Lambda, per region. */
const QUOTA = { serviceCode: 'lambda', quotaCode: 'L-B99A9384' } as const;

/** By function; null for no reservation. The watch only reads and needs no reservation. */
export interface Reserved {
  readonly refresh: number | null;
  readonly login: number | null;
}

/** Null if Lambda would refuse it. */
function loginReservation(quota: number): number | null {
  return quota - MAX_LOGIN_EXECUTIONS >= MIN_UNRESERVED_EXECUTIONS ? MAX_LOGIN_EXECUTIONS : null;
}

/** Never fails: an operator without permission to read the quota gets the stack without the limit, and a warning. */
export async function reservedBy(wanted: Reservation, provider: aws.Provider): Promise<Reserved> {
  if (wanted === 'none') return { refresh: null, login: null };
  if (wanted !== 'byQuota') return { refresh: wanted, login: wanted };
  try {
    const { value } = await aws.servicequotas.getServiceQuota(QUOTA, { provider });
    return { refresh: null, login: loginReservation(value) };
  } catch {
    await pulumi.log.info(
      'The quota of Lambda could not be read (servicequotas:GetServiceQuota), so the executions of the login function are not bounded. `./fyers doctor` shows the quota; `pulumi config set reservedConcurrency NUMBER` sets a bound.',
    );
    return { refresh: null, login: null };
  }
}
