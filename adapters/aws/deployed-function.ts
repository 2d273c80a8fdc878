// Reads the configuration of a deployed function: whether it can run, and its environment.
import {
  type FunctionConfiguration,
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
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

/** In every other state the function runs, or soon will: "Inactive" wakes up at the next call. */
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
