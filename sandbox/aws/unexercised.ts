// Permissions that the roles have and a run never used.
import {
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import type { Emulator } from './emulator.ts';
import type { ExercisedPermission } from './permissions.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

/** Role × action × resource of every inline Allow that matched no request; null where requests are not known. */
export async function unexercised(
  emulator: Emulator,
): Promise<readonly ExercisedPermission[] | null> {
  const used = await emulator.exercised();
  if (used === null) return null;
  const granted = await grantedIn(emulator);
  return granted.filter(
    (grant) =>
      !used.some(
        ({ role, action, resource }) =>
          role === grant.role && matches(grant.action, action) && matches(grant.resource, resource),
      ),
  );
}

async function grantedIn(emulator: Emulator): Promise<readonly ExercisedPermission[]> {
  const { endpoint, region, rootCredentials } = emulator;
  const iam = new IAMClient({ endpoint, region, credentials: rootCredentials });
  try {
    const { Roles = [] } = await iam.send(new ListRolesCommand({}));
    const all = await Promise.all(Roles.map(({ RoleName = '' }) => grantsOf(iam, RoleName)));
    return all.flat();
  } finally {
    iam.destroy();
  }
}

async function grantsOf(iam: IAMClient, role: string): Promise<readonly ExercisedPermission[]> {
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName: role }));
  const grants: ExercisedPermission[] = [];
  for (const PolicyName of PolicyNames) {
    const { PolicyDocument = '' } = await iam.send(
      new GetRolePolicyCommand({ RoleName: role, PolicyName }),
    );
    const { Statement: statements } = JSON.parse(decodeURIComponent(PolicyDocument)) as {
      readonly Statement: readonly Statement[];
    };
    for (const { Effect, Action, Resource } of statements) {
      if (Effect !== 'Allow') continue;
      for (const action of [Action].flat()) {
        for (const resource of [Resource].flat()) grants.push({ role, action, resource });
      }
    }
  }
  return grants;
}

/** IAM's wildcards: `*` any text, `?` one character; letters of either case in actions. */
function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  const expression = escaped.replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 'i').test(text);
}
