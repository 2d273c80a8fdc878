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
  test.each<[name: string, code: string, step: RegExp, message?: string, system?: string]>([
    [
      'ValidationException',
      'platform.store',
      /too large for a standard parameter/,
      'Standard tier parameters support a maximum parameter value of 4096 characters.',
    ],
    ['ValidationException', 'platform.store', /correct the value/, '1 validation error detected'],
    ['ParameterMaxVersionLimitExceeded', 'platform.store', /unlabel-parameter/],
    ['ParameterLimitExceeded', 'platform.store', /describe-parameters/],
    ['TooManyUpdates', 'platform.store', /in a few seconds/],
    ['ThrottlingException', 'platform.store', /in a minute/, 'Rate exceeded'],
    ['ExpiredTokenException', 'operator.credentials', /session has expired/],
    ['ExpiredToken', 'operator.credentials', /session has expired/],
    ['UnrecognizedClientException', 'operator.credentials', /does not know this access key/],
    ['InvalidClientTokenId', 'operator.credentials', /does not know this access key/],
    [
      'CredentialsProviderError',
      'operator.credentials',
      /aws sso login/,
      'The SSO session associated with this profile has expired.',
    ],
    [
      'CredentialsProviderError',
      'operator.credentials',
      /list-profiles/,
      'Profile paper could not be found in shared credentials file.',
    ],
    [
      'InvalidSignatureException',
      'platform.store',
      /clock is wrong/,
      'Signature expired: 20261128T031500Z is now earlier than 20261128T084000Z',
    ],
    [
      'SignatureDoesNotMatch',
      'platform.store',
      /clock is wrong/,
      'Signature not yet current: 20261128T084500Z is still later than',
    ],
    ['RequestTimeTooSkewed', 'platform.store', /clock is wrong/],
    [
      'SignatureDoesNotMatch',
      'operator.credentials',
      /secret access key/,
      'The request signature we calculated does not match',
    ],
    ['OptInRequired', 'platform.store', /region-opt-status/],
    ['InvalidKeyId', 'platform.store', /list-aliases/],
    ['KMSInvalidStateException', 'platform.store', /list-aliases/],
    ['Error', 'platform.store', /name was not found/, 'getaddrinfo ENOTFOUND ssm.x', 'ENOTFOUND'],
    ['Error', 'platform.store', /certificate/, 'x', 'SELF_SIGNED_CERT_IN_CHAIN'],
  ])('has a specific next step for %s (%s)', (name, code, step, message, system) => {
    const error = commandError(name, message, system);
    expect(error.code).toBe(code);
    expect(error.nextStep).toMatch(step);
    expect(error.message).toContain(`Doing it failed: ${name}: `);
  });

  test.each([
    ['AccessDeniedException', 'platform.permission', 'Allow your own AWS identity'],
    ['UnauthorizedOperation', 'platform.permission', 'Allow your own AWS identity'],
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
