// Lists a stack's parameters and limits how much of a value may be shown.
import { FyersError } from '../../../core/errors.ts';
import { type Names, PLACEHOLDER, type ParameterName } from '../../../core/config/names.ts';
import { displayFingerprint } from '../../../core/token/digest.ts';
import type { Session } from '../../shared/io.ts';
import { namesOf, settingsOf } from '../../shared/settings.ts';

/** Options of every `ssm` command. */
export interface Shared {
  readonly suffix?: string;
}

/** In the order of a token's life. */
export const PARAMETERS = {
  FYERS_CLIENT_ID: 'the app id',
  FYERS_SECRET_KEY: 'the app secret',
  FYERS_ACCESS_TOKEN: 'the token that bots use',
  FYERS_REFRESH_TOKEN: 'used by FyersTokenRefresh for refreshes',
  FYERS_TOKEN_STATE: "FyersTokenRefresh's own state",
  FYERS_LOGIN_STATE: "the login's own state",
  FYERS_LINK_KEY: 'key that signs login links',
  FYERS_PIN_KEY: 'key for fingerprints of the PIN',
  FYERS_LOGIN_URL: "the login function's address",
  FYERS_TELEGRAM: 'the Telegram bot and chat',
} as const satisfies Readonly<Record<ParameterName, string>>;

/** Shorter secrets get no fingerprint: eight digits of the hash would help to guess them. */
export const MIN_FINGERPRINTED_LENGTH = 32;

export function parameterKeys(): readonly ParameterName[] {
  return Object.keys(PARAMETERS).filter(isParameter);
}

/**
 * Accepts the plain name or the name with the stack's suffix.
 * @throws FyersError `operator.usage`
 */
export function keyOf(name: string, names: Names): ParameterName {
  const key = parameterKeys().find((each) => each === name || names.parameter(each) === name);
  if (key !== undefined) return key;
  if (name === 'FYERS_PIN' || name === names.pinSecret) throw pinIsSecretError(name);
  throw new FyersError(
    'operator.usage',
    `"${name}" is not a parameter of this project.`,
    `Name one of ${parameterKeys().map(names.parameter).join(', ')}; \`./fyers ssm list\` shows which exist.`,
  );
}

export function namesOfStack({ io }: Session, options: Shared): Names {
  return namesOf(settingsOf(io.cwd, io.env), options.suffix);
}

export function fingerprintOf(value: string): string | null {
  const long = value.length >= MIN_FINGERPRINTED_LENGTH;
  return long && value !== PLACEHOLDER ? displayFingerprint(value.trim()) : null;
}

function pinIsSecretError(name: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${name} is not a parameter: the PIN is a secret in Secrets Manager, set only by the configuration of the stack. The parameters are ${parameterKeys().join(', ')}.`,
    'Run `pulumi config set --secret pin` and `pulumi up`.',
  );
}

function isParameter(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name);
}
