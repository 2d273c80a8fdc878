// Creates the resources of the reference's deploy script in an account, with its names and settings.
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateRoleCommand,
  GetRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { AwsOptions } from '../../cli/shared/io.ts';

const FUNCTION = 'FyersTokenRefresh';
const RULE = 'FyersTokenRefreshDaily';
const ROLE = 'FyersTokenRefreshRole';
const LOG_GROUP = `/aws/lambda/${FUNCTION}`;
const SECRET = 'FYERS_PIN';

export interface ReferenceValues {
  readonly parameters: Readonly<Record<string, string>>;
  readonly pin: string;
}

export async function installReference(
  aws: AwsOptions,
  { parameters, pin }: ReferenceValues,
): Promise<void> {
  const ssm = new SSMClient(aws);
  for (const [Name, Value] of Object.entries(parameters)) {
    await ssm.send(new PutParameterCommand({ Name, Value, Type: 'SecureString', Overwrite: true }));
  }
  await new SecretsManagerClient(aws).send(
    new CreateSecretCommand({ Name: SECRET, SecretString: pin }),
  );
  const functionArn = await installFunction(aws, { runtime: 'python3.10' });
  await schedule(aws, functionArn);
  await new CloudWatchLogsClient(aws).send(new CreateLogGroupCommand({ logGroupName: LOG_GROUP }));
}

async function role(aws: AwsOptions): Promise<string> {
  const iam = new IAMClient(aws);
  const statement = (rest: object) => JSON.stringify({ Version: '2012-10-17', Statement: [rest] });
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: ROLE,
      AssumeRolePolicyDocument: statement({
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
    }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: ROLE,
      PolicyName: 'FyersTokenRefreshPolicy',
      PolicyDocument: statement({
        Effect: 'Allow',
        Action: ['ssm:GetParameter', 'ssm:PutParameter'],
        Resource: 'arn:aws:ssm:ap-south-1:*:parameter/FYERS_*',
      }),
    }),
  );
  return Role?.Arn ?? '';
}

/** The function alone; with another runtime it is not the reference's. */
export async function installFunction(
  aws: AwsOptions,
  made: {
    readonly runtime: 'python3.10' | 'nodejs24.x';
    readonly handler?: string;
    readonly variables?: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const { FunctionArn } = await new LambdaClient(aws).send(
    new CreateFunctionCommand({
      FunctionName: FUNCTION,
      Runtime: made.runtime,
      Handler: made.handler ?? 'refresh_token.lambda_handler',
      Role: await role(aws),
      MemorySize: 128,
      Timeout: 60,
      Code: { ZipFile: EMPTY_ZIP },
      Environment: { Variables: made.variables ?? {} },
    }),
  );
  return FunctionArn ?? '';
}

/** An archive without files: its end record alone. */
const EMPTY_ZIP = new Uint8Array(Buffer.from(`504b0506${'00'.repeat(18)}`, 'hex'));

export async function schedule(aws: AwsOptions, functionArn: string): Promise<void> {
  const events = new EventBridgeClient(aws);
  const { RuleArn } = await events.send(
    new PutRuleCommand({ Name: RULE, ScheduleExpression: 'cron(30 1 * * ? *)', State: 'ENABLED' }),
  );
  if (functionArn === '') return;
  await new LambdaClient(aws).send(
    new AddPermissionCommand({
      FunctionName: FUNCTION,
      StatementId: 'AllowEventBridgeInvoke',
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: RuleArn,
    }),
  );
  await events.send(
    new PutTargetsCommand({ Rule: RULE, Targets: [{ Id: '1', Arn: functionArn }] }),
  );
}

export interface Remaining {
  /** `ENABLED`, `DISABLED`, or null without a rule. */
  readonly rule: string | null;
  /** Its runtime. */
  readonly lambda: string | null;
  readonly logGroup: boolean;
  readonly role: boolean;
  readonly values: Readonly<Record<string, string>>;
}

/** What is there now, values in clear. */
export async function remaining(aws: AwsOptions): Promise<Remaining> {
  const orNull = <T>(answer: Promise<T>): Promise<T | null> => answer.catch(() => null);
  const [rule, lambda, groups, found] = await Promise.all([
    orNull(new EventBridgeClient(aws).send(new DescribeRuleCommand({ Name: RULE }))),
    orNull(
      new LambdaClient(aws).send(new GetFunctionConfigurationCommand({ FunctionName: FUNCTION })),
    ),
    new CloudWatchLogsClient(aws).send(new DescribeLogGroupsCommand({})),
    orNull(new IAMClient(aws).send(new GetRoleCommand({ RoleName: ROLE }))),
  ]);
  const values: Record<string, string> = {};
  const ssm = new SSMClient(aws);
  for (const name of ['CLIENT_ID', 'SECRET_KEY', 'ACCESS_TOKEN', 'REFRESH_TOKEN']) {
    const Name = `FYERS_${name}`;
    const parameter = await orNull(
      ssm.send(new GetParameterCommand({ Name, WithDecryption: true })),
    );
    if (parameter?.Parameter?.Value !== undefined) values[Name] = parameter.Parameter.Value;
  }
  const secret = await orNull(
    new SecretsManagerClient(aws).send(new GetSecretValueCommand({ SecretId: SECRET })),
  );
  if (secret?.SecretString !== undefined) values[SECRET] = secret.SecretString;
  return {
    rule: rule?.State ?? null,
    lambda: lambda?.Runtime ?? null,
    logGroup: (groups.logGroups ?? []).some(({ logGroupName }) => logGroupName === LOG_GROUP),
    role: found !== null,
    values,
  };
}
