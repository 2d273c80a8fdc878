// Lists every key that an operator may set in Pulumi's configuration, in `.env` or in the environment: one row per key.
// The settings (`infra/config/load.ts`), `configure` and `takeover` follow from the rows. The comment above a row is its
// text in Pulumi.dev.yaml and docs/configuration.md (`npm run docs`): a comment, because a bundle keeps every string.
import { DEFAULT_PROBE_REFRESH, parseProbeRefresh } from '../token/decide.ts';
import { FYERS_API_URL, REFERENCE_REDIRECT_URI, REFERENCE_SYMBOLS } from './names.ts';
import {
  parseAccountIds,
  parseBucketName,
  parseCalendar,
  parseDays,
  parseDollars,
  parseEmail,
  parseInstanceType,
  parseReaders,
  parseReservedConcurrency,
  parseSubnetId,
  parseWatchReads,
} from './program-values.ts';
import { parseFeed } from './stream-limits.ts';
import {
  parseAppId,
  parseAppSecret,
  type Parsed,
  parseEndpoint,
  parseFyId,
  parsePin,
  parseRedirectUri,
  parseSuffix,
  parseTelegram,
  parseBoolean,
} from './values.ts';

export interface KeyRow {
  readonly parse: (text: string) => Parsed<unknown>;
  /** The value if the key is not set. Null: not set, or the default depends on other keys or files. */
  readonly default: unknown;
  /** Encrypted in Pulumi's configuration, and passed on as it is written. */
  readonly secret?: true;
  /**
   * The harvester reads it at run time, and `HarvestSettings` has its value. A value other than the default is a line of
   * the instance's environment file. So it is a text that needs no quotes there, a number or a boolean, it is no secret,
   * and a change replaces the instance.
   */
  readonly readBy?: 'harvester';
}

type Rows = Readonly<Record<string, KeyRow>>;

/** For a key that `infra/config` reads together with other keys. */
function unparsed(text: string): Parsed<string> {
  return { ok: true, value: text };
}

const APP = {
  /**
   * The app id with its suffix, such as ABCD1234EF-100, from https://myapi.fyers.in/dashboard. An id without its secret
   * is an error. Without both, everything that needs no app is made.
   */
  clientId: { parse: parseAppId, default: null, secret: true },
  /** The app secret. */
  secretKey: { parse: parseAppSecret, default: null, secret: true },
  /** The four digits of your Fyers PIN. Only the refresh of tokens needs it. */
  pin: { parse: parsePin, default: null, secret: true },
  /**
   * The app's registered redirect URL, letter by letter; or loginUrl if that is the output loginUrl of this stack, so
   * that a login is one tap. Default: the URL of the Python original.
   */
  redirectUri: { parse: parseRedirectUri, default: REFERENCE_REDIRECT_URI },
  /** The only Fyers client id whose tokens are accepted, such as XA00001. Default: the first one seen. */
  fyId: { parse: parseFyId, default: null },
  /** Another endpoint of the broker's API. Default: https://api-t1.fyers.in */
  apiUrl: { parse: parseEndpoint, default: FYERS_API_URL, readBy: 'harvester' },
  /** The folder of .env and of the token files. Default: this folder. */
  operatorDir: { parse: unparsed, default: null },
} as const satisfies Rows;

const MESSAGES = {
  /** Where login links and alarms go. AWS sends a link that you must confirm. */
  email: { parse: parseEmail, default: null },
  /** Where login links go as well: <bot token>/<chat id>, which `./fyers telegram` finds. */
  telegram: { parse: parseTelegram, default: null, secret: true },
  /**
   * AWS sends you a message when a month of the whole account costs more, or will cost more. Whole US dollars; 0 for no
   * budget. Default: 15 for each harvester.
   */
  budgetDollars: { parse: parseDollars, default: null },
  /** Another endpoint of Telegram's Bot API. Default: https://api.telegram.org */
  telegramApiUrl: { parse: parseEndpoint, default: null },
} as const satisfies Rows;

