// Where a setting comes from: Pulumi's configuration wins over `.env`, which wins over the process environment.

/** Every key of the program, and whether it belongs encrypted into Pulumi's configuration. */
const KEYS = {
  clientId: 'secret',
  secretKey: 'secret',
  pin: 'secret',
  redirectUri: 'plain',
  fyId: 'plain',
  email: 'plain',
  telegram: 'secret',
  symbols: 'plain',
  everySeconds: 'plain',
  harvesters: 'plain',
  days: 'plain',
  calendar: 'plain',
  suffix: 'plain',
  subnetId: 'plain',
  instanceType: 'plain',
  customerKey: 'plain',
  readers: 'plain',
  reservedConcurrency: 'plain',
  harvester: 'plain',
  athena: 'plain',
  dashboard: 'plain',
  watchReads: 'plain',
  replaceInSession: 'plain',
  budgetDollars: 'plain',
  deleteData: 'plain',
  dataBucket: 'plain',
  allowedAccountIds: 'plain',
  apiUrl: 'plain',
  telegramApiUrl: 'plain',
  operatorDir: 'plain',
} as const;

export type Key = keyof typeof KEYS;

export interface Found {
  readonly text: string;
  /** Where it stands, for messages: `FYERS_PIN in .env`. */
  readonly place: string;
}

export interface Sources {
  /** Pulumi's configuration of this project, without the namespace. */
  readonly config: Readonly<Record<string, string>>;
  readonly envFile: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** `FYERS_SECRET_KEY` for `secretKey`: the key's name in `.env` and in the environment. */
export function environmentName(key: Key): string {
  return `FYERS_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** An empty value, as `.env.example` has them, counts as none. */
export function find(key: Key, sources: Sources): Found | null {
  const name = environmentName(key);
  const candidates = [
    { text: sources.config[key], place: `${key} in the Pulumi configuration` },
    { text: sources.envFile[name], place: `${name} in .env` },
    { text: sources.environment[name], place: `${name} in the environment` },
  ];
  for (const { text, place } of candidates) {
    const trimmed = text?.trim() ?? '';
    if (trimmed !== '') return { text: trimmed, place };
  }
  return null;
}

/** The command that sets a key; it fixes a wrong value wherever that stands, because Pulumi's configuration wins. */
export function setCommand(key: Key): string {
  return KEYS[key] === 'secret'
    ? `pulumi config set --secret ${key}`
    : `pulumi config set ${key} VALUE`;
}

/**
 * Keys of Pulumi's configuration that the program does not know, each with the nearest one that it does.
 * @param secretKeys the keys that Pulumi holds encrypted; null where that cannot be known
 */
export function configProblems(
  config: Readonly<Record<string, string>>,
  secretKeys: readonly string[] | null,
): readonly string[] {
  return Object.keys(config).flatMap((key) => {
    if (!isKey(key)) return [unknownKey(key)];
    const inClear = KEYS[key] === 'secret' && secretKeys !== null && !secretKeys.includes(key);
    return inClear
      ? [`${key} stands unencrypted in the Pulumi configuration. Run \`${setCommand(key)}\`.`]
      : [];
  });
}

function isKey(key: string): key is Key {
  return Object.hasOwn(KEYS, key);
}

function unknownKey(key: string): string {
  const nearest = Object.keys(KEYS)
    .map((known) => ({ known, distance: editDistance(bare(key), bare(known)) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint =
    nearest !== undefined && nearest.distance <= 3
      ? `Did you mean ${nearest.known}?`
      : 'Pulumi.dev.yaml lists the keys.';
  return `${key} in the Pulumi configuration is not a key of this program. ${hint} Remove it with \`pulumi config rm ${key}\`.`;
}

/** So that `FYERS_CLIENT_ID` and `client-id` are near to `clientId`. */
function bare(key: string): string {
  return key.toLowerCase().replaceAll(/[^a-z0-9]|^fyers/g, '');
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
