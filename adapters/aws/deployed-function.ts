// Reads the configuration of a deployed function: whether it can run, and its environment.
import {
  type FunctionConfiguration,
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  GetFunctionUrlConfigCommand,
  InvokeCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { REGION } from '../../core/config/names.ts';
import { FyersError } from '../../core/errors.ts';
import { parseJson, withoutEndSlashes } from '../../core/text.ts';
import { awsFault, isAwsError } from './fault.ts';

export interface DeployedFunction {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Lambda's reason why the function cannot run; null if it can. */
  readonly fault: string | null;
}

/**
 * Null if there is no such function. Errors: `platform.permission`, `operator.credentials`,
 * `platform.store`.
 */
export async function deployedFunction(
  client: LambdaClient,
  name: string,
): Promise<DeployedFunction | null> {
  try {
    const found = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    return { name, environment: found.Environment?.Variables ?? {}, fault: faultOf(found) };
  } catch (caught) {
    if (isAwsError(caught, 'ResourceNotFoundException')) return null;
    throw awsFault(caught, `Reading the configuration of ${name}`);
  }
}

/** Every other state is fine: even an "Inactive" function starts at the next call. */
function faultOf(found: FunctionConfiguration): string | null {
  const [failed, reason] =
    found.State === 'Failed'
      ? ['it failed', found.StateReason]
      : [
          found.LastUpdateStatus === 'Failed' ? 'its last update failed' : null,
          found.LastUpdateStatusReason,
        ];
  return failed === null ? null : `${failed}: ${reason ?? 'no reason is given'}`;
}

/**
 * The account's concurrency limit in the region, and the part that no function has reserved. Errors
 * as above.
 */
export async function concurrencyOf(
  client: LambdaClient,
): Promise<{ readonly limit: number; readonly unreserved: number }> {
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    const limit = AccountLimit?.ConcurrentExecutions ?? 0;
    return { limit, unreserved: AccountLimit?.UnreservedConcurrentExecutions ?? limit };
  } catch (caught) {
    throw awsFault(caught, "Reading Lambda's quota");
  }
}

/**
 * The function's reserved concurrency; null if only the account's quota limits it. Errors as above.
 */
export async function reservationOf(
  client: LambdaClient,
  FunctionName: string,
): Promise<number | null> {
  try {
    const found = await client.send(new GetFunctionConcurrencyCommand({ FunctionName }));
    return found.ReservedConcurrentExecutions ?? null;
  } catch (caught) {
    if (isAwsError(caught, 'ResourceNotFoundException')) return null;
    throw awsFault(caught, `Reading the reserved concurrency of ${FunctionName}`);
  }
}

// Invokes a function and reads its URL.

type Invoked =
  | { readonly kind: 'answered'; readonly payload: unknown }
  /** `errorMessage` of a function that threw or was ended. */
  | { readonly kind: 'failed'; readonly message: string };

const Failure = z.object({ errorMessage: z.string() });

/**
 * Waits for the result. Errors: `operator.prerequisite` if there is no such function, `platform.*`,
 * `operator.credentials`.
 */
export async function invokeFunction(
  client: LambdaClient,
  FunctionName: string,
  event: unknown,
): Promise<Invoked> {
  const Payload = JSON.stringify(event);
  try {
    const answer = await client.send(new InvokeCommand({ FunctionName, Payload }));
    const payload = parseJson(answer.Payload?.transformToString() ?? '');
    if (answer.FunctionError === undefined) return { kind: 'answered', payload };
    const failure = Failure.safeParse(payload);
    const message = failure.success ? failure.data.errorMessage : answer.FunctionError;
    return { kind: 'failed', message };
  } catch (caught) {
    throw functionError(caught, FunctionName, `Invoking ${FunctionName}`);
  }
}

/** The function's URL, with a trailing slash. Errors as above. */
export async function functionUrl(client: LambdaClient, FunctionName: string): Promise<string> {
  try {
    const { FunctionUrl } = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }));
    if (FunctionUrl === undefined) throw missingFunctionError(FunctionName);
    return `${withoutEndSlashes(FunctionUrl)}/`;
  } catch (caught) {
    throw functionError(caught, FunctionName, `Reading the URL of ${FunctionName}`);
  }
}

function functionError(caught: unknown, name: string, doing: string): FyersError {
  if (isAwsError(caught, 'ResourceNotFoundException')) return missingFunctionError(name);
  if (isAwsError(caught, 'TooManyRequestsException')) {
    return new FyersError(
      'platform.busy',
      `${name} cannot start: the account's limit of concurrent runs is reached.`,
      `Repeat the command in a minute; \`aws lambda get-account-settings --region ${REGION}\` shows the limit.`,
    );
  }
  return awsFault(caught, doing);
}

function missingFunctionError(name: string): FyersError {
  return new FyersError(
    'operator.prerequisite',
    `There is no function ${name} in ${REGION}, or it has no URL.`,
    'Run `pulumi up`, or name the stack with --suffix.',
  );
}
