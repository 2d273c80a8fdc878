// Finds and removes the parameters of one stack by name, without reading their values.
import {
  DeleteParameterCommand,
  type ParameterMetadata,
  type ParameterStringFilter,
  type SSMClient,
  paginateDescribeParameters,
} from '@aws-sdk/client-ssm';
import type { Names, ParameterName } from '../../core/config/names.ts';
import { awsFault, isAwsError } from './fault.ts';

export interface OwnParameters {
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
