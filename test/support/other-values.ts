// Gives each key that the harvester reads at run time a value other than its default.
import {
  HARVESTER_KEYS,
  type HarvesterKey,
  type HarvesterValues,
  rowOf,
} from '../../core/config/keys.ts';

type BooleanKey = {
  [K in HarvesterKey]: HarvesterValues[K] extends boolean ? K : never;
}[HarvesterKey];

/** Of a boolean the value follows from its default. */
const TEXTS: Readonly<Record<Exclude<HarvesterKey, BooleanKey>, string>> = {
  suffix: 'paper',
  apiUrl: 'http://127.0.0.1:1',
};

/** As written in the configuration. */
export const OTHER_VALUES: readonly (readonly [key: HarvesterKey, text: string])[] =
  HARVESTER_KEYS.map((key) => {
    const texts: Readonly<Record<string, string>> = TEXTS;
    return [key, texts[key] ?? String(rowOf(key).default !== true)];
  });
