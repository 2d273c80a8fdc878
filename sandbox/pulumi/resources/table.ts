// Joins the rows into the one table of resource types and functions. The engine's provider, the run without the CLI and
// the template for cfn-lint use it.
import * as z from 'zod/mini';
import { REGION } from '../../../core/config/names.ts';
import { ANALYSIS_TYPES } from './analysis.ts';
import { callerIdentity } from './clients.ts';
import { EVENT_TYPES } from './events.ts';
import { FUNCTION_TYPES, getServiceQuota } from './functions.ts';
import { IAM_TYPES } from './iam.ts';
import { MESSAGING_TYPES } from './messaging.ts';
import { NETWORK_TYPES, getSubnet } from './network.ts';
import { S3_TYPES } from './s3.ts';
import { SECRET_TYPES, getParameter } from './secrets.ts';
import { defineFunction, type Invoke, type ResourceType } from './type.ts';
import { WATCH_TYPES } from './watch.ts';

export const RESOURCE_TYPES: ReadonlyMap<string, ResourceType> = new Map(
  Object.entries({
    ...ANALYSIS_TYPES,
    ...EVENT_TYPES,
    ...FUNCTION_TYPES,
    ...IAM_TYPES,
    ...MESSAGING_TYPES,
    ...NETWORK_TYPES,
    ...S3_TYPES,
    ...SECRET_TYPES,
    ...WATCH_TYPES,
  }),
);

const getCallerIdentity = defineFunction(z.strictObject({}), async () => {
  const { account, arn, userId } = await callerIdentity();
  return { id: account, accountId: account, arn, userId };
});

const getRegion = defineFunction(z.strictObject({}), () =>
  Promise.resolve({ id: REGION, region: REGION, name: REGION }),
);

export const INVOKES: ReadonlyMap<string, Invoke> = new Map(
  Object.entries({
    'aws:ec2/getSubnet:getSubnet': getSubnet,
    'aws:index/getCallerIdentity:getCallerIdentity': getCallerIdentity,
    'aws:index/getRegion:getRegion': getRegion,
    'aws:servicequotas/getServiceQuota:getServiceQuota': getServiceQuota,
    'aws:ssm/getParameter:getParameter': getParameter,
  }),
);
