import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { awsFault } from './fault.ts';

export interface Identity {
  readonly account: string;
  readonly arn: string;
}

/** Needs no permission. Errors: `operator.credentials`, `platform.store`. */
export async function callerIdentity(client: STSClient): Promise<Identity> {
  try {
    const { Account = '', Arn = '' } = await client.send(new GetCallerIdentityCommand({}));
    return { account: Account, arn: Arn };
  } catch (caught) {
    throw awsFault(caught, 'Asking AWS who you are');
  }
}
