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
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
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
import { zipOf } from '../../sandbox/pulumi/resources/zip.ts';
import { createRole } from './restricted-role.ts';

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

const GRANT = {
  Effect: 'Allow',
  Action: ['ssm:GetParameter', 'ssm:PutParameter'],
  Resource: 'arn:aws:ssm:ap-south-1:*:parameter/FYERS_*',
};

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
      Role: await createRole(aws, ROLE, GRANT, 'FyersTokenRefreshPolicy'),
      MemorySize: 128,
      Timeout: 60,
      Code: { ZipFile: zipOf({ assets: {} }) },
      Environment: { Variables: made.variables ?? {} },
    }),
  );
  return FunctionArn ?? '';
}

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
