// Turns AWS errors into errors with a next step. Every AWS error passes through here, so this is
// the only list of causes.
import { errnoOf, type ErrorCode, FyersError, toError } from '../../core/errors.ts';
import { asSentence } from '../../core/text.ts';

interface Cause {
  readonly code: ErrorCode;
  readonly nextStep: string;
  /** True for all errors of this cause. */
  readonly matches: (error: AwsError) => boolean;
}

interface AwsError {
  readonly name: string;
  readonly message: string;
  /** Node's code, such as `ECONNREFUSED`. */
  readonly code: string;
}

const hasName =
  (...names: readonly string[]) =>
  ({ name }: AwsError): boolean =>
    names.includes(name);

/** Causes with a specific next step, most specific first. The step is correct for every caller. */
const CAUSES: readonly Cause[] = [
  {
    // Must come before the error names that both a wrong clock and a wrong secret key cause.
    matches: ({ name, message }) =>
      [
        'RequestTimeTooSkewed',
        'RequestExpired',
        'RequestInTheFuture',
        'AuthFailure.ClockSkew',
      ].includes(name) || /signature (?:has )?expired|not yet current|clock skew/i.test(message),
    code: 'platform.store',
    nextStep:
      "This machine's clock is wrong: synchronize it, and repeat the command. `aws sts get-caller-identity` shows whether AWS accepts the clock.",
  },
  {
    matches: hasName('SignatureDoesNotMatch', 'InvalidSignatureException', 'InvalidSignature'),
    code: 'operator.credentials',
    nextStep:
      'The secret access key does not belong to the key id: run `aws configure` and enter both again.',
  },
  {
    matches: ({ name, message }) =>
      name === 'UnauthorizedException' || name === 'TokenProviderError' || /\bsso\b/i.test(message),
    code: 'operator.credentials',
    nextStep:
      'Run `aws sso login` (with `--profile` if AWS_PROFILE is set), and repeat the command.',
  },
  {
    matches: hasName('ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'),
    code: 'operator.credentials',
    nextStep:
      'Your AWS session has expired: sign in again (for SSO `aws sso login`; for exported AWS_SESSION_TOKEN get a new one), and repeat the command.',
  },
  {
    matches: hasName('InvalidClientTokenId', 'UnrecognizedClientException', 'InvalidAccessKeyId'),
    code: 'operator.credentials',
    nextStep:
      'AWS does not know this access key: `aws configure list` shows where it comes from; use one that exists.',
  },
  {
    matches: ({ message }) => /profile .{0,200}(?:could not be found|not found)/i.test(message),
    code: 'operator.credentials',
    nextStep: 'Set AWS_PROFILE to a profile that `aws configure list-profiles` shows.',
  },
  {
    matches: ({ name, message }) =>
      ['OptInRequired', 'RegionDisabledException'].includes(name) ||
      /region is (?:missing|disabled|not enabled)/i.test(message),
    code: 'platform.store',
    nextStep:
      'Check that the account has the region: `aws account get-region-opt-status --region-name ap-south-1`.',
  },
  {
    matches: ({ name, message }) =>
      name === 'ValidationException' && /maximum parameter value|\b4096\b|tier/i.test(message),
    code: 'platform.store',
    nextStep:
      'The value is too large for a standard parameter (4,096 bytes): store one token and nothing else; `./fyers login --aws` stores one.',
  },
  {
    matches: hasName(
      'ValidationException',
      'ValidationError',
      'InvalidParameterValueException',
      'InvalidParameterValue',
      'InvalidParameterException',
      'InvalidParameter',
      'ParameterPatternMismatchException',
      'UnsupportedParameterType',
    ),
    code: 'platform.store',
    nextStep:
      'AWS refuses the request as invalid, and would again: correct the value that the message names; `./fyers doctor` checks every setting.',
  },
  {
    matches: hasName('ParameterMaxVersionLimitExceeded'),
    code: 'platform.store',
    nextStep:
      'The oldest of its 100 versions has a label and blocks new ones: `aws ssm get-parameter-history --name NAME --query "Parameters[].[Version,Labels]"` shows it, and `aws ssm unlabel-parameter-version` removes it.',
  },
  {
    matches: hasName('ParameterLimitExceeded'),
    code: 'platform.store',
    nextStep:
      'The account has reached its limit of parameters: `aws ssm describe-parameters` lists them; remove some.',
  },
  {
    matches: hasName(
      'TooManyUpdates',
      'ResourceConflictException',
      'ConcurrentModificationException',
    ),
    code: 'platform.store',
    nextStep:
      'Another call changed it at the same moment: repeat the command in a few seconds; `./fyers ssm list` shows when.',
  },
  {
    matches: hasName(
      'ThrottlingException',
      'Throttling',
      'ThrottledException',
      'TooManyRequestsException',
      'RequestLimitExceeded',
      'SlowDown',
    ),
    code: 'platform.store',
    nextStep:
      'The account makes more calls than AWS allows: repeat the command in a minute; `./fyers logs refresh` shows whether a function makes them.',
  },
  {
    matches: ({ name }) =>
      /^(?:KMS|InvalidKeyId)/.test(name) ||
      ['DisabledException', 'InvalidKeyUsageException'].includes(name),
    code: 'platform.store',
    nextStep:
      'The key that encrypts the value cannot be used: `aws kms list-aliases` shows the keys; enable it, or run `pulumi up`.',
  },
  {
    matches: ({ name, code }) =>
      ['ENOTFOUND', 'EAI_AGAIN', 'UnknownEndpoint'].includes(code) || name === 'UnknownEndpoint',
    code: 'platform.store',
    nextStep:
      "AWS's name was not found: check this machine's connection and DNS, and repeat the command; `aws sts get-caller-identity` shows whether AWS answers.",
  },
  {
    matches: ({ code, message }) =>
      /^(?:CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|ERR_TLS_)/.test(code) ||
      /certificate/i.test(message),
    code: 'platform.store',
    nextStep:
      "The certificate was not accepted: check this machine's clock, and whether a proxy intercepts the connection; `aws sts get-caller-identity` shows whether AWS answers.",
  },
];

