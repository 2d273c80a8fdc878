import { createHash } from 'node:crypto';
import {
  Architecture,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionEventInvokeConfigCommand,
  InvokeCommand,
  LogFormat,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  Runtime,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
  type FunctionConfiguration,
} from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { isArchive } from '../values.ts';
import { lambda } from './clients.ts';
import {
  count,
  given,
  invoke,
  resourceType,
  tags,
  text,
  unlessGone,
  type Invoke,
  type ResourceType,
} from './type.ts';
import { zipOf } from './zip.ts';

const GONE = 'ResourceNotFoundException';
const WAIT = { client: lambda, maxWaitTime: 60, minDelay: 0.1, maxDelay: 1 } as const;

const functionInputs = z.strictObject({
  name: z.string(),
  role: z.string(),
  code: z.custom<Record<string, unknown>>(isArchive),
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
});

const fn = resourceType({
  inputs: functionInputs,
  autoname: 'name',
  // lambda/function.go: function_name ForceNew (package_type, tenancy_config and a durable_config that comes or goes
  // too: only zip, and neither of the others, here).
  replaceOn: ['name'],
  async create(inputs) {
    const answer = await lambda.send(
      new CreateFunctionCommand({
        ...settings(inputs),
        Code: { ZipFile: zipOf(inputs.code) },
        Architectures: inputs.architectures,
      }),
    );
    await waitUntilFunctionActiveV2(WAIT, { FunctionName: inputs.name });
    if (inputs.reservedConcurrentExecutions !== undefined) {
      await reserve(inputs.name, inputs.reservedConcurrentExecutions);
    }
    return { id: inputs.name, outputs: computed(answer) };
  },
  async read(id) {
    const command = new GetFunctionCommand({ FunctionName: id });
    const answer = await unlessGone(lambda.send(command), GONE);
    return answer === null ? null : computed(answer.Configuration ?? {});
  },
  async update(id, inputs, changed) {
    // lambda/function.go resourceFunctionUpdate: put, or deleted where there is none any more.
    if (changed.has('reservedConcurrentExecutions')) {
      await reserve(id, inputs.reservedConcurrentExecutions);
    }
    if (changed.has('code') || changed.has('architectures')) {
      await lambda.send(
        new UpdateFunctionCodeCommand({
          FunctionName: id,
          ZipFile: zipOf(inputs.code),
          Architectures: inputs.architectures,
        }),
      );
      await waitUntilFunctionUpdatedV2(WAIT, { FunctionName: id });
    }
    const answer = await lambda.send(new UpdateFunctionConfigurationCommand(settings(inputs)));
    await waitUntilFunctionUpdatedV2(WAIT, { FunctionName: id });
    return computed(answer);
  },
  async delete(id) {
    await unlessGone(lambda.send(new DeleteFunctionCommand({ FunctionName: id })), GONE);
  },
});

async function reserve(FunctionName: string, executions: number | undefined): Promise<void> {
  await (executions === undefined
    ? lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
    : lambda.send(
        new PutFunctionConcurrencyCommand({
          FunctionName,
          ReservedConcurrentExecutions: executions,
        }),
      ));
}

function settings(inputs: z.output<typeof functionInputs>) {
  return {
    FunctionName: inputs.name,
    Role: inputs.role,
    Handler: inputs.handler,
    Runtime: inputs.runtime,
    Description: inputs.description,
    // lambda/function.go: defaults 128 MB and 3 s.
    MemorySize: inputs.memorySize ?? 128,
    Timeout: inputs.timeout ?? 3,
    Environment: { Variables: inputs.environment?.variables ?? {} },
    LoggingConfig: {
      LogFormat: inputs.loggingConfig?.logFormat,
      LogGroup: inputs.loggingConfig?.logGroup,
    },
  };
}

