// A deployed function as its configuration shows it: whether it can run, and what the program told it.
import { GetFunctionConfigurationCommand, type LambdaClient } from '@aws-sdk/client-lambda';
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
    const state = found.State ?? 'Active';
    // Inactive: not used for weeks; the next call wakes it up.
    const runs = state === 'Active' || state === 'Inactive';
    const updated = found.LastUpdateStatus !== 'Failed';
    const reason =
      (runs ? found.LastUpdateStatusReason : found.StateReason) ?? 'no reason is given';
    return {
      name,
      environment: found.Environment?.Variables ?? {},
      fault: runs && updated ? null : `${runs ? 'its last update failed' : state}: ${reason}`,
    };
  } catch (caught) {
    if (isAwsError(caught, 'ResourceNotFoundException')) return null;
    throw awsFault(caught, `Looking at the function ${name}`);
  }
}
