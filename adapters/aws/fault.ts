import { FyersError, toError } from '../../core/errors.ts';
import { asSentence } from '../../core/text.ts';

const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationErrorException',
  'UnauthorizedOperation',
]);
const NO_CREDENTIALS = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
]);

/** True for AWS's own name of an error, such as `ParameterNotFound`. */
export function isAwsError(caught: unknown, name: string): boolean {
  return caught instanceof Error && caught.name === name;
}

/**
 * What an AWS call that failed means to the operator. AWS's message is kept: for a refusal it names the action and the
 * resource.
 *
 * @param doing what the call was for, such as "Reading the parameter FYERS_CLIENT_ID".
 * @param sent a value that AWS's message may quote, as it does for some that it finds invalid.
 */
export function awsFault(caught: unknown, doing: string, sent = ''): FyersError {
  if (caught instanceof FyersError) return caught;
  const { name, message } = toError(caught);
  const words = sent === '' ? message : message.replaceAll(sent, '[hidden]');
  const problem = `${doing} failed: ${name}: ${asSentence(words)}`;
  if (DENIED.has(name)) {
    return new FyersError(
      'platform.permission',
      problem,
      'Allow that action on that resource; where the role was changed by hand, run `pulumi up`.',
    );
  }
  if (NO_CREDENTIALS.has(name)) {
    return new FyersError(
      'operator.credentials',
      problem,
      'Sign in to AWS again, check it with `aws sts get-caller-identity`, and repeat the command.',
    );
  }
  return new FyersError(
    'platform.store',
    problem,
    'Try again in a few minutes; if it stays so, look at https://health.aws.amazon.com/health/status.',
  );
}
