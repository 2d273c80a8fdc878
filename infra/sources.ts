// Where a setting comes from: Pulumi's configuration wins over `.env`, which wins over the process environment.
import type { EnvFile } from '../adapters/files/operator-files.ts';
import { type Key, environmentName, isKey, isSecretKey, nearestKey } from '../core/setting-keys.ts';

export interface Found {
  readonly text: string;
  /** Where it is, for messages: `FYERS_PIN in /home/me/fyers/.env line 3`. */
  readonly place: string;
  /** How to correct it there, a full sentence. */
  readonly fix: string;
  /** How to take it away there, a full sentence. */
  readonly removal: string;
}

export interface Sources {
  /** Pulumi's configuration of this project, without the namespace. */
  readonly config: Readonly<Record<string, string>>;
  readonly envFile: Pick<EnvFile, 'values' | 'places'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** An empty value, as `.env.example` has them, counts as none. */
export function find(key: Key, { config, envFile, environment }: Sources): Found | null {
  const name = environmentName(key);
  const candidates = [
    {
      text: config[key],
      place: `${key} in the Pulumi configuration`,
      fix: `Run \`${setCommand(key)}\`.`,
      removal: `Run \`pulumi config rm ${key}\`.`,
    },
    {
      text: envFile.values[name],
      place: `${name} in ${envFile.places[name] ?? '.env'}`,
      fix: 'Correct that line.',
      removal: 'Remove that line.',
    },
    {
      text: environment[name],
      place: `${name} in the environment`,
      fix: `Correct that variable, or run \`unset ${name}\`.`,
      removal: `Run \`unset ${name}\`.`,
    },
  ];
  for (const { text, ...where } of candidates) {
    const trimmed = text?.trim() ?? '';
    if (trimmed !== '') return { text: trimmed, ...where };
  }
  return null;
}

/** The command that sets a key in Pulumi's configuration. */
export function setCommand(key: Key): string {
  return isSecretKey(key) ? `pulumi config set --secret ${key}` : `pulumi config set ${key} VALUE`;
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
    const inClear = isSecretKey(key) && secretKeys !== null && !secretKeys.includes(key);
    return inClear
      ? [`${key} stands unencrypted in the Pulumi configuration. Run \`${setCommand(key)}\`.`]
      : [];
  });
}

function unknownKey(key: string): string {
  const nearest = nearestKey(key);
  const hint = nearest === null ? 'Pulumi.dev.yaml lists the keys.' : `Did you mean ${nearest}?`;
  return `${key} in the Pulumi configuration is not a key of this program. ${hint} Remove it with \`pulumi config rm ${key}\`.`;
}