function computed(live: FunctionConfiguration): Record<string, unknown> {
  const arn = given(live.FunctionArn, 'function ARN');
  return {
    arn,
    qualifiedArn: `${arn}:$LATEST`,
    invokeArn: `arn:aws:apigateway:${arn.split(':')[3] ?? ''}:lambda:path/2015-03-31/functions/${arn}/invocations`,
    sourceCodeHash: live.CodeSha256,
    sourceCodeSize: live.CodeSize,
    version: live.Version,
  };
}

const eventInvokeConfigInputs = z.strictObject({
  functionName: z.string(),
  maximumRetryAttempts: count,
  maximumEventAgeInSeconds: count,
  destinationConfig: z.optional(
    z.strictObject({
      onFailure: z.optional(z.strictObject({ destination: z.string() })),
      onSuccess: z.optional(z.strictObject({ destination: z.string() })),
    }),
  ),
});

const eventInvokeConfig = resourceType({
  inputs: eventInvokeConfigInputs,
  // lambda/function_event_invoke_config.go: function_name, qualifier ForceNew.
  replaceOn: ['functionName'],
  async create(inputs) {
    await putEventInvokeConfig(inputs);
    return { id: inputs.functionName };
  },
  async read(id) {
    const command = new GetFunctionEventInvokeConfigCommand({ FunctionName: id });
    return (await unlessGone(lambda.send(command), GONE)) === null ? null : {};
  },
  async update(_id, inputs) {
    await putEventInvokeConfig(inputs);
    return {};
  },
  async delete(id) {
    const command = new DeleteFunctionEventInvokeConfigCommand({ FunctionName: id });
    await unlessGone(lambda.send(command), GONE);
  },
});

async function putEventInvokeConfig(
  inputs: z.output<typeof eventInvokeConfigInputs>,
): Promise<void> {
  const { onFailure, onSuccess } = inputs.destinationConfig ?? {};
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: inputs.functionName,
      MaximumRetryAttempts: inputs.maximumRetryAttempts,
      MaximumEventAgeInSeconds: inputs.maximumEventAgeInSeconds,
      DestinationConfig: {
        ...(onFailure === undefined ? {} : { OnFailure: { Destination: onFailure.destination } }),
        ...(onSuccess === undefined ? {} : { OnSuccess: { Destination: onSuccess.destination } }),
      },
    }),
  );
}

const invocation = resourceType({
  inputs: z.strictObject({
    functionName: z.string(),
    input: z.string(),
    triggers: z.optional(z.record(z.string(), z.string())),
  }),
  // lambda/invocation.go: function_name, qualifier, triggers ForceNew (no qualifier is used here); input by
  // customizeDiffInputChangeWithCreateOnlyScope.
  replaceOn: ['functionName', 'triggers', 'input'],
  async create({ functionName, input }) {
    const answer = await lambda.send(
      new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(input) }),
    );
    const payload = Buffer.from(answer.Payload ?? []).toString();
    if (answer.FunctionError !== undefined) {
      throw new Error(`invoking Lambda Function (${functionName}): ${payload}`);
    }
    // lambda/invocation.go: the id holds md5(payload), in clear.
    const hash = createHash('md5').update(input).digest('hex');
    return { id: `${functionName},$LATEST,${hash}`, outputs: { result: payload } };
  },
  // schema.NoopContext upstream.
  read: () => Promise.resolve({}),
  delete: () => Promise.resolve(),
});

/** The emulator has no Service Quotas; Lambda's own answer holds the one quota that the program asks for. */
const getServiceQuota = invoke(
  z.strictObject({ serviceCode: z.literal('lambda'), quotaCode: z.literal('L-B99A9384') }),
  async ({ serviceCode, quotaCode }) => {
    const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
    const value = given(AccountLimit?.ConcurrentExecutions, 'quota');
    return { id: quotaCode, serviceCode, quotaCode, value, defaultValue: 1_000 };
  },
);

export const LAMBDA_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:lambda/function:Function': fn,
  'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig': eventInvokeConfig,
  'aws:lambda/invocation:Invocation': invocation,
};
export const LAMBDA_INVOKES: Readonly<Record<string, Invoke>> = {
  'aws:servicequotas/getServiceQuota:getServiceQuota': getServiceQuota,
};
