// Lists every key that an operator may set, under its names in Pulumi's configuration, in `.env` and in the environment.

/** `secret` keys are encrypted in Pulumi's configuration. */
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
  feed: 'plain',
  harvesters: 'plain',
  days: 'plain',
  probeRefresh: 'plain',
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

/** `FYERS_SECRET_KEY` for `secretKey`: the key's name in `.env` and in the environment. */
export function environmentName(key: Key): string {
  return `FYERS_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

export function isKey(key: string): key is Key {
  return Object.hasOwn(KEYS, key);
}

/** In the order of the documents. */
export const KEY_NAMES: readonly Key[] = Object.keys(KEYS).filter(isKey);

export function isSecretKey(key: Key): boolean {
  return KEYS[key] === 'secret';
}
