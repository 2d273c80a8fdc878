// The one table of resource types and functions, for the engine's provider and for the run without the CLI.
import * as z from 'zod/mini';
import { REGION } from '../../../core/config/names.ts';
import { ATHENA_TYPES } from './athena.ts';
import { BUDGET_TYPES } from './budgets.ts';
import { callerIdentity } from './clients.ts';
import { CLOUDTRAIL_TYPES } from './cloudtrail.ts';
import { CLOUDWATCH_TYPES } from './cloudwatch.ts';
import { EVENT_TYPES } from './events.ts';
import { FUNCTION_URL_TYPES } from './function-url.ts';
import { GLUE_TYPES } from './glue.ts';
import { IAM_TYPES } from './iam.ts';
import { INSTANCE_TYPES } from './instance.ts';
import { KMS_TYPES } from './kms.ts';
import { LAMBDA_INVOKES, LAMBDA_TYPES } from './lambda.ts';
import { MESSAGING_TYPES } from './messaging.ts';
import { NETWORK_INVOKES, NETWORK_TYPES } from './network.ts';
import { S3_SETTING_TYPES } from './s3-settings.ts';
import { S3_TYPES } from './s3.ts';
import { SCHEDULER_TYPES } from './scheduler.ts';
import { SECRETS_TYPES } from './secrets.ts';
import { SECURITY_GROUP_TYPES } from './security-group.ts';
import { SSM_INVOKES, SSM_TYPES } from './ssm.ts';
import { invoke, type Invoke, type ResourceType } from './type.ts';

export const RESOURCE_TYPES: ReadonlyMap<string, ResourceType> = new Map(
  Object.entries({
    ...ATHENA_TYPES,
    ...BUDGET_TYPES,
    ...CLOUDTRAIL_TYPES,
    ...CLOUDWATCH_TYPES,
    ...EVENT_TYPES,
    ...FUNCTION_URL_TYPES,
    ...GLUE_TYPES,
    ...IAM_TYPES,
    ...INSTANCE_TYPES,
    ...KMS_TYPES,
    ...LAMBDA_TYPES,
    ...MESSAGING_TYPES,
    ...NETWORK_TYPES,
    ...S3_SETTING_TYPES,
    ...S3_TYPES,
    ...SCHEDULER_TYPES,
    ...SECRETS_TYPES,
    ...SECURITY_GROUP_TYPES,
    ...SSM_TYPES,
  }),
);

const getCallerIdentity = invoke(z.strictObject({}), async () => {
  const { account, arn, userId } = await callerIdentity();
  return { id: account, accountId: account, arn, userId };
});

const getRegion = invoke(z.strictObject({}), () =>
  Promise.resolve({ id: REGION, region: REGION, name: REGION }),
);

export const INVOKES: ReadonlyMap<string, Invoke> = new Map(
  Object.entries({
    ...LAMBDA_INVOKES,
    ...NETWORK_INVOKES,
    ...SSM_INVOKES,
    'aws:index/getCallerIdentity:getCallerIdentity': getCallerIdentity,
    'aws:index/getRegion:getRegion': getRegion,
  }),
);
