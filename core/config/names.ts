// Defines the names that the Pulumi program, the functions, the harvester and the CLI share. The reference's users have these
// names in their accounts and scripts, so the values without a suffix must never change.

export const REGION = 'ap-south-1';
export const PROJECT = 'fyers-token-refresh';
/** Fyers' API, without a trailing slash (Fyers API v3 documentation). */
export const FYERS_API_URL = 'https://api-t1.fyers.in';
/** The HSM stream; other versions of the path do not exist. */
export const FYERS_HSM_URL = 'wss://socket.fyers.in/hsm/v1-5/prod';
/** The TBT stream, if the address cannot be asked for. */
export const FYERS_TBT_URL = 'wss://rtsocket-api.fyers.in/versova';
/** The folder of Fyers' public symbol master, without a trailing slash (Fyers API v3, "Symbol Master"). */
export const FYERS_MASTER_URL = 'https://public.fyers.in/sym_details';
/** The redirect URL that the reference hard-codes, so its users have registered it. */
export const REFERENCE_REDIRECT_URI = 'https://trade.fyers.in/api-login/redirect-uri/index.html';
/** Value of `redirectUri` that means the address of the stack's own login function. */
export const LOGIN_URL_KEYWORD = 'loginUrl';
export const TELEGRAM_API_URL = 'https://api.telegram.org';
/** The five symbols that the reference records. */
export const REFERENCE_SYMBOLS = [
  'NSE:HDFCBANK-EQ',
  'NSE:RELIANCE-EQ',
  'NSE:ADANIENT-EQ',
  'NSE:INFY-EQ',
  'NSE:SBIN-EQ',
] as const;
/** Encrypts the parameters if the operator has no own key: the account's default key for parameters. */
export const DEFAULT_KEY_ID = 'alias/aws/ssm';
export const METRIC_NAMESPACE = 'FyersTokenRefresh';
/** Metrics of the harvester for alarms and `fyers status`, under {@link harvesterDimensions}. */
export const METRICS = {
  heartbeat: 'Heartbeat',
  slotsMissed: 'SlotsMissed',
  diskUsedPercent: 'DiskUsedPercent',
  faults: 'Faults',
  /** Milliseconds from a slot's instant to its first request: the maximum since the last heartbeat. */
  slotLag: 'SlotLag',
  /** Symbols of a stream that have delivered nothing for a minute of continuous trading. */
  streamSilentSymbols: 'StreamSilentSymbols',
} as const;
/** Pulumi name of the trail of `watchReads` and of its bucket. */
export const READ_TRAIL = 'fyers-reads';
/** Value of a token parameter between `pulumi up` and the first token. */
export const PLACEHOLDER = 'placeholder: no token yet';
/** Answer of the refresh function. The guide requires it byte for byte (U+2705). */
export const REFRESHED_BODY = '{"message": "✅ Token refresh completed successfully!"}';

/** Files of the operator's folder, with the reference's names. The newest access token by `iat` wins. */
export const OPERATOR_FILES = {
  env: '.env',
  calendar: 'calendar.json',
  /** The members of `INDEX:NIFTY50` are in `index-NIFTY50.csv`. */
  indexList: (index: string) => `index-${index}.csv`,
  accessToken: ['access_token.txt', 'daily_token.txt'],
  refreshToken: ['refresh_token.txt'],
} as const;

