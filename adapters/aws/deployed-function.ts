// A deployed function as its configuration shows it: whether it can run, and what the program told it.
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
  /** Lambda's own words for why it can't run; null when it can. */
  readonly fault: string | null;
}

/** Null where there is no such function. Errors: `platform.permission`, `operator.credentials`, `platform.store`. */
export async function deployedFunction(
  client: LambdaClient,
  name: string,
): Promise<DeployedFunction | null> {
  try {
    const found = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    return { name, environment: found.Environment?.Variables ?? {}, fault: faultOf(found) };
  } catch (caught) {
    if (isAwsError(caught, 'ResourceNotFoundException')) return null;
    throw awsFault(caught, `Looking at the function ${name}`);
  }
}

/** Every other state is one in which it runs, or soon does: "Inactive" wakes up at the next call. */
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

/** Runs at a time that the account may have in the region, and those that no function has reserved. Errors as above. */
export async function concurrencyOf(
  client: LambdaClient,
): Promise<{ readonly limit: number; readonly unreserved: number }> {
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    const limit = AccountLimit?.ConcurrentExecutions ?? 0;
    return { limit, unreserved: AccountLimit?.UnreservedConcurrentExecutions ?? limit };
  } catch (caught) {
    throw awsFault(caught, "Looking at Lambda's quota");
  }
}

/** The most runs that a function may have at a time; null where only the account's quota bounds it. Errors as above. */
export async function reservationOf(
  client: LambdaClient,
  FunctionName: string,
): Promise<number | null> {
  try {
    const found = await client.send(new GetFunctionConcurrencyCommand({ FunctionName }));
    return found.ReservedConcurrentExecutions ?? null;
  } catch (caught) {
    if (isAwsError(caught, 'ResourceNotFoundException')) return null;
    throw awsFault(caught, `Looking at the reservation of ${FunctionName}`);
  }
}
