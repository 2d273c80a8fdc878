// Renders the table of permissions as Markdown.
import { PERMISSIONS, type Actor, type Permission } from '../infra/iam/policies.ts';

const ROLES: Readonly<Record<Actor, string>> = {
  refresh: 'refresh function',
  login: 'login function',
  watch: 'watch function',
  schedule: 'schedules',
  harvester: 'instance',
  reader: 'a reader of `readers`',
};

/** Columns: role, action and resource. */
export function policyTable(): string {
  const rows = PERMISSIONS.toSorted((a, b) => order(a) - order(b)).map((permission) => {
    const actions = permission.actions.map((action) => `\`${action}\``).join(', ');
    const verb = permission.effect === 'Allow' ? actions : `**never** ${actions}`;
    return `| ${ROLES[permission.actor]} | ${verb} | ${resourcesOf(permission)} |`;
  });
  return ['| Who | May | On |', '| --- | --- | --- |', ...rows].join('\n');
}

function order({ actor }: Permission): number {
  return Object.keys(ROLES).indexOf(actor);
}

function resourcesOf({ on, condition, through }: Permission): string {
  const list = 'allBut' in on ? on.allBut : on;
  const names = list.map(nameOf).join(', ');
  const what = 'allBut' in on ? `anything but ${names}` : names;
  const conditions = Object.values(condition ?? {}).flatMap((keys) =>
    Object.entries(keys).map(([key, value]) => `\`${key}\` is \`${value}\``),
  );
  if (through !== undefined) {
    conditions.push(`${through.service} asks for ${through.of.map(nameOf).join(', ')}`);
  }
  return conditions.length === 0 ? what : `${what}, if ${conditions.join(' and ')}`;
}

function nameOf(target: string): string {
  const [kind, name] = target.split(' ');
  if (kind === 'parameter') return `\`${name ?? ''}\``;
  return target === 'pin' ? 'the PIN' : target === 'key' ? 'the key of `customerKey`' : target;
}
