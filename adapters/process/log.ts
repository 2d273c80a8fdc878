// Writes business events as JSON lines, and masks secrets by field name and by value.
import { type LoggerOptions, pino } from 'pino';
import type { Clock, Logger } from '../../core/ports.ts';
import { formatIso } from '../../core/time.ts';

export interface LogOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Receives each line with its line feed; default: standard output. */
  readonly write?: (line: string) => void;
  /** Also log events of level `debug`. */
  readonly debug?: boolean;
}

export interface Log extends Logger {
  /**
   * Masks the value from now on wherever it occurs, also encoded. Call this for everything that
   * comes from a secret store.
   */
  hide(secret: string): void;
  /** Returns the text with every hidden value masked. */
  scrub(text: string): string;
}

const BLANK = '[hidden]';
/**
 * Values shorter than this are not masked: masking a PIN, for example, would also mask years and
 * prices, and so reveal it. They are masked by field name.
 */
const MIN_MASKED_LENGTH = 8;
const SECRET_FIELDS = [
  'accessToken',
  'access_token',
  'appIdHash',
  'authCode',
  'auth_code',
  'authorization',
  'code_verifier',
  'password',
  'pin',
  'refreshToken',
  'refresh_token',
  'secret',
  'secretKey',
  'token',
] as const;

export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => process.stdout.write(line));
  const hidden = new Set<string>();
  const scrub = (text: string): string => {
    let clean = text;
    for (const form of hidden) clean = clean.replaceAll(form, BLANK);
    return clean;
  };
  const logger = pino(
    pinoOptions(options, scrub),
    // Write to process.stdout and not to the descriptor: Lambda's runtimes replace its write.
    { write },
  );
  return {
    log({ level, message, ...fields }) {
      logger[level](fields, message);
    },
    hide(secret) {
      for (const form of formsOf(secret.trim())) hidden.add(form);
    },
    scrub,
  };
}

function pinoOptions(options: LogOptions, scrub: (text: string) => string): LoggerOptions {
  return {
    level: options.debug === true ? 'debug' : 'info',
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${formatIso(options.clock.now())}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: BLANK,
    },
    hooks: { streamWrite: scrub },
  };
}

/** The forms in which a value can occur in a line. */
function formsOf(secret: string): readonly string[] {
  if (secret.length < MIN_MASKED_LENGTH) return [];
  const bytes = Buffer.from(secret, 'utf8');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}
