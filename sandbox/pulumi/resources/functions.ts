// Rows of Lambda.
import { createHash } from 'node:crypto';
import {
  Architecture,
  FunctionUrlAuthType,
  Lambda,
  LogFormat,
  Runtime,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
  type FunctionConfiguration,
} from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { isArchive, type Props } from '../values.ts';
import { options } from './clients.ts';
import {
  confirmFound,
  count,
  defineFunction,
  defineType,
  expectValue,
  nullIfGone,
  tags,
  text,
  toPascalCase,
  type ResourceType,
} from './type.ts';
import { zipOf } from './zip.ts';

const lambda = new Lambda(options);
const WAIT = { client: lambda, maxWaitTime: 60, minDelay: 0.1, maxDelay: 1 } as const;

const destination = z.optional(z.strictObject({ destination: z.string() }));

export const FUNCTION_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:lambda/function:Function': defineType({
    inputs: z.strictObject({
      name: z.string(),
      role: z.string(),
      code: z.custom<Props>(isArchive),
      handler: z.string(),
      runtime: z.enum(Runtime),
      architectures: z.optional(z.array(z.enum(Architecture))),
      description: text,
      memorySize: count,
      timeout: count,
      reservedConcurrentExecutions: count,
      environment: z.optional(
        z.strictObject({ variables: z.optional(z.record(z.string(), z.string())) }),
      ),
      loggingConfig: z.optional(z.strictObject({ logFormat: z.enum(LogFormat), logGroup: text })),
      tags,
    }),
    autoname: 'name',
    // lambda/function.go: function_name ForceNew. (package_type, tenancy_config and a durable_config that comes or goes
    // too: the program only has zip files, and neither of the others.)
    replaceOn: ['name'],
    cloudFormation: 'AWS::Lambda::Function',
    properties: ({ name, code: _code, tags: _tags, environment, ...inputs }) => ({
      // lambda/function.go: defaults 128 MB and 3 s.
      ...toPascalCase({ memorySize: 128, timeout: 3, ...inputs }),
      FunctionName: name,
      Environment: { Variables: environment?.variables ?? {} },
    }),
    create: async ({ code, name }, properties) => {
      const { ReservedConcurrentExecutions: executions, ...settings } = properties;
      const answer = await lambda.createFunction({ ...settings, Code: { ZipFile: zipOf(code) } });
      await waitUntilFunctionActiveV2(WAIT, { FunctionName: name });
      if (executions !== undefined) await reserve(name, executions);
      return { id: name, ...computed(answer) };
    },
    read: async (id) =>
      computed((await lambda.getFunction({ FunctionName: id })).Configuration ?? {}),
    update: async (id, { code }, properties, changed) => {
      const {
        ReservedConcurrentExecutions: executions,
        Architectures,
        FunctionName,
        ...settings
      } = properties;
      // lambda/function.go resourceFunctionUpdate puts the number, or deletes it when the program gives none any more.
      if (changed.has('reservedConcurrentExecutions')) await reserve(id, executions);
      if (changed.has('code') || changed.has('architectures')) {
        const ZipFile = zipOf(code);
        await lambda.updateFunctionCode({ FunctionName, ZipFile, Architectures });
        await waitUntilFunctionUpdatedV2(WAIT, { FunctionName });
      }
      const answer = await lambda.updateFunctionConfiguration({ FunctionName, ...settings });
      await waitUntilFunctionUpdatedV2(WAIT, { FunctionName });
      return computed(answer);
    },
    delete: async (id) => await lambda.deleteFunction({ FunctionName: id }),
  }),

  'aws:lambda/functionUrl:FunctionUrl': defineType({
    inputs: z.strictObject({
      functionName: z.string(),
      authorizationType: z.enum(FunctionUrlAuthType),
    }),
    // lambda/function_url.go: function_name ForceNew. (qualifier too: the program uses none.)
    replaceOn: ['functionName'],
    cloudFormation: 'AWS::Lambda::Url',
    properties: ({ functionName: TargetFunctionArn, authorizationType: AuthType }) => ({
      TargetFunctionArn,
      AuthType,
    }),
    create: async ({ functionName: FunctionName }, { AuthType }) => {
      const answer = await lambda.createFunctionUrlConfig({ FunctionName, AuthType });
      if (AuthType === 'NONE') await allowEveryCaller(FunctionName);
      // lambda/function_url.go FunctionURLCreateResourceID: without a qualifier the function's name.
      return { id: FunctionName, ...addressOf(answer) };
    },
    read: async (id) => {
      const answer = await lambda.getFunctionUrlConfig({ FunctionName: id });
      return { ...addressOf(answer), authorizationType: answer.AuthType };
    },
    // lambda/function_url.go resourceFunctionURLUpdate: the permissions stay as they are.
    update: async (id, _inputs, { AuthType }) =>
      addressOf(await lambda.updateFunctionUrlConfig({ FunctionName: id, AuthType })),
    // The permissions stay (@pulumi/aws lambda/functionUrl.d.ts) until the function is deleted.
    delete: async (id) => await lambda.deleteFunctionUrlConfig({ FunctionName: id }),
  }),

  'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig': defineType({
    inputs: z.strictObject({
      functionName: z.string(),
      maximumRetryAttempts: count,
      maximumEventAgeInSeconds: count,
      destinationConfig: z.optional(
        z.strictObject({ onFailure: destination, onSuccess: destination }),
      ),
    }),
    // lambda/function_event_invoke_config.go: function_name, qualifier ForceNew.
    replaceOn: ['functionName'],
    cloudFormation: 'AWS::Lambda::EventInvokeConfig',
    properties: (inputs) => ({ ...toPascalCase(inputs), Qualifier: '$LATEST' }),
    create: async ({ functionName }, { Qualifier: _latest, ...properties }) => {
      await lambda.putFunctionEventInvokeConfig(properties);
      return { id: functionName };
    },
    read: async (id) =>
      await confirmFound(lambda.getFunctionEventInvokeConfig({ FunctionName: id })),
    update: 'create',
    delete: async (id) => await lambda.deleteFunctionEventInvokeConfig({ FunctionName: id }),
  }),

  'aws:lambda/permission:Permission': defineType({
    inputs: z.strictObject({
      statementId: z.string(),
      action: z.string(),
      function: z.string(),
      principal: z.string(),
      sourceArn: text,
    }),
    // lambda/permission.go: every property ForceNew, and no update.
    replaceOn: ['statementId', 'action', 'function', 'principal', 'sourceArn'],
    cloudFormation: 'AWS::Lambda::Permission',
    properties: ({ statementId: _id, function: FunctionName, ...inputs }) => ({
      ...toPascalCase(inputs),
      FunctionName,
    }),
    create: async ({ statementId: StatementId }, properties) => {
      await lambda.addPermission({ ...properties, StatementId });
      return { id: StatementId };
    },
    read: async (id, { function: FunctionName }) => {
      const { Policy } = await lambda.getPolicy({ FunctionName });
      return Policy?.includes(`"${id}"`) === true ? {} : null;
    },
    delete: async (id, { function: FunctionName }) =>
      await lambda.removePermission({ FunctionName, StatementId: id }),
  }),

  'aws:lambda/invocation:Invocation': defineType({
    inputs: z.strictObject({
      functionName: z.string(),
      input: z.string(),
      triggers: z.optional(z.record(z.string(), z.string())),
    }),
    // lambda/invocation.go: function_name, qualifier, triggers ForceNew (the program uses no qualifier); input by
    // customizeDiffInputChangeWithCreateOnlyScope.
    replaceOn: ['functionName', 'triggers', 'input'],
    cloudFormation: { none: 'a call, not a resource' },
    create: async ({ functionName, input }) => {
      const Payload = Buffer.from(input);
      const answer = await lambda.invoke({ FunctionName: functionName, Payload });
      const result = Buffer.from(answer.Payload ?? []).toString();
      if (answer.FunctionError !== undefined) {
        throw new Error(`invoking Lambda Function (${functionName}): ${result}`);
      }
      // lambda/invocation.go: the id holds md5(payload), in clear.
      const hash = createHash('md5').update(input).digest('hex');
      return { id: `${functionName},$LATEST,${hash}`, result };
    },
    // lambda/invocation.go: schema.NoopContext.
    read: () => Promise.resolve({}),
  }),
};

