// Addresses of resources whose names are fixed, so that a policy can name what the program does not make itself.
import * as pulumi from '@pulumi/pulumi';
import {
  type FunctionActor,
  type Names,
  type ParameterName,
  REGION,
} from '../../core/config/names.ts';
import type { Arns } from './policies.ts';

/** Telegram's stands apart, because it is there only where it is configured. */
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
  /** Without it there is no such parameter, and nobody is let near one. */
  readonly telegram: pulumi.Output<string> | null;
  /** Null without a key of this stack. */
  readonly keyArn: pulumi.Output<string> | null;
}

/** Parameters, claims, log streams and the key; the components add the other resources that AWS or Pulumi names. */
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
    // A year begins with 2, a suffix with a letter: another stack's claims are its own.
    claims: parameter(`${names.claimPrefix}2*`),
    ...(keyArn === null ? {} : { key: keyArn }),
    anything: '*',
  };
}
