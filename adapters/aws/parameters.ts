// Stores tokens in SSM Parameter Store as SecureStrings, one call for each name, and claims on a token mint as
// create-once parameters, which contain no secrets. Also finds and removes the parameters of one stack by name, without
// reading their values.
import {
  DeleteParameterCommand,
  GetParameterCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  type SSMClient,
  type ParameterMetadata,
  type ParameterStringFilter,
  paginateDescribeParameters,
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
    'Store only one token; `./fyers login --aws` stores one.',
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

interface OwnParameters {
  /**
   * Full names of the existing parameters among `keys`, and of every claim. Excludes stacks with
   * another suffix.
   */
  find(keys: readonly ParameterName[]): Promise<readonly string[]>;
  /**
   * The encryption key as AWS names it; null if there is no such parameter, or if it is not
   * encrypted.
   */
  keyOf(name: string): Promise<string | null>;
  /** False if there was no such parameter. */
  remove(name: string): Promise<boolean>;
}

/** Errors: `platform.permission`, `operator.credentials`, `platform.store`. */
export function ownParameters(client: SSMClient, names: Names): OwnParameters {
  return {
    async find(keys) {
      const fixed = await describeParameters(client, {
        Key: 'Name',
        Option: 'Equals',
        Values: keys.map(names.parameter),
      });
      const claims = await describeParameters(client, {
        Key: 'Name',
        Option: 'BeginsWith',
        Values: [names.claimPrefix],
      });
      const all = [...fixed, ...claims].flatMap(({ Name }) => Name ?? []);
      return all.filter((name) => !name.startsWith(names.claimPrefix) || isClaim(name, names));
    },
    async keyOf(Name) {
      const [found] = await describeParameters(client, {
        Key: 'Name',
        Option: 'Equals',
        Values: [Name],
      });
      return found?.KeyId ?? null;
    },
    async remove(Name) {
      try {
        await client.send(new DeleteParameterCommand({ Name }));
        return true;
      } catch (caught) {
        if (isAwsError(caught, 'ParameterNotFound')) return false;
        throw awsFault(caught, `Removing the parameter ${Name}`);
      }
    },
  };
}

/**
 * Without a suffix, the prefix also matches every stack with one, so the rest must be a day and not
 * a suffix.
 */
function isClaim(name: string, { claimPrefix }: Names): boolean {
  return /^\d{4}-\d{2}-\d{2}_\d+$/.test(name.slice(claimPrefix.length));
}

async function describeParameters(
  client: SSMClient,
  filter: ParameterStringFilter,
): Promise<readonly ParameterMetadata[]> {
  try {
    const found: ParameterMetadata[] = [];
    const pages = paginateDescribeParameters({ client }, { ParameterFilters: [filter] });
    for await (const { Parameters = [] } of pages) {
      found.push(...Parameters);
    }
    return found;
  } catch (caught) {
    throw awsFault(caught, 'Listing parameters');
  }
}
