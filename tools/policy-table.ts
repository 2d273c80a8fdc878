// Renders the permissions as Markdown: a table of parameters by role, and a list of every permission.
import { PERMISSIONS, type Actor, type Permission } from '../infra/iam/policies.ts';

const ROLES: Readonly<Record<Actor, string>> = {
  refresh: 'refresh function',
  login: 'login function',
  watch: 'watch function',
  schedule: 'schedules',
  harvester: 'instance',
  reader: 'a reader of `readers`',
};

const COLUMNS = [
  ['refresh', 'refresh'],
  ['login', 'login'],
  ['watch', 'watch'],
  ['harvester', 'instance'],
  ['reader', 'reader'],
] as const satisfies readonly (readonly [Actor, string])[];

const LETTERS: Readonly<Record<string, string>> = {
  'ssm:GetParameter': 'r',
  'secretsmanager:GetSecretValue': 'r',
  'ssm:PutParameter': 'w',
};

/** A row for each parameter and the PIN; r is read, w write. */
export function parameterTable(): string {
  const allowed = PERMISSIONS.flatMap(({ actor, effect, actions, on }) =>
    effect === 'Allow' && !('allBut' in on)
      ? on.flatMap((target) =>
          actions.map((action) => ({ actor, target, letter: LETTERS[action] ?? '' })),
        )
      : [],
  );
  const isValue = (target: string) => target.startsWith('parameter ') || target === 'pin';
  const targets = new Set(allowed.map(({ target }) => target).filter(isValue));
  const cell = (actor: Actor, target: string) => {
    const letters = allowed.filter((one) => one.actor === actor && one.target === target);
    return [...new Set(letters.map(({ letter }) => letter))].join('');
  };
  return [
    `| Parameter | ${COLUMNS.map(([, title]) => title).join(' | ')} |`,
    `| --- |${' :-: |'.repeat(COLUMNS.length)}`,
    ...[...targets].map(
      (target) =>
        `| ${nameOf(target)} | ${COLUMNS.map(([actor]) => cell(actor, target)).join(' | ')} |`,
    ),
  ].join('\n');
}

/** A heading for each role, and a line for each of its permissions. */
export function permissionList(): string {
  return Object.entries(ROLES)
    .map(([actor, title]) => {
      const own = PERMISSIONS.filter((permission) => permission.actor === actor);
      return [`**The ${title.replace(/^a /, '')}**`, own.map(lineOf).join('\n')].join('\n\n');
    })
    .join('\n\n');
}

function lineOf(permission: Permission): string {
  const actions = permission.actions.map((action) => `\`${action}\``).join(', ');
  const verb = permission.effect === 'Allow' ? actions : `**never** ${actions}`;
  return `- ${verb} on ${resourcesOf(permission)}`;
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
