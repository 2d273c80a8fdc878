// Classifies every answer of Fyers' API, for the keeper, the commands, the login page and the harvester.
//
// The body takes precedence over the HTTP status, because some paths answer a refusal with 200 (Fyers API v3, "Error
// codes"; SDK and forum reports). The class decides what the caller may do next:
//
//   ok            the contract's answer; the caller reads its fields
//   refused       Fyers refuses, with a code and a message; the same request gets the same answer, so it is not repeated
//   rate-limited  no call of the account before `retryAfterMs` is over, or for a minute if Fyers names no time
//   not-fyers     another server answered: a gateway, a firewall, a proxy, a hotel's login page; Fyers did not see the
//                 request, and repeating it can extend a ban
//   malformed     a success that does not match the contract
//   unavailable   503: Fyers did not process the request (RFC 9110, 15.6.4), so it may be repeated
//   unanswered    a fault inside Fyers or its gateway: the request may have been processed
import { hideTokens } from './text.ts';

export interface BrokerAnswer {
  readonly status: number;
  /** Parsed JSON; null if the body is not JSON. */
  readonly body: unknown;
  /** The beginning of a body that is not JSON. */
  readonly rest: string;
  /** From `Retry-After` or `X-Retry-After-Ms`. */
  readonly retryAfterMs: number | null;
}

export type AnswerClass =
  | { readonly kind: 'ok' }
  | { readonly kind: 'refused'; readonly code: number | null; readonly message: string }
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number | null }
  | { readonly kind: 'not-fyers' | 'malformed' | 'unanswered' }
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number | null };

/** Fyers API v3, "Error codes"; -353 is from its Postman collection, 429 from live answers. */
const RATE_LIMIT_CODES: ReadonlySet<number> = new Set([429, -429, -353]);
const RATE_LIMIT_WORDS =
  /rate limit|request limit|limit (?:is )?(?:reached|exceeded)|too many requests/i;

/** Fyers does not accept this token from this app. -16 on profile, -15 on market data, the others on both. */
const TOKEN_CODES: ReadonlySet<number> = new Set([-8, -15, -16, -17, -352]);
/** The app lacks a permission: the token itself is accepted. */
const PERMISSION_CODE = -373;
const MAX_WORDS = 200;

export function classifyAnswer({ status, body, rest, retryAfterMs }: BrokerAnswer): AnswerClass {
  const envelope = readEnvelope(body);
  const { s, code, message } = envelope ?? { s: '', code: null, message: '' };
  const isSuccess = status >= 200 && status < 300;
  if (
    status === 429 ||
    RATE_LIMIT_CODES.has(code ?? 0) ||
    (s === 'error' && status < 500 && RATE_LIMIT_WORDS.test(message))
  ) {
    return { kind: 'rate-limited', retryAfterMs };
  }
  if (s === 'ok') return { kind: isSuccess ? 'ok' : status >= 500 ? 'unanswered' : 'malformed' };
  if (s === 'error' && (status < 500 || isKnownCode(code))) {
    return { kind: 'refused', code, message };
  }
  if (status === 503) return { kind: 'unavailable', retryAfterMs };
  if (status >= 500) return { kind: 'unanswered' };
  if (!isSuccess) return { kind: 'not-fyers' };
  // Fyers answers with JSON, which may be truncated. A page or an empty body comes from another server.
  const isJson = body !== null || /^\s{0,20}[{[]/.test(rest);
  return { kind: isJson ? 'malformed' : 'not-fyers' };
}

/** True if Fyers refuses the token. */
export function isTokenRefused(answer: BrokerAnswer): boolean {
  const found = classifyAnswer(answer);
  return found.kind === 'refused' && (TOKEN_CODES.has(found.code ?? 0) || answer.status === 401);
}

export function isPermissionRefused(answer: BrokerAnswer): boolean {
  const found = classifyAnswer(answer);
  return found.kind === 'refused' && found.code === PERMISSION_CODE;
}

/**
 * Status, code and Fyers' message on one line, for people. The message has at most {@link MAX_WORDS} characters, without
 * control characters, sent values, or anything that resembles a token.
 */
export function describeAnswer(
  { status, body, rest }: BrokerAnswer,
  sent: readonly string[] = [],
): string {
  const envelope = readEnvelope(body);
  const words = envelope?.message ?? (body === null ? rest : '');
  const code =
    envelope === null
      ? body === null
        ? 'not JSON'
        : 'no code'
      : `code ${envelope.code === null ? 'missing' : String(envelope.code)}`;
  return `HTTP ${String(status)}, ${code}: ${cleanWords(words, sent)}`.replace(/: $/, '');
}

/** @param sent values that must not be repeated, such as a PIN */
export function cleanWords(words: string, sent: readonly string[] = []): string {
  // Keep much more than the result needs, so that the cut does not split a value that must be hidden.
  const bounded = words.slice(0, 20 * MAX_WORDS);
  const hidden = sent
    .filter((value) => value !== '')
    .reduce((text, value) => text.replaceAll(value, '[hidden]'), bounded);
  return hideTokens(hidden)
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_WORDS);
}

interface Envelope {
  /** Lower case; empty if absent. */
  readonly s: string;
  readonly code: number | null;
  readonly message: string;
}

/** Returns null if the body has no field of Fyers' envelope. A code in quotes counts as a number. */
function readEnvelope(body: unknown): Envelope | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
  const { s, code, message } = body as Readonly<Record<string, unknown>>;
  if (typeof s !== 'string' && typeof code !== 'number' && typeof message !== 'string') return null;
  return {
    s: typeof s === 'string' ? s.trim().toLowerCase() : '',
    code: readCode(code),
    message: typeof message === 'string' ? message : '',
  };
}

function readCode(code: unknown): number | null {
  if (typeof code === 'number') return code;
  return typeof code === 'string' && /^-?\d{1,6}$/.test(code.trim()) ? Number(code) : null;
}

/**
 * An error with a 5xx status is a refusal only if its code is in Fyers' list; otherwise Fyers may have processed the
 * request.
 */
function isKnownCode(code: number | null): boolean {
  return code !== null && (KNOWN_CODES.has(code) || TOKEN_CODES.has(code));
}
const KNOWN_CODES: ReadonlySet<number> = new Set([
  -50,
  -300,
  -371,
  PERMISSION_CODE,
  -374,
  -413,
  -437,
  -441,
  -501,
  -502,
]);
