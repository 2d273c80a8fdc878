import { describe, expect, test } from 'vitest';
import { awsFault } from '../../../adapters/aws/fault.ts';
import { addOperatorHints, withNextStep } from '../../../cli/shared/aws.ts';
import { FyersError } from '../../../core/errors.ts';

function sdkError(name: string, message = 'a message of AWS', code?: string): unknown {
  return Object.assign(new Error(message), { name }, code === undefined ? {} : { code });
}

/** Converts an error of the SDK as a command does. */
function commandError(name: string, message?: string, code?: string): FyersError {
  const error = addOperatorHints(awsFault(sdkError(name, message, code), 'Doing it'));
  if (error instanceof FyersError) return error;
  throw new Error('not a FyersError');
}

describe('awsFault', () => {
  test.each<[string, string, string | undefined, string, RegExp]>([
    [
      'ValidationException',
      'Standard tier parameters support a maximum parameter value of 4096 characters.',
      undefined,
      'platform.store',
      /too large for a standard parameter/,
    ],
    [
      'ValidationException',
      '1 validation error detected',
      undefined,
      'platform.store',
      /correct what/,
    ],
    ['ParameterMaxVersionLimitExceeded', 'x', undefined, 'platform.store', /unlabel-parameter/],
    ['ParameterLimitExceeded', 'x', undefined, 'platform.store', /describe-parameters/],
    ['TooManyUpdates', 'x', undefined, 'platform.store', /in a few seconds/],
    ['ThrottlingException', 'Rate exceeded', undefined, 'platform.store', /in a minute/],
    ['ExpiredTokenException', 'x', undefined, 'operator.credentials', /session has expired/],
    ['ExpiredToken', 'x', undefined, 'operator.credentials', /session has expired/],
    [
      'UnrecognizedClientException',
      'x',
      undefined,
      'operator.credentials',
      /does not know this access/,
    ],
    [
      'InvalidClientTokenId',
      'x',
      undefined,
      'operator.credentials',
      /does not know this access key/,
    ],
    [
      'CredentialsProviderError',
      'The SSO session associated with this profile has expired.',
      undefined,
      'operator.credentials',
      /aws sso login/,
    ],
    [
      'CredentialsProviderError',
      'Profile paper could not be found in shared credentials file.',
      undefined,
      'operator.credentials',
      /list-profiles/,
    ],
    [
      'InvalidSignatureException',
      'Signature expired: 20261128T031500Z is now earlier than 20261128T084000Z',
      undefined,
      'platform.store',
      /clock is wrong/,
    ],
    [
      'SignatureDoesNotMatch',
      'Signature not yet current: 20261128T084500Z is still later than',
      undefined,
      'platform.store',
      /clock is wrong/,
    ],
    ['RequestTimeTooSkewed', 'x', undefined, 'platform.store', /clock is wrong/],
    [
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match',
      undefined,
      'operator.credentials',
      /secret access key/,
    ],
    ['OptInRequired', 'x', undefined, 'platform.store', /region-opt-status/],
    ['InvalidKeyId', 'x', undefined, 'platform.store', /list-aliases/],
    ['KMSInvalidStateException', 'x', undefined, 'platform.store', /list-aliases/],
    ['Error', 'getaddrinfo ENOTFOUND ssm.x', 'ENOTFOUND', 'platform.store', /name was not found/],
    ['Error', 'x', 'SELF_SIGNED_CERT_IN_CHAIN', 'platform.store', /certificate/],
  ])('has a specific next step for %s (%s)', (name, message, code, expected, step) => {
    const error = commandError(name, message, code);
    expect(error.code).toBe(expected);
    expect(error.nextStep).toMatch(step);
    expect(error.message).toContain(`Doing it failed: ${name}: `);
  });

  test.each([
    ['AccessDeniedException', 'platform.permission', 'Allow your own AWS identity'],
    ['CredentialsProviderError', 'operator.credentials', 'Run `aws configure`'],
    ['InternalServerError', 'platform.store', 'Check the connection to AWS'],
    ['TimeoutError', 'platform.store', 'Check the connection to AWS'],
  ])('has for %s a general next step, which addOperatorHints replaces', (name, code, step) => {
    const error = commandError(name);
    expect(error.code).toBe(code);
    expect(error.nextStep).toContain(step);
  });

  test('returns platform.permission if access is denied to a role with SSO in its name', () => {
    const message = 'User: arn:aws:sts::1:assumed-role/AWSReservedSSO_x/sso is not authorized';
    expect(commandError('AccessDenied', message).code).toBe('platform.permission');
  });
});

describe('withNextStep', () => {
  test('replaces a general next step, and keeps a specific one', () => {
    const steps = { 'platform.store': 'Run `./fyers doctor`.' };
    const general = new FyersError('platform.store', 'No.', 'Wait.', { isGeneral: true });
    expect(withNextStep(general, steps)).toMatchObject({ nextStep: steps['platform.store'] });
    const specific = new FyersError('platform.store', 'No.', 'Wait.');
    expect(withNextStep(specific, steps)).toBe(specific);
  });
});
