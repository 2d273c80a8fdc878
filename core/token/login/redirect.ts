// Parses the address that Fyers redirects the browser to after a login (Fyers API v3, "generate-authcode": s, code, message,
// auth_code, state). Anyone can invent such an address, so only one with a state signed by this program counts. A person may
// have pasted it, so the parser searches for the fields and ignores the text around them.
import { type AuthCode, parseAuthCode } from '../../config/values.ts';
import type { CalendarOptions } from '../../market/calendar.ts';
import type { App } from '../../ports.ts';
import { hideTokens } from '../../text.ts';
import { type Instant, SECOND, instant, istDateAt } from '../../time.ts';
import { decodeToken } from '../jwt.ts';
import { isStateShaped, readState } from './link.ts';
import { MAX_PASTED_LENGTH, pastedText, withoutTail } from './pasted.ts';

export type Redirect =
  | { readonly kind: 'code'; readonly code: AuthCode }
  /** Fyers' error for a login of this program. `words` are Fyers' own, cleaned for a terminal. */
  | { readonly kind: 'refused'; readonly words: string }
  /** `problem` follows "The address": "has no auth_code". */
  | { readonly kind: 'unusable'; readonly problem: string };

const MAX_LENGTH = 8_192;
const MAX_WORDS_LENGTH = 200;
/** A signature of HS256, as Fyers' tokens have one. */
const SIGNATURE_LENGTH = 43;
const STATE_LENGTH = 80;

const COPY_ALL = 'copy all of it, from https to the end of state=…';

/** @param text the whole address or only its query, as pasted */
export function parseRedirect(
  app: App,
  text: string,
  now: Instant,
  calendar: CalendarOptions,
): Redirect {
  const clean = text.length > MAX_PASTED_LENGTH ? text : pastedText(text);
  if (clean.length > MAX_LENGTH) return unusable('is longer than any address of Fyers');
  const fields = fieldsIn(clean);
  if (fields.size === 0) return unusable(describeWithoutFields(clean));
  if (isLoginPage(fields)) {
    return unusable(
      'is the address of the login page; log in there, and copy the address on which the browser ends',
    );
  }
  const [state, code, s] = [
    onlyField(fields, 'state'),
    onlyField(fields, 'auth_code'),
    onlyField(fields, 's'),
  ];
  if (code === null)
    return unusable('has two different auth codes; paste the address of one login');
  if (state === null) return unusable('has two different states; paste the address of one login');
  const read = readState(app, state, now, calendar);
  const failed = s !== 'ok' && (s !== '' || code === '');
  if (failed && fields.has('s')) {
    const words = wordsOf(new URLSearchParams(queryOf(fields)));
    return read.kind === 'valid'
      ? { kind: 'refused', words }
      : unusable(`has Fyers' message "${words}", and ${stateProblem(read.kind, state, now)}`);
  }
  const parsed = parseAuthCode(code);
  if (read.kind !== 'valid') {
    const foreign = parsed.ok && isForeignCode(app, parsed.value);
    return unusable(
      `${stateProblem(read.kind, state, now)}${foreign ? ', and the auth_code of another app' : ''}`,
    );
  }
  if (!parsed.ok) return unusable(codeProblem(code));
  if (isForeignCode(app, parsed.value)) return unusable('has the auth_code of another app');
  const kind = decodeToken(parsed.value)?.kind ?? 'auth_code';
  return kind === 'auth_code'
    ? { kind: 'code', code: parsed.value }
    : unusable(`has ${KINDS[kind]} instead of an auth_code`);
}

/** Returns the value of a repeated field if all are equal, null if they differ, and an empty text if the field is absent. */
export function onlyValue(values: readonly string[]): string | null {
  const different = new Set(values.filter((value) => value !== ''));
  return different.size > 1 ? null : ([...different][0] ?? '');
}

/** False if the code names no app. The codes seen so far name it without the suffix. */
export function isForeignCode(app: App, code: AuthCode): boolean {
  const appId = decodeToken(code)?.appId ?? null;
  return appId !== null && appId !== app.id && appId !== app.id.replace(/-\d+$/, '');
}

/** Fyers' reason and code, cleaned for a terminal and a log. */
export function wordsOf(query: URLSearchParams): string {
  const message = hideTokens(query.get('message') ?? '')
    .replace(/[^\x20-\x7E]/g, ' ')
    .trim()
    .slice(0, MAX_WORDS_LENGTH);
  const code = /^-?\d{1,6}$/.exec(query.get('code') ?? '')?.[0];
  return `${message === '' ? 'no reason' : message}${code === undefined ? '' : ` (code ${code})`}`;
}

function unusable(problem: string): Redirect {
  return { kind: 'unusable', problem };
}

type Field = 's' | 'code' | 'message' | 'auth_code' | 'state' | (typeof LOGIN_PAGE)[number];

/** Fields of the address of Fyers' login page. */
const LOGIN_PAGE = ['client_id', 'redirect_uri', 'response_type'] as const;
const KEY = /(?:^|\W)(auth_code|state|s|code|message|client_id|redirect_uri|response_type)$/;
const MAX_KEY_LENGTH = 32;

type Fields = ReadonlyMap<Field, readonly string[]>;

