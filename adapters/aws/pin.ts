// Reads the PIN from Secrets Manager. Apart from `parameters.ts`, so that a function that sends no PIN does not load the
// client.
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { parsePin } from '../../core/config/values.ts';
import { FyersError } from '../../core/errors.ts';
import type { SecretReader } from '../../core/ports.ts';
import { awsFault, isAwsError } from './fault.ts';

/**
 * Errors: `operator.config` for a value that is not a PIN, `platform.permission`, `platform.store`.
 */
export function pinSecret(client: SecretsManagerClient, secretName: string): SecretReader {
  return {
    async pin() {
      const text = await read(client, secretName);
      if (text === null) return null;
      const parsed = parsePin(text.trim());
      if (parsed.ok) return parsed.value;
      throw new FyersError(
        'operator.config',
        `The secret ${secretName} ${parsed.problem}.`,
        'Run `pulumi config set --secret pin` and `pulumi up`.',
      );
    },
  };
}

async function read(client: SecretsManagerClient, SecretId: string): Promise<string | null> {
  try {
    const answer = await client.send(new GetSecretValueCommand({ SecretId }));
    return answer.SecretString ?? null;
  } catch (caught) {
    if (isAwsError(caught, 'ResourceNotFoundException')) return null;
    throw awsFault(caught, `Reading the secret ${SecretId}`);
  }
}