const RECORDING = {
  /**
   * The symbols to record, comma separated. FUT:NIFTY, FUT:NIFTY+1 and ATM:NIFTY+0CE mean the day's contract,
   * CHAIN:NIFTY and INDEX:NIFTY50 mean groups (docs/deploy.md, "Groups of symbols"). Default: the five of the Python
   * original, NSE:HDFCBANK-EQ and so on.
   */
  symbols: { parse: unparsed, default: REFERENCE_SYMBOLS.join(',') },
  /** Seconds between two snapshots of a symbol, a divisor of 60. Default: 5. */
  everySeconds: { parse: unparsed, default: '5' },
  /**
   * rest: asks for five levels of each symbol, snapshot by snapshot. tbt: streams fifty levels of up to 15 symbols.
   * hsm: streams five levels of up to 2,500 symbols. Default: rest.
   */
  feed: { parse: parseFeed, default: 'rest' },
  /**
   * In place of symbols: a list of {symbols, everySeconds, feed, instanceType}, all but the first optional. Each has
   * its own machine, role, alarms and shard of the data. In .env it is JSON. Together their calls and streams must stay
   * within the account's limits. See docs/deploy.md, "Several harvesters".
   */
  harvesters: { parse: unparsed, default: null },
  /** trading: on days without trading nothing is refreshed. all: every day. Default: trading. */
  days: { parse: parseDays, default: 'trading' },
  /**
   * Whether a refresh is tried while Fyers refuses refresh tokens. weekly: before the first link of a day, at most once
   * in 7 days. daily: every day. never: only by `./fyers refresh --aws --probe`. Needs a PIN and a refresh token that
   * has not expired. A success switches refresh on again, and you get a message. Default: weekly.
   */
  probeRefresh: { parse: parseProbeRefresh, default: DEFAULT_PROBE_REFRESH },
} as const satisfies Rows;

const DEPLOYMENT = {
  /**
   * Days that you know better than the release, in the form that `./fyers calendar --help` shows. Default:
   * calendar.json next to .env, if it exists.
   */
  calendar: { parse: parseCalendar, default: null },
  /**
   * For a second stack in one account: small letters and digits, such as paper. It becomes part of every fixed name.
   * Choose it before the first `pulumi up`.
   */
  suffix: { parse: parseSuffix, default: '', readBy: 'harvester' },
  /** The AWS accounts that this stack may touch, comma separated. Default: any. */
  allowedAccountIds: { parse: parseAccountIds, default: null },
  /** A subnet of yours with a way to the internet. Default: a small network is made. */
  subnetId: { parse: parseSubnetId, default: null },
  /** An arm64 type. Default: t4g.micro. */
  instanceType: { parse: parseInstanceType, default: 't4g.micro' },
  /**
   * false: only the token; neither bucket nor instance is made. A bucket that was made before stays, and dataBucket
   * takes it up again. Default: true.
   */
  harvester: { parse: parseBoolean, default: true },
  /**
   * true: the recordings can be queried in SQL. Makes an Athena table, a workgroup that stops a query at 10 GB, and
   * saved queries (coverage, spread, a book, the closing auction). Default: false.
   */
  athena: { parse: parseBoolean, default: false },
  /** true: one CloudWatch page with token, recording, machine, functions and alarms. Default: false. */
  dashboard: { parse: parseBoolean, default: false },
  /**
   * true: a change that replaces or stops the instance is allowed while it records. By default `pulumi up` refuses it
   * from 15 minutes before a session to 30 after it. Default: false.
   */
  replaceInSession: { parse: parseBoolean, default: false },
  /** A bucket that an earlier stack left behind; it is taken up again. */
  dataBucket: { parse: parseBucketName, default: null },
  /**
   * true: `pulumi destroy` deletes the bucket and everything that was recorded. Takes effect with the next `pulumi up`.
   * Default: false.
   */
  deleteData: { parse: parseBoolean, default: false },
  /**
   * The most executions at a time of FyersTokenRefresh and of FyersLogin: 1 to 999, or none. Default: 5 for FyersLogin,
   * which anyone can call, if the account's quota is 105 or more. Lambda leaves 100 executions to functions without a
   * reservation. It leaves all of them if the quota is smaller, such as the 10 of a new account. Reservations of your
   * other functions count too. If AWS refuses because of them, set none.
   */
  reservedConcurrency: { parse: parseReservedConcurrency, default: 'byQuota' },
} as const satisfies Rows;

