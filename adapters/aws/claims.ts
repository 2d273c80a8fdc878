// Stores claims on a token mint as create-once parameters. Claims contain no secrets.
import {
  DeleteParameterCommand,
  GetParameterCommand,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { ClaimStore } from '../../core/ports.ts';
import { awsFault, isAwsError } from './fault.ts';

/** Errors: `platform.permission`, `operator.credentials`, `platform.store`. */
export function claimStore(client: SSMClient): ClaimStore {
  return {
    async take(Name, Value) {
      try {
        await client.send(
          new PutParameterCommand({
            Name,
            Value,
            Type: 'String',
            Tier: 'Standard',
            Overwrite: false,
          }),
        );
        return true;
      } catch (caught) {
        if (isAwsError(caught, 'ParameterAlreadyExists')) return false;
        throw awsFault(caught, `Taking the claim ${Name}`);
      }
    },
    async read(Name) {
      try {
        const answer = await client.send(new GetParameterCommand({ Name }));
        return answer.Parameter?.Value ?? null;
      } catch (caught) {
        if (isAwsError(caught, 'ParameterNotFound')) return null;
        throw awsFault(caught, `Reading the claim ${Name}`);
      }
    },
    async remove(Name) {
      try {
        await client.send(new DeleteParameterCommand({ Name }));
      } catch (caught) {
        if (isAwsError(caught, 'ParameterNotFound')) return;
        throw awsFault(caught, `Removing the claim ${Name}`);
      }
    },
  };
}
