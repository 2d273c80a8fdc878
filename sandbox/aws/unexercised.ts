// Compares the roles' granted permissions with those that a run used.
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
  readonly Resource?: string | readonly string[];
}

interface RolePolicy {
  readonly RoleName: string;
  readonly PolicyName: string;
  readonly PolicyDocument: string;
}

/** One action on one resource of an Allow statement in an inline policy. */
export interface Grant extends ExercisedPermission {
  readonly covers: (used: ExercisedPermission) => boolean;
  readonly policy: RolePolicy;
  readonly policyWithoutIt: RolePolicy;
}

/** Returns every grant that matched no request; null if requests are unknown. */
export async function unexercised(
  emulator: Emulator,
): Promise<readonly ExercisedPermission[] | null> {
  const used = await emulator.exercised();
  if (used === null) return null;
  const { endpoint, region, rootCredentials } = emulator;
  const iam = new IAMClient({ endpoint, region, credentials: rootCredentials });
  try {
    const { Roles = [] } = await iam.send(new ListRolesCommand({}));
    const grants = await Promise.all(Roles.map(({ RoleName = '' }) => grantsOf(iam, RoleName)));
    return grants.flat().filter((grant) => !used.some(grant.covers));
  } finally {
    iam.destroy();
  }
}

export async function grantsOf(iam: IAMClient, RoleName: string): Promise<readonly Grant[]> {
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const policies = await Promise.all(
    PolicyNames.map((PolicyName) => iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))),
  );
  return policies.flatMap(({ PolicyName = '', PolicyDocument = '' }) =>
    grantsIn({ RoleName, PolicyName, PolicyDocument: decodeURIComponent(PolicyDocument) }),
  );
}

function grantsIn(policy: RolePolicy): readonly Grant[] {
  const { RoleName: role } = policy;
  const document = JSON.parse(policy.PolicyDocument) as {
    readonly Statement: readonly Statement[];
  };
  const pairs = document.Statement.flatMap(pairsOf);
  return pairs.flatMap((pair, index) => {
    const { Effect, Action: action, Resource: resource } = pair;
    if (Effect !== 'Allow' || typeof action !== 'string' || typeof resource !== 'string') return [];
    const left = { ...document, Statement: pairs.toSpliced(index, 1) };
    return [
      {
        role,
        action,
        resource,
        covers: (used) =>
          used.role === role && matches(action, used.action) && matches(resource, used.resource),
        policy,
        policyWithoutIt: { ...policy, PolicyDocument: JSON.stringify(left) },
      },
    ];
  });
}

/**
 * Splits a statement into statements of one action on one resource each; keeps a statement with NotAction or
 * NotResource.
 */
function pairsOf(statement: Statement): readonly Statement[] {
  const resources = [statement.Resource ?? []].flat();
  if (resources.length === 0) return [statement];
  return [statement.Action]
    .flat()
    .flatMap((Action) => resources.map((Resource) => ({ ...statement, Action, Resource })));
}

/** Matches IAM's wildcards: `*` any text, `?` one character; actions are case-insensitive. */
function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  const expression = escaped.replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 'i').test(text);
}