const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationErrorException',
  'AuthorizationError',
  'UnauthorizedOperation',
]);

/** True if the error has this AWS name, such as `ParameterNotFound`. */
export function isAwsError(caught: unknown, name: string): boolean {
  return caught instanceof Error && caught.name === name;
}

/**
 * Converts the error of a failed AWS call. Keeps AWS's message: for a refusal it names the action
 * and the resource. A known cause has a specific next step. Otherwise the step is general, and a
 * caller with more context may replace it (`FyersError.isGeneral`).
 *
 * @param doing purpose of the call, such as "Reading the parameter FYERS_CLIENT_ID"
 * @param sent a value to hide: AWS quotes some values that it finds invalid
 */
export function awsFault(caught: unknown, doing: string, sent = ''): FyersError {
  if (caught instanceof FyersError) return caught;
  const error = toError(caught);
  const { name, message } = error;
  const words = sent === '' ? message : message.replaceAll(sent, '[hidden]');
  const problem = `${doing} failed: ${name}: ${asSentence(words)}`;
  if (DENIED.has(name)) {
    return new FyersError(
      'platform.permission',
      problem,
      'Allow that action on that resource; if the role was changed by hand, run `pulumi up`.',
      { isGeneral: true },
    );
  }
  const code = errnoOf(error);
  const cause = CAUSES.find(({ matches }) => matches({ name, message, code }));
  if (cause !== undefined) return new FyersError(cause.code, problem, cause.nextStep);
  if (name === 'CredentialsProviderError') {
    return new FyersError(
      'operator.credentials',
      problem,
      'Sign in to AWS again, check it with `aws sts get-caller-identity`, and repeat the command.',
      { isGeneral: true },
    );
  }
  return new FyersError(
    'platform.store',
    problem,
    'Try again in a few minutes; if it persists, check https://health.aws.amazon.com/health/status.',
    { isGeneral: true },
  );
}
