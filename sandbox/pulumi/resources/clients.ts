// The emulator's address and keys come from the environment of the process (AWS_ENDPOINT_URL and its like).
import { AthenaClient } from '@aws-sdk/client-athena';
import { BudgetsClient } from '@aws-sdk/client-budgets';
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GlueClient } from '@aws-sdk/client-glue';
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { REGION } from '../../../core/config/names.ts';

const options = { region: REGION };

export const athena = new AthenaClient(options);
export const budgets = new BudgetsClient(options);
export const cloudtrail = new CloudTrailClient(options);
export const cloudwatch = new CloudWatchClient(options);
export const logs = new CloudWatchLogsClient(options);
export const ec2 = new EC2Client(options);
export const events = new EventBridgeClient(options);
export const glue = new GlueClient(options);
export const iam = new IAMClient(options);
export const kms = new KMSClient(options);
export const lambda = new LambdaClient(options);
export const s3 = new S3Client(options);
export const scheduler = new SchedulerClient(options);
export const secrets = new SecretsManagerClient(options);
export const sns = new SNSClient(options);
export const sqs = new SQSClient(options);
export const ssm = new SSMClient(options);
const sts = new STSClient(options);

export async function callerIdentity(): Promise<{ account: string; arn: string; userId: string }> {
  const answer = await sts.send(new GetCallerIdentityCommand({}));
  return { account: answer.Account ?? '', arn: answer.Arn ?? '', userId: answer.UserId ?? '' };
}

export async function arn(service: string, resource: string): Promise<string> {
  return `arn:aws:${service}:${REGION}:${(await callerIdentity()).account}:${resource}`;
}
