// Reads which permissions a run used from the decision log of the emulator's policy evaluation.
import { readFile } from 'node:fs/promises';

export interface ExercisedPermission {
  /** The role's name. */
  readonly role: string;
  /** As in a policy: `ssm:GetParameter`. */
  readonly action: string;
  /** The ARN that the policy was evaluated for, or `*`. */
  readonly resource: string;
}

/** Returns each permission that a role was granted, in order of first use. Root's requests are never evaluated. */
export async function allowedIn(decisionsFile: string): Promise<readonly ExercisedPermission[]> {
  const text = await readFile(decisionsFile, 'utf8');
  const found = new Map<string, ExercisedPermission>();
  for (const line of text.split('\n').filter((candidate) => candidate !== '')) {
    const permission = parseDecision(JSON.parse(line));
    // Sessions of one role have different principals, so the log may contain the same permission more than once.
    if (permission !== null) found.set(Object.values(permission).join(' '), permission);
  }
  return [...found.values()];
}

function parseDecision(fields: unknown): ExercisedPermission | null {
  if (!Array.isArray(fields)) return null;
  const [principal, action, resource, decision] = fields.map(String);
  const role = /:assumed-role\/([^/]+)\//.exec(principal ?? '')?.[1];
  if (role === undefined || action === undefined || resource === undefined) return null;
  return decision === 'Allow' ? { role, action, resource } : null;
}
