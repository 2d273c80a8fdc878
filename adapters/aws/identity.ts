// Reads the AWS identity in use.
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { toError } from '../../core/errors.ts';
import { type Instant, parseHttpDate } from '../../core/time.ts';
import { awsFault } from './fault.ts';

export interface Identity {
  readonly account: string;
  readonly arn: string;
}

/**
 * Needs no permission. Errors: `operator.credentials`, `platform.store`.
 *
 * @param onServerTime called with the time of each AWS response, including refusals
 */
export async function callerIdentity(
  client: STSClient,
  onServerTime: (serverTime: Instant) => void = () => undefined,
): Promise<Identity> {
  client.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request);
      const { headers } = Object(result.response) as { headers?: Record<string, string> };
      const serverTime = parseHttpDate(headers?.['date'] ?? '');
      if (serverTime !== null) onServerTime(serverTime);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'serverTime', override: true },
  );
  try {
    const { Account = '', Arn = '' } = await client.send(new GetCallerIdentityCommand({}));
    return { account: Account, arn: Arn };
  } catch (caught) {
    throw awsFault(caught, 'Reading your AWS identity');
  }
}

/** False if there are no credentials in any of the places that AWS's tools read; wrong and expired ones count. */
export async function hasCredentials(client: STSClient): Promise<boolean> {
  try {
    await client.config.credentials();
    return true;
  } catch (caught) {
    // Only the end of the SDK's chain has this message; a source with bad credentials reports its own problem.
    return !toError(caught).message.includes('from any providers');
  }
}