/** The emulator has no Service Quotas. Lambda's own answer holds the one quota that the program asks for. */
export const getServiceQuota = defineFunction(
  z.strictObject({ serviceCode: z.literal('lambda'), quotaCode: z.literal('L-B99A9384') }),
  async ({ serviceCode, quotaCode }) => {
    const { AccountLimit } = await lambda.getAccountSettings();
    const value = expectValue(AccountLimit?.ConcurrentExecutions, 'quota');
    return { id: quotaCode, serviceCode, quotaCode, value, defaultValue: 1_000 };
  },
);

async function reserve(FunctionName: string, executions: number | undefined): Promise<void> {
  await (executions === undefined
    ? lambda.deleteFunctionConcurrency({ FunctionName })
    : lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: executions }));
}

function computed(live: FunctionConfiguration): Props {
  const arn = expectValue(live.FunctionArn, 'function ARN');
  return {
    arn,
    qualifiedArn: `${arn}:$LATEST`,
    invokeArn: `arn:aws:apigateway:${arn.split(':')[3] ?? ''}:lambda:path/2015-03-31/functions/${arn}/invocations`,
    sourceCodeHash: live.CodeSha256,
    sourceCodeSize: live.CodeSize,
    version: live.Version,
  };
}

function addressOf(live: { FunctionUrl?: string | undefined; FunctionArn?: string | undefined }) {
  const functionUrl = expectValue(live.FunctionUrl, 'function URL');
  // lambda/function_url.go resourceFunctionURLRead: the first label of the host.
  const [urlId] = new URL(functionUrl).hostname.split('.');
  return { functionUrl, functionArn: live.FunctionArn, urlId };
}

/** Adds both permissions that a URL without authorization needs (@pulumi/aws lambda/functionUrl.d.ts, NOTE). */
async function allowEveryCaller(FunctionName: string): Promise<void> {
  const statements = [
    {
      StatementId: 'FunctionURLAllowPublicAccess',
      Action: 'lambda:InvokeFunctionUrl',
      FunctionUrlAuthType: FunctionUrlAuthType.NONE,
    },
    {
      StatementId: 'FunctionURLAllowInvokeAction',
      Action: 'lambda:InvokeFunction',
      InvokedViaFunctionUrl: true,
    },
  ];
  for (const statement of statements) {
    // lambda/function_url.go: a statement that exists already is not an error.
    await nullIfGone(
      async () => await lambda.addPermission({ FunctionName, Principal: '*', ...statement }),
      'ResourceConflictException',
    );
  }
}
