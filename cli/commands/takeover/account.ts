// Reads and removes the resources that the Python original's deploy script created in an account, under that script's
// names.
import { awsCall, nullIfNotFound } from '../../shared/aws.ts';
import type { AwsOptions } from '../../shared/io.ts';

export const LEFT = {
  rule: 'FyersTokenRefreshDaily',
  function: 'FyersTokenRefresh',
  logGroup: '/aws/lambda/FyersTokenRefresh',
  role: 'FyersTokenRefreshRole',
  policy: 'FyersTokenRefreshPolicy',
  parameters: ['FYERS_CLIENT_ID', 'FYERS_SECRET_KEY', 'FYERS_ACCESS_TOKEN', 'FYERS_REFRESH_TOKEN'],
  secret: 'FYERS_PIN',
} as const;

export type LeftParameter = (typeof LEFT.parameters)[number];

/** Whose function has the name: the original's runtime is Python, ours is not. */
type Owner = 'reference' | 'ours' | 'unknown';

export interface LeftFunction {
  readonly owner: Owner;
  readonly runtime: string;
}

export interface LeftSecret {
  /** Null if the secret was deleted and its name stays reserved until the recovery window ends. */
  readonly value: string | null;
}

/** Reading changes nothing; removing a missing resource does nothing. Errors: those of every AWS call by the operator. */
export type Account = Awaited<ReturnType<typeof accountOf>>;

export async function accountOf(aws: AwsOptions) {
  const parts = await Promise.all([ruleIn(aws), functionIn(aws), logGroupIn(aws), roleIn(aws)]);
  const [rule, lambda, logGroup, role] = parts;
  const [parameters, secret] = await Promise.all([parametersIn(aws), secretIn(aws)]);
  return { rule, lambda, logGroup, role, parameters, secret };
}

async function ruleIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-eventbridge');
  const client = new sdk.EventBridgeClient(aws);
  const Name = LEFT.rule;
  return {
    async find(): Promise<{ readonly enabled: boolean } | null> {
      const found = await nullIfNotFound(`Reading the rule ${Name}`, () =>
        client.send(new sdk.DescribeRuleCommand({ Name })),
      );
      return found === null ? null : { enabled: found.State !== 'DISABLED' };
    },
    disable: () =>
      nullIfNotFound(`Disabling the rule ${Name}`, () =>
        client.send(new sdk.DisableRuleCommand({ Name })),
      ),
    remove: () =>
      nullIfNotFound(`Removing the rule ${Name}`, async () => {
        const { Targets = [] } = await client.send(
          new sdk.ListTargetsByRuleCommand({ Rule: Name }),
        );
        const Ids = Targets.flatMap(({ Id }) => Id ?? []);
        if (Ids.length > 0) await client.send(new sdk.RemoveTargetsCommand({ Rule: Name, Ids }));
        await client.send(new sdk.DeleteRuleCommand({ Name }));
      }),
  };
}

async function functionIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-lambda');
  const client = new sdk.LambdaClient(aws);
  const FunctionName = LEFT.function;
  return {
    async find(): Promise<LeftFunction | null> {
      const found = await nullIfNotFound(`Reading the function ${FunctionName}`, () =>
        client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName })),
      );
      if (found === null) return null;
      const { Runtime = '', Handler = '' } = found;
      return { owner: ownerOf(Runtime, Handler), runtime: Runtime };
    },
    remove: () =>
      nullIfNotFound(`Removing the function ${FunctionName}`, () =>
        client.send(new sdk.DeleteFunctionCommand({ FunctionName })),
      ),
  };
}

function ownerOf(runtime: string, handler: string): Owner {
  if (runtime.startsWith('nodejs')) return 'ours';
  const isTheirs = runtime.startsWith('python') && handler === 'refresh_token.lambda_handler';
  return isTheirs ? 'reference' : 'unknown';
}

async function logGroupIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-cloudwatch-logs');
  const client = new sdk.CloudWatchLogsClient(aws);
  const logGroupName = LEFT.logGroup;
  return {
    async find(): Promise<boolean> {
      const { logGroups = [] } = await awsCall(`Reading the log group ${logGroupName}`, () =>
        client.send(new sdk.DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName })),
      );
      return logGroups.some((each) => each.logGroupName === logGroupName);
    },
    remove: () =>
      nullIfNotFound(`Removing the log group ${logGroupName}`, () =>
        client.send(new sdk.DeleteLogGroupCommand({ logGroupName })),
      ),
  };
}

async function roleIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-iam');
  const client = new sdk.IAMClient(aws);
  const { role: RoleName, policy: PolicyName } = LEFT;
  return {
    async find(): Promise<boolean> {
      const found = await nullIfNotFound(`Reading the role ${RoleName}`, () =>
        client.send(new sdk.GetRoleCommand({ RoleName })),
      );
      return found !== null;
    },
    /** Removes only the original's own policy: AWS keeps a role that has other policies attached. */
    async remove(): Promise<void> {
      await nullIfNotFound(`Removing the policy ${PolicyName}`, () =>
        client.send(new sdk.DeleteRolePolicyCommand({ RoleName, PolicyName })),
      );
      await nullIfNotFound(`Removing the role ${RoleName}`, () =>
        client.send(new sdk.DeleteRoleCommand({ RoleName })),
      );
    },
  };
}

async function parametersIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-ssm');
  const client = new sdk.SSMClient(aws);
  return {
    async read(Name: LeftParameter): Promise<string | null> {
      const found = await nullIfNotFound(`Reading the parameter ${Name}`, () =>
        client.send(new sdk.GetParameterCommand({ Name, WithDecryption: true })),
      );
      return found?.Parameter?.Value ?? null;
    },
    remove: (Name: LeftParameter) =>
      nullIfNotFound(`Removing the parameter ${Name}`, () =>
        client.send(new sdk.DeleteParameterCommand({ Name })),
      ),
  };
}

async function secretIn(aws: AwsOptions) {
  const sdk = await import('@aws-sdk/client-secrets-manager');
  const client = new sdk.SecretsManagerClient(aws);
  const SecretId = LEFT.secret;
  return {
    async read(): Promise<LeftSecret | null> {
      const about = await nullIfNotFound(`Reading the secret ${SecretId}`, () =>
        client.send(new sdk.DescribeSecretCommand({ SecretId })),
      );
      if (about === null) return null;
      if (about.DeletedDate !== undefined) return { value: null };
      const found = await nullIfNotFound(`Reading the secret ${SecretId}`, () =>
        client.send(new sdk.GetSecretValueCommand({ SecretId })),
      );
      return { value: found?.SecretString ?? null };
    },
    /**
     * Delete immediately: during a recovery window the name is reserved, and `pulumi up` could not create its own
     * secret.
     */
    remove: () =>
      nullIfNotFound(`Removing the secret ${SecretId}`, () =>
        client.send(new sdk.DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })),
      ),
  };
}
