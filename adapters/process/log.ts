// JSON lines, one for each business event, with everything secret blanked by field name and by value.
import { type LoggerOptions, pino } from 'pino';
import type { Clock, Logger } from '../../core/ports.ts';
import { formatIso } from '../../core/time.ts';

export interface LogOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Where a line goes, with its line feed; standard output by default. */
  readonly write?: (line: string) => void;
  /** Events of level `debug` as well. */
  readonly debug?: boolean;
}

export interface Log extends Logger {
  /** From now on the value is blanked wherever it turns up, also encoded. For everything that comes out of a secret store. */
  hide(secret: string): void;
  /** A text with every hidden value blanked. */
  scrub(text: string): string;
}

const BLANK = '[hidden]';
/** A shorter value, such as a PIN, would give itself away by what it blanks: a year, a price. It is kept out by field name. */
const SHORTEST_HIDDEN = 8;
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
    // Through process.stdout and not the descriptor: Lambda's runtimes replace its write.
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

/** The ways in which a value can turn up in a line. */
function formsOf(secret: string): readonly string[] {
  if (secret.length < SHORTEST_HIDDEN) return [];
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
