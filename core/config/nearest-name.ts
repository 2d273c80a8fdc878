// Recognises names of keys, and finds the key that a misspelt name probably means.
import { environmentName, type Key, KEY_NAMES } from './keys.ts';
import { ENVIRONMENT } from './names.ts';

/** Names that only the commands and the harvester read, in `.env` and in the environment. */
const COMMAND_NAMES: readonly string[] = [
  ENVIRONMENT.masterUrl,
  ENVIRONMENT.loginUrl,
  ENVIRONMENT.bucket,
  ENVIRONMENT.dataDir,
  ENVIRONMENT.shard,
];

/** Maximum number of differing letters, including the prefix, for a name that is still taken for a key of this program. */
const MAX_DISTANCE_WITH_PREFIX = 2;

/** Other programs' names for the same things, without `FYERS` and underscores. */
const SYNONYMS: ReadonlyMap<string, Key> = new Map([
  ['appid', 'clientId'],
  ['apikey', 'clientId'],
  ['appkey', 'clientId'],
  ['secretid', 'secretKey'],
  ['appsecret', 'secretKey'],
  ['apisecret', 'secretKey'],
  ['clientsecret', 'secretKey'],
  ['callbackurl', 'redirectUri'],
  ['userid', 'fyId'],
  ['username', 'fyId'],
  ['fyersid', 'fyId'],
]);

/** The key that `text` probably means; null if it resembles none. */
export function nearestKey(text: string): Key | null {
  return SYNONYMS.get(withoutPrefix(text)) ?? nearestOf(text, KEY_NAMES, withoutPrefix);
}

const ENV_NAMES: ReadonlySet<string> = new Set([
  ...KEY_NAMES.map(environmentName),
  ...COMMAND_NAMES,
]);

/** Whether some part of this project reads the name from `.env`. */
export function isEnvName(name: string): boolean {
  return ENV_NAMES.has(name);
}

/** The name in `.env` that `text` probably means; null if it resembles none. */
export function nearestEnvName(text: string): string | null {
  const synonym = SYNONYMS.get(withoutPrefix(text));
  if (synonym !== undefined) return environmentName(synonym);
  const names = [...ENV_NAMES];
  return (
    nearestOf(text, names, withoutPrefix) ??
    nearestOf(text, names, letters, MAX_DISTANCE_WITH_PREFIX)
  );
}

/**
 * Whether the name is probably meant as a key of this program: by its prefix, or because prefix and key together differ by
 * one or two letters from a known name, as `FYRES_CLIENT_ID` does. Keys of other programs are ignored.
 */
export function isMeantForUs(name: string): boolean {
  return (
    /^_?fyers/i.test(name) ||
    nearestOf(name, [...ENV_NAMES], letters, MAX_DISTANCE_WITH_PREFIX) !== null
  );
}

function letters(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Makes `FYERS_CLIENT_ID` and `client-id` comparable with `clientId`. */
function withoutPrefix(text: string): string {
  return letters(text).replace(/^fyers/, '');
}

/** Minimum length of a name that counts as the beginning of another. */
const MIN_PREFIX_LENGTH = 4;
const MAX_DISTANCE = 3;
/** Comparing costs the product of both lengths. */
const MAX_NAME_LENGTH = 64;

/**
 * The nearest of `known`; null if none is near. The longer the name, the more slips it may have.
 * @param form normalises a name before the comparison, for example to ignore case and underscores
 */
function nearestOf<T extends string>(
  text: string,
  known: readonly T[],
  form: (name: string) => string,
  maxDistance = MAX_DISTANCE,
): T | null {
  const wanted = form(text);
  if (wanted.length > MAX_NAME_LENGTH) return null;
  const limit = Math.min(maxDistance, Math.max(1, Math.floor(wanted.length / 3)));
  const [nearest] = known
    .map((name) => ({ name, distance: distanceOf(wanted, form(name), limit) }))
    .sort((a, b) => a.distance - b.distance);
  return nearest !== undefined && nearest.distance <= limit ? nearest.name : null;
}

function distanceOf(wanted: string, known: string, limit: number): number {
  if (wanted === known) return 0;
  if (isBeginning(wanted, known)) return 1;
  return Math.abs(wanted.length - known.length) > limit ? Infinity : editDistance(wanted, known);
}

function isBeginning(a: string, b: string): boolean {
  return Math.min(a.length, b.length) >= MIN_PREFIX_LENGTH && (a.startsWith(b) || b.startsWith(a));
}

/** Counts insertions, deletions, replacements and swaps of neighbours ("optimal string alignment"), row by row. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swapped));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? 0;
}
