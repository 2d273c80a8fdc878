import { ENVIRONMENT, type Names } from '../../core/names.ts';
import { ifThere } from '../aws.ts';
import type { Session } from '../io.ts';
import type { Deployed } from './said.ts';

/** Errors: as every call of the operator's. */
export async function readDeployed({ io }: Session, names: Names): Promise<Deployed | null> {
  const { LambdaClient, GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient(io.aws);
  const FunctionName = names.function('refresh');
  const found = await ifThere(`Reading the function ${FunctionName}`, () =>
    client.send(new GetFunctionConfigurationCommand({ FunctionName })),
  );
  if (found === null) return null;
  const variables = found.Environment?.Variables ?? {};
  return {
    topicArn: variables[ENVIRONMENT.topicArn] ?? null,
    telegram: variables[ENVIRONMENT.telegram] !== undefined,
    days: variables[ENVIRONMENT.days] === 'all' ? 'all' : 'trading',
  };
}
