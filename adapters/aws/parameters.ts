// Stores tokens in SSM Parameter Store as SecureStrings, one call for each name, and claims on a token mint as
// create-once parameters, which contain no secrets.
import {
  DeleteParameterCommand,
  GetParameterCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { DEFAULT_KEY_ID, type Names, type ParameterName } from '../../core/config/names.ts';
import { FyersError } from '../../core/errors.ts';
import type { ClaimStore, TokenStore } from '../../core/ports.ts';
import { awsFault, isAwsError } from './fault.ts';

interface ParameterOptions {
  readonly client: SSMClient;
  readonly names: Names;
  /** The key that encrypts written values; default: the account's own key for parameters. */
  readonly keyId?: string | undefined;
  /** Called with every value that is read or written, so that a log can mask it. */
  readonly onSecret: (value: string) => void;
}

/** The limit of a standard parameter, in bytes (AWS Systems Manager, "Parameter tiers"). */
const LARGEST_VALUE = 4_096;

/**
 * Parameters that count as missing if their value can no longer be decrypted: the next token
 * replaces it.
 */
const REPLACEABLE: ReadonlySet<ParameterName> = new Set([
  'FYERS_ACCESS_TOKEN',
  'FYERS_REFRESH_TOKEN',
]);

/**
 * Errors: `platform.permission` naming action and resource, `operator.credentials`,
 * `platform.store`.
 */
export function parameterStore(options: ParameterOptions): TokenStore {
  const { client, names, onSecret, keyId = DEFAULT_KEY_ID } = options;
  return {
    async read(name) {
      const Name = names.parameter(name);
      try {
        const answer = await client.send(new GetParameterCommand({ Name, WithDecryption: true }));
        const value = answer.Parameter?.Value ?? null;
        if (value !== null) onSecret(value);
        return value;
      } catch (caught) {
        if (isAwsError(caught, 'ParameterNotFound')) return null;
        if (isAwsError(caught, 'InvalidKeyId') && REPLACEABLE.has(name)) return null;
        throw awsFault(caught, `Reading the parameter ${Name}`);
      }
    },
    async write(name, value) {
      const Name = names.parameter(name);
      onSecret(value);
      refuseLarge(Name, value);
      try {
        await client.send(new PutParameterCommand(secureString(Name, value, keyId)));
      } catch (caught) {
        throw awsFault(caught, `Writing the parameter ${Name}`, value);
      }
    },
  };
}

/**
 * Tier and KeyId are always sent: without them the account's default tier and the last key apply.
 */
function secureString(Name: string, Value: string, KeyId: string): PutParameterCommandInput {
  return {
    Name,
    Value,
    Type: 'SecureString',
    Tier: 'Standard',
    KeyId,
    Overwrite: true,
  };
}

/** @throws FyersError `platform.store` for a value that is too large for a standard parameter */
export function refuseLarge(name: string, value: string): void {
  const bytes = Buffer.byteLength(value, 'utf8');
  if (bytes <= LARGEST_VALUE) return;
  throw new FyersError(
    'platform.store',
    `The value for ${name} is ${String(bytes)} bytes, over the ${String(LARGEST_VALUE)} of a standard parameter.`,
    'Store only one token; `./fyers login --aws` brings one.',
  );
}

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