/** Environment of the functions and of the harvester; the program writes it, `core/config/values.ts` reads it. */
export const ENVIRONMENT = {
  suffix: 'FYERS_SUFFIX',
  apiUrl: 'FYERS_API_URL',
  /** Address of the symbol master; default: Fyers' own, or next to the API if that replaces Fyers'. */
  masterUrl: 'FYERS_MASTER_URL',
  fyId: 'FYERS_FY_ID',
  days: 'FYERS_DAYS',
  /** How often a refresh is tried although the broker has switched it off. */
  probeRefresh: 'FYERS_PROBE_REFRESH',
  /** The operator's calendar overrides, as JSON (`core/market/calendar-data.ts`); absent without any. */
  calendar: 'FYERS_CALENDAR',
  /** The name of the PIN's secret; absent if no PIN is configured. */
  pinSecret: 'FYERS_PIN_SECRET',
  /** The operator's own key; absent if the account's default key encrypts the parameters. */
  keyId: 'FYERS_KEY_ID',
  /** Receives the messages to the operator. */
  topicArn: 'FYERS_TOPIC_ARN',
  /** `yes` if the parameter FYERS_TELEGRAM exists. */
  telegram: 'FYERS_TELEGRAM',
  telegramApiUrl: 'FYERS_TELEGRAM_API_URL',
  /** `yes` if a harvester records with the token, so that a proof reads market depth too. */
  harvester: 'FYERS_HARVESTER',
  /** The address of the login function, with a trailing slash; that function reads it from the parameter of the same name. */
  loginUrl: 'FYERS_LOGIN_URL',
  /** The app's registered redirect URL, or {@link LOGIN_URL_KEYWORD} if that is the login function's address. */
  redirectUri: 'FYERS_REDIRECT_URI',
  symbols: 'FYERS_SYMBOLS',
  everySeconds: 'FYERS_EVERY_SECONDS',
  feed: 'FYERS_FEED',
  bucket: 'FYERS_BUCKET',
  dataDir: 'FYERS_DATA_DIR',
  shard: 'FYERS_SHARD',
} as const;

export type ParameterName =
  | 'FYERS_CLIENT_ID'
  | 'FYERS_SECRET_KEY'
  | 'FYERS_ACCESS_TOKEN'
  | 'FYERS_REFRESH_TOKEN'
  | 'FYERS_TOKEN_STATE'
  | 'FYERS_LOGIN_STATE'
  /** Random, created by the Pulumi program. Signs links and states. */
  | 'FYERS_LINK_KEY'
  /** Random, created by the Pulumi program. Keys the PIN's fingerprint. */
  | 'FYERS_PIN_KEY'
  /** The login function's address. It cannot be in that function's own environment: the resources would depend on each other. */
  | 'FYERS_LOGIN_URL'
  /** `<bot token>/<chat id>`, if Telegram is configured. */
  | 'FYERS_TELEGRAM';

/** Per stack. Each harvester needs a partition of the Athena table and an address of the subnet. */
export const HARVESTERS_MAX = 10;

/** Distinguishes the harvesters of one account. CloudWatch rejects an empty dimension, so no suffix is `none`. */
export function harvesterDimensions(suffix: string, shard: string) {
  return { Suffix: suffix === '' ? 'none' : suffix, Shard: shard } as const;
}

/** Each function has its own role, log group and schedules. */
export type FunctionActor = 'refresh' | 'login' | 'watch';

export interface Names {
  readonly parameter: (name: ParameterName) => string;
  /** A claim on one mint: a parameter that can be created once. */
  readonly claim: (brokerDay: string, n: number) => string;
  /** Held while a link is requested on the login page. */
  readonly askLock: (day: string, asker?: 'anyone' | 'link') => string;
  /** The prefix of every claim, for a policy's resource. */
  readonly claimPrefix: string;
  readonly pinSecret: string;
  /** The alias of the operator's own key, if one is created. */
  readonly keyAlias: string;
  readonly function: (actor: FunctionActor) => string;
  readonly logGroup: (actor: FunctionActor) => string;
  /** @param slot its time of day, such as `07:00`. */
  readonly schedule: (actor: 'refresh' | 'watch', slot: string) => string;
  readonly undelivered: string;
  readonly alarm: (what: string) => string;
  readonly budget: string;
  readonly dashboard: string;
  readonly athenaDatabase: string;
  readonly athenaWorkgroup: string;
  /** The rule, and the trail if one is created, that record reads of secrets. */
  readonly reads: string;
}

const FUNCTIONS: Readonly<Record<FunctionActor, string>> = {
  refresh: 'FyersTokenRefresh',
  login: 'FyersLogin',
  watch: 'FyersWatch',
};

