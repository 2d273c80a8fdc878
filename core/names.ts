// Names that the program, the functions, the harvester and the CLI share. The reference's users have them in
// their accounts and scripts: the values without a suffix must never change.

export const REGION = 'ap-south-1';
export const PROJECT = 'fyers-token-refresh';
/** Fyers' API, without a trailing slash (Fyers API v3 documentation). */
export const FYERS_API_URL = 'https://api-t1.fyers.in';
/** The redirect URL that the reference hard-codes, so the one its users have registered. */
export const REFERENCE_REDIRECT_URI = 'https://trade.fyers.in/api-login/redirect-uri/index.html';
/** The five symbols that the reference records. */
export const REFERENCE_SYMBOLS = [
  'NSE:HDFCBANK-EQ',
  'NSE:RELIANCE-EQ',
  'NSE:ADANIENT-EQ',
  'NSE:INFY-EQ',
  'NSE:SBIN-EQ',
] as const;
export const METRIC_NAMESPACE = 'FyersTokenRefresh';
/** What a token parameter holds between `pulumi up` and the first token. */
export const PLACEHOLDER = 'placeholder: no token yet';
/** The guide's answer, byte for byte (U+2705). */
export const REFRESHED_BODY = '{"message": "✅ Token refresh completed successfully!"}';

/** Files of the operator's folder, the reference's names. The newest access token by `iat` wins. */
export const OPERATOR_FILES = {
  env: '.env',
  accessToken: ['access_token.txt', 'daily_token.txt'],
  refreshToken: ['refresh_token.txt'],
} as const;

/** Environment of the functions and of the harvester; the program writes it, `core/config.ts` reads it. */
export const ENVIRONMENT = {
  suffix: 'FYERS_SUFFIX',
  apiUrl: 'FYERS_API_URL',
  fyId: 'FYERS_FY_ID',
  days: 'FYERS_DAYS',
  /** The name of the PIN's secret; absent where no PIN is configured. */
  pinSecret: 'FYERS_PIN_SECRET',
  symbols: 'FYERS_SYMBOLS',
  everySeconds: 'FYERS_EVERY_SECONDS',
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
  | 'FYERS_LOGIN_STATE';

export interface Names {
  readonly parameter: (name: ParameterName) => string;
  /** A claim on one mint: a parameter that can be created once. */
  readonly claim: (brokerDay: string, n: number) => string;
  /** The prefix of every claim, for a policy's resource. */
  readonly claimPrefix: string;
  readonly pinSecret: string;
  readonly refreshFunction: string;
  readonly refreshLogGroup: string;
  readonly schedule: string;
}

/** @param suffix of a second stack in the same account, such as `PAPER`; empty for the reference's own names. */
export function namesFor(suffix: string): Names {
  const upper = suffix === '' ? '' : `_${suffix.toUpperCase()}`;
  const refreshFunction = suffix === '' ? 'FyersTokenRefresh' : `FyersTokenRefresh-${suffix}`;
  return {
    parameter: (name) => `${name}${upper}`,
    claim: (brokerDay, n) => `FYERS_TOKEN_CLAIM${upper}_${brokerDay}_${String(n)}`,
    claimPrefix: `FYERS_TOKEN_CLAIM${upper}_`,
    pinSecret: `FYERS_PIN${upper}`,
    refreshFunction,
    refreshLogGroup: `/aws/lambda/${refreshFunction}`,
    schedule: `${refreshFunction}Daily`,
  };
}

/** Where things stand in the bucket. */
export const OBJECTS = {
  artifactPrefix: 'artifact/',
  currentArtifact: 'artifact/current.json',
  artifact: (sha256: string) => `artifact/${sha256}.mjs`,
  dayPrefix: (date: string, shard: string) => `depth/v2/date=${date}/shard=${shard}/`,
} as const;
