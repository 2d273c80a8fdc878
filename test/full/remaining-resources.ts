import { BudgetsClient, DescribeBudgetsCommand } from '@aws-sdk/client-budgets';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client, DescribeInstancesCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { IAMClient, ListInstanceProfilesCommand, ListRolesCommand } from '@aws-sdk/client-iam';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

import { vi } from 'vitest';
import type { Registered } from '../../sandbox/pulumi/register.ts';

interface ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Those of the registered resources that still exist, by the reads of the sandbox's table of types. */
export async function stillExisting(
  resources: Registered['resources'],
  { endpoint, credentials }: ClientOptions,
): Promise<readonly string[]> {
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  const { RESOURCE_TYPES } = await import('../../sandbox/pulumi/resources/table.ts');
  const found: string[] = [];
  for (const { type, name, id, inputs } of resources) {
    const live = await RESOURCE_TYPES.get(type)?.read(id, inputs);
    if (live !== null) found.push(`${type} ${name}`);
  }
  vi.unstubAllEnvs();
  return found;
}

/** Lists the emulator's resources of the most frequent types, also those that no state has; without the account's own. */
export async function leftBehind(options: ClientOptions): Promise<readonly string[]> {
  const [parameters, held, roles, profiles, functions, groups, alarms, schedules] =
    await Promise.all([
      new SSMClient(options).send(new DescribeParametersCommand({})),
      new SecretsManagerClient(options).send(new ListSecretsCommand({})),
      new IAMClient(options).send(new ListRolesCommand({})),
      new IAMClient(options).send(new ListInstanceProfilesCommand({})),
      new LambdaClient(options).send(new ListFunctionsCommand({})),
      new CloudWatchLogsClient(options).send(new DescribeLogGroupsCommand({})),
      new CloudWatchClient(options).send(new DescribeAlarmsCommand({})),
      new SchedulerClient(options).send(new ListSchedulesCommand({})),
    ]);
  const [queues, topics, buckets, vpcs, machines] = await Promise.all([
    new SQSClient(options).send(new ListQueuesCommand({})),
    new SNSClient(options).send(new ListTopicsCommand({})),
    new S3Client(options).send(new ListBucketsCommand({})),
    new EC2Client(options).send(new DescribeVpcsCommand({})),
    new EC2Client(options).send(new DescribeInstancesCommand({})),
  ]);
  const { Account: AccountId } = await new STSClient(options).send(
    new GetCallerIdentityCommand({}),
  );
  const budgets = await new BudgetsClient(options).send(new DescribeBudgetsCommand({ AccountId }));
  // The keeper's own state is not the program's (`./fyers ssm delete --all`).
  const ours = /^FYERS_(?:TOKEN_STATE|LOGIN_STATE|TOKEN_CLAIM)/;
  const instances = (machines.Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
  const all: Readonly<Record<string, readonly (string | undefined)[]>> = {
    parameter:
      parameters.Parameters?.map((one) => one.Name).filter((n) => !ours.test(n ?? '')) ?? [],
    secret: held.SecretList?.map((one) => one.Name) ?? [],
    role: roles.Roles?.map((one) => one.RoleName) ?? [],
    profile: profiles.InstanceProfiles?.map((one) => one.InstanceProfileName) ?? [],
    function: functions.Functions?.map((one) => one.FunctionName) ?? [],
    'log group': groups.logGroups?.map((one) => one.logGroupName) ?? [],
    alarm: alarms.MetricAlarms?.map((one) => one.AlarmName) ?? [],
    budget: budgets.Budgets?.map((one) => one.BudgetName) ?? [],
    schedule: schedules.Schedules?.map((one) => one.Name) ?? [],
    queue: queues.QueueUrls ?? [],
    topic: topics.Topics?.map((one) => one.TopicArn) ?? [],
    bucket: buckets.Buckets?.map((one) => one.Name) ?? [],
    vpc: vpcs.Vpcs?.filter((one) => one.IsDefault !== true).map((one) => one.VpcId) ?? [],
    instance: instances
      .filter((one) => one.State?.Name !== 'terminated')
      .map((one) => one.InstanceId),
  };
  return Object.entries(all).flatMap(([kind, names]) =>
    names.map((name) => `${kind} ${String(name)}`),
  );
}
