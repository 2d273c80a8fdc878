import { ENVIRONMENT, type Names } from '../../core/names.ts';
import { asOperator } from '../aws.ts';
import { channelsIn } from '../channels.ts';
import type { Session } from '../io.ts';
import type { Deployed } from './said.ts';

/** Errors: as every call of the operator's. */
export async function readDeployed({ io }: Session, names: Names): Promise<Deployed | null> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  const { deployedFunction } = await import('../../adapters/aws/deployed-function.ts');
  const client = new LambdaClient(io.aws);
  const found = await asOperator(deployedFunction(client, names.function('refresh')));
  if (found === null) return null;
  const { topicArn, telegramApiUrl } = channelsIn(found.environment);
  return {
    topicArn,
    telegram: telegramApiUrl !== null,
    days: found.environment[ENVIRONMENT.days] === 'all' ? 'all' : 'trading',
    fault: found.fault,
  };
}