/** @param suffix of a second stack in the same account, such as `PAPER`; empty for the reference's own names. */
export function namesFor(suffix: string): Names {
  const upper = suffix === '' ? '' : `_${suffix.toUpperCase()}`;
  const suffixed = (name: string) => (suffix === '' ? name : `${name}-${suffix}`);
  const functionName = (actor: FunctionActor) => suffixed(FUNCTIONS[actor]);
  return {
    parameter: (name) => `${name}${upper}`,
    claim: (brokerDay, n) => `FYERS_TOKEN_CLAIM${upper}_${brokerDay}_${String(n)}`,
    askLock: (day, asker = 'anyone') =>
      `FYERS_TOKEN_CLAIM${upper}_${day}_ask${asker === 'link' ? '_link' : ''}`,
    claimPrefix: `FYERS_TOKEN_CLAIM${upper}_`,
    pinSecret: `FYERS_PIN${upper}`,
    keyAlias: `alias/${suffixed('fyers')}`,
    function: functionName,
    logGroup: (actor) => `/aws/lambda/${functionName(actor)}`,
    // The reference's rule was FyersTokenRefreshDaily, at 07:00.
    schedule: (actor, slot) =>
      actor === 'refresh' && slot === '07:00'
        ? `${functionName(actor)}Daily`
        : `${functionName(actor)}-${slot.replace(':', '')}`,
    undelivered: suffixed('FyersUndelivered'),
    alarm: (what) => suffixed(`Fyers-${what}`),
    budget: suffixed('Fyers-monthly'),
    dashboard: suffixed('Fyers'),
    // Without a hyphen it needs no quotes in SQL.
    athenaDatabase: suffix === '' ? 'fyers_depth' : `fyers_depth_${suffix}`,
    athenaWorkgroup: suffixed('fyers-depth'),
    reads: suffixed('FyersReads'),
  };
}

/** IAM pattern. Not `*`, which also matches slashes and so another shard's folder. */
export const ANY_DATE = '????-??-??';

/** The updates of a stream's books. */
export const UPDATES_FILE = 'updates.parquet';

/** Keys and prefixes in the bucket. */
export const OBJECTS = {
  artifactPrefix: 'artifact/',
  currentArtifact: 'artifact/current.json',
  /** The operator's calendar overrides, for the harvester; absent without any. */
  calendar: 'artifact/calendar.json',
  /** The operator's lists of indices, for the harvester; absent without such lists. */
  indexLists: 'artifact/index-lists.json',
  artifact: (sha256: string) => `artifact/${sha256}.mjs`,
  /** Recordings of every schema version: no object below it is overwritten. */
  recordingsPrefix: 'depth/',
  depthPrefix: 'depth/v2/',
  dayPrefix: (date: string, shard: string) => `depth/v2/date=${date}/shard=${shard}/`,
  /** Parquet files have their own folder, because Athena reads every object of a folder (docs/decisions/0007). */
  dayFile: (date: string, shard: string, name: string) =>
    name === UPDATES_FILE
      ? `${OBJECTS.updatesFolder(date, shard)}${name}`
      : name.endsWith('.parquet')
        ? `${OBJECTS.parquetFolder(date, shard)}${name}`
        : name.startsWith('frames-')
          ? `${OBJECTS.framesFolder(date, shard)}${name}`
          : `${OBJECTS.dayPrefix(date, shard)}${name}`,
  /** IAM patterns of every object of any day of a shard; `?` matches one character. */
  dayFilePatterns: (shard: string): readonly string[] =>
    [
      'depth.parquet',
      UPDATES_FILE,
      'day.log.gz',
      'events.jsonl.gz',
      'quarantine.csv',
      'manifest.json',
      'day-????.csv.gz',
      'events-????.jsonl.gz',
      'frames-??????-????.bin.zst',
    ].map((name) => OBJECTS.dayFile(ANY_DATE, shard, name)),
  /** A day of a stream has hundreds of segments. */
  framesFolder: (date: string, shard: string) => `${OBJECTS.dayPrefix(date, shard)}frames/`,
  /** Its own folder, for the same reason. */
  updatesFolder: (date: string, shard: string) => `${OBJECTS.dayPrefix(date, shard)}updates/`,
  parquetFolder: (date: string, shard: string) => `${OBJECTS.dayPrefix(date, shard)}parquet/`,
  /** Results of Athena queries; they expire. */
  athenaPrefix: 'athena-results/',
} as const;
