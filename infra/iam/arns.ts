// Builds ARNs of resources with fixed names, so that a policy can name resources that the program does not create
// itself.
import * as pulumi from '@pulumi/pulumi';
import {
  type FunctionActor,
  type Names,
  type ParameterName,
  REGION,
} from '../../core/config/names.ts';
import type { Arns } from './policies.ts';

/** Telegram's parameter is separate, because it exists only if it is configured. */
export const PARAMETERS: readonly ParameterName[] = [
  'FYERS_CLIENT_ID',
  'FYERS_SECRET_KEY',
  'FYERS_ACCESS_TOKEN',
  'FYERS_REFRESH_TOKEN',
  'FYERS_TOKEN_STATE',
  'FYERS_LOGIN_STATE',
  'FYERS_LINK_KEY',
  'FYERS_PIN_KEY',
  'FYERS_LOGIN_URL',
];

export const FUNCTION_ACTORS: readonly FunctionActor[] = ['refresh', 'login', 'watch'];

export interface Optional {
  /** Null: the parameter does not exist, and no role gets access to it. */
  readonly telegram: pulumi.Output<string> | null;
  /** Null without a key of this stack. */
  readonly keyArn: pulumi.Output<string> | null;
}

/** ARNs of parameters, claims, log streams and the key; the components add resources named by AWS or Pulumi. */
export function fixedArns(
  accountId: pulumi.Input<string>,
  names: Names,
  { telegram, keyArn }: Optional,
): Arns {
  const parameter = (name: string) =>
    pulumi.interpolate`arn:aws:ssm:${REGION}:${accountId}:parameter/${name}`;
  return {
    ...Object.fromEntries(
      [...PARAMETERS, ...(telegram === null ? [] : (['FYERS_TELEGRAM'] as const))].map((name) => [
        `parameter ${name}`,
        parameter(names.parameter(name)),
      ]),
    ),
    ...Object.fromEntries(
      FUNCTION_ACTORS.map((actor) => [
        `${actor} log streams`,
        pulumi.interpolate`arn:aws:logs:${REGION}:${accountId}:log-group:${names.logGroup(actor)}:*`,
      ]),
    ),
    // A year begins with 2 and a suffix with a letter, so this excludes another stack's claims.
    claims: parameter(`${names.claimPrefix}2*`),
    ...(keyArn === null ? {} : { key: keyArn }),
    anything: '*',
  };
}