const ACCESS = {
  /**
   * ARNs of IAM roles and users of the same account, comma separated. Their bots may read FYERS_ACCESS_TOKEN and
   * FYERS_CLIENT_ID, by an inline policy.
   */
  readers: { parse: parseReaders, default: [] },
  /**
   * true: you get a message whenever another identity than this stack's roles and readers reads its parameters or its
   * PIN. CloudTrail sees the read, so a trail with its own bucket is made, whose records are kept for 14 days.
   * existingTrail: the account, or its organization, has a trail that records read management events here; a second
   * copy would cost 2 dollars for 100,000 events. Your own `pulumi up`, `pulumi refresh` and `./fyers tokens --use-ssm`
   * send a message too. Default: false.
   */
  watchReads: { parse: parseWatchReads, default: null },
  /**
   * true: a KMS key of this stack, at a dollar a month, encrypts the parameters and the PIN, so that reading one needs
   * a grant on the key as well. Default: false, the account's default keys. If you switch it on later, `pulumi up`
   * encrypts the app, Telegram and the PIN again. The tokens belong to the keeper and stay under the default key until
   * it publishes the next ones: within a day, or at once with `./fyers login --aws`. If you switch it off again, the
   * key is deleted, and the keeper's tokens and states cannot be read any more. Run `./fyers ssm delete NAME` for
   * FYERS_ACCESS_TOKEN, FYERS_REFRESH_TOKEN, FYERS_TOKEN_STATE and FYERS_LOGIN_STATE, then `pulumi refresh`, `pulumi
   * up`, and log in.
   */
  customerKey: { parse: parseBoolean, default: false },
} as const satisfies Rows;

/** The rows by heading, in the order of the documents. */
export const SECTIONS = {
  'The Fyers app': APP,
  Messages: MESSAGES,
  'What is recorded, and when the token is refreshed': RECORDING,
  'Where it runs': DEPLOYMENT,
  'Who may read': ACCESS,
};

const KEYS = { ...APP, ...MESSAGES, ...RECORDING, ...DEPLOYMENT, ...ACCESS };

export type Key = keyof typeof KEYS;

export function rowOf(key: Key): KeyRow {
  return KEYS[key];
}

/** `FYERS_SECRET_KEY` for `secretKey`: the key's name in `.env` and in the environment. */
export function environmentName(key: Key): string {
  return `FYERS_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

export function isKey(key: string): key is Key {
  return Object.hasOwn(KEYS, key);
}

/** In the order of the documents. */
export const KEY_NAMES: readonly Key[] = Object.keys(KEYS).filter(isKey);

export type HarvesterKey = {
  [K in Key]: (typeof KEYS)[K] extends { readonly readBy: 'harvester' } ? K : never;
}[Key];

/** The keys that the harvester reads at run time. */
export const HARVESTER_KEYS: readonly HarvesterKey[] = KEY_NAMES.filter(
  (key): key is HarvesterKey => rowOf(key).readBy === 'harvester',
);

/** The values of the keys that the harvester reads at run time. */
export type HarvesterValues = Pick<KeyValues<never>, HarvesterKey>;

export function isSecretKey(key: Key): boolean {
  return rowOf(key).secret === true;
}

/** The value of each key: parsed, or its default. */
export type KeyValues<Secret> = {
  readonly [K in Key]: (typeof KEYS)[K] extends { secret: true } ? Secret | null : KeyValue<K>;
};

type KeyValue<K extends Key> =
  | Extract<ReturnType<(typeof KEYS)[K]['parse']>, { ok: true }>['value']
  | (typeof KEYS)[K]['default'];

interface KeyProblem {
  readonly key: Key;
  readonly problem: string;
}

/**
 * Parses every key by its row. An invalid key gets its default.
 * @param textOf null if the key is not set
 * @param hide converts a secret to the kept value
 */
export function parseKeys<Secret>(
  textOf: (key: Key) => string | null,
  hide: (text: string) => Secret,
) {
  const { values, problems } = parseRows(KEY_NAMES, textOf, hide);
  return { values: values as KeyValues<Secret>, problems };
}

/** As {@link parseKeys}, for the keys that the harvester reads. */
export function parseHarvesterKeys(textOf: (key: HarvesterKey) => string | null) {
  const { values, problems } = parseRows(HARVESTER_KEYS, textOf, (text) => text);
  return { values: values as HarvesterValues, problems };
}

function parseRows<K extends Key>(
  keys: readonly K[],
  textOf: (key: K) => string | null,
  hide: (text: string) => unknown,
) {
  const problems: KeyProblem[] = [];
  const values = keys.map((key): readonly [Key, unknown] => {
    const row = rowOf(key);
    const text = textOf(key);
    if (text === null) return [key, row.default];
    const parsed = row.parse(text);
    if (parsed.ok) return [key, row.secret ? hide(text) : parsed.value];
    problems.push({ key, problem: parsed.problem });
    return [key, row.default];
  });
  return { values: Object.fromEntries(values) as unknown, problems };
}