/** Also reads the fragment, which contains the fields if the registered URL ends in one. */
function fieldsIn(text: string): Fields {
  const fields = new Map<Field, readonly string[]>();
  for (const piece of text.split(/[?&#]/)) {
    const equals = piece.indexOf('=');
    const field = equals === -1 ? null : fieldNamed(piece.slice(0, equals));
    if (field === null) continue;
    const value = valueOf(field, piece.slice(equals + 1));
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

/** A line break may split the name, and words may precede it. */
function fieldNamed(text: string): Field | null {
  const end = text.slice(-MAX_KEY_LENGTH);
  const name = KEY.exec(end.replaceAll(' ', ''))?.[1] ?? KEY.exec(end.trimEnd())?.[1];
  return (name ?? null) as Field | null;
}

function valueOf(field: Field, text: string): string {
  switch (field) {
    case 'auth_code':
      return codeIn(text);
    case 'state':
      return stateIn(text);
    case 's':
      return /^[a-z]*/.exec(text.replaceAll(' ', '').toLowerCase())?.[0] ?? '';
    case 'code':
      return /^-?\d*/.exec(text.replaceAll(' ', ''))?.[0] ?? '';
    case 'message':
    case 'client_id':
    case 'redirect_uri':
    case 'response_type':
      return text;
  }
}

/** White space inside a code comes from a wrapped line; after a complete signature it ends the code. */
function codeIn(text: string): string {
  const kept: string[] = [];
  let [dots, signature] = [0, 0];
  for (const piece of removeEscapes(text).split(' ')) {
    const parts = piece.split('.');
    dots += parts.length - 1;
    signature = (parts.length > 1 ? 0 : signature) + (parts.at(-1) ?? '').length;
    kept.push(piece);
    if (dots >= 2 && signature >= SIGNATURE_LENGTH) break;
  }
  const joined = kept.join('');
  const [run = ''] = /^[\w.-]*/.exec(joined) ?? [];
  // Report an auth code with other characters as damaged instead of cutting it at the first of them.
  return /^[\w.-]*[^\w.-]*$/.test(joined) || run.split('.').length >= 3 ? withoutTail(run) : joined;
}

function stateIn(text: string): string {
  const kept: string[] = [];
  let length = 0;
  for (const piece of removeEscapes(text).split(' ')) {
    kept.push(piece);
    length += piece.length;
    if (length >= STATE_LENGTH) break;
  }
  const joined = kept.join('');
  const [run = ''] = /^[0-9a-f]*/.exec(joined) ?? [];
  return run.length === STATE_LENGTH && !/^[\dA-Za-z]/.test(joined.slice(run.length))
    ? run
    : withoutTail(joined);
}

/** Neither value contains a percent sign or "=": these are remains of a partly undone escape. */
function removeEscapes(text: string): string {
  return text
    .replace(/%([2-7][\da-f])/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replaceAll('=', '');
}

function onlyField(fields: Fields, field: Field): string | null {
  return onlyValue(fields.get(field) ?? []);
}

function queryOf(fields: Fields): string {
  return (['code', 'message'] as const)
    .map((name) => `${name}=${fields.get(name)?.[0] ?? ''}`)
    .join('&');
}

function isLoginPage(fields: Fields): boolean {
  return (
    !fields.has('auth_code') && !fields.has('s') && LOGIN_PAGE.some((name) => fields.has(name))
  );
}

const KINDS = {
  auth_code: 'an auth code',
  access_token: 'an access token',
  refresh_token: 'a refresh token',
} as const;

/** A lone token, or an address without a query. */
function describeWithoutFields(text: string): string {
  const lone = withoutTail(text.replaceAll(' ', '').replace(/^["'“‘<`]+/, ''));
  const claims = decodeToken(lone);
  if (claims === null) return `has no query; ${COPY_ALL}`;
  return claims.kind === 'auth_code' || claims.kind === null
    ? `is only the auth code, without the state that identifies the login; ${COPY_ALL}`
    : `is ${KINDS[claims.kind]}; ${COPY_ALL}`;
}

function codeProblem(code: string): string {
  if (code === '') return 'has no auth_code';
  return `has an auth_code that is cut off or changed; ${COPY_ALL}`;
}

function stateProblem(
  kind: 'malformed' | 'forged' | 'expired',
  state: string,
  now: Instant,
): string {
  switch (kind) {
    case 'malformed':
      if (state === '') return `has no state; ${COPY_ALL}`;
      return /^20\d{6}[0-9a-f]*$/.test(state)
        ? `has a state that is cut off or changed; ${COPY_ALL}`
        : 'has a state that is not from this program; log in through the link that this command prints';
    case 'forged':
      return 'has a state that this app and its secret did not sign';
    case 'expired':
      return isStateShaped(state) ? describeAge(state, now) : 'is from an earlier login';
  }
}

/** The signature is valid, so the state's own times can be shown. */
function describeAge(state: string, now: Instant): string {
  const issuedAt = instant(parseInt(state.slice(8, 16), 16) * SECOND);
  if (issuedAt > now) return "is from a login that began later than this machine's clock shows";
  const date = istDateAt(issuedAt);
  return date === istDateAt(now)
    ? 'is from a login that began more than half an hour ago'
    : `is from a login of another day, ${date}`;
}
