// The address that Fyers redirects the browser to after a login (Fyers API v3, "generate-authcode": s, code, message,
// auth_code, state). Anybody can make one up: only a state of ours makes it an answer.
import { type AuthCode, parseAuthCode } from '../config.ts';
import type { CalendarOptions } from '../market/calendar.ts';
import type { App } from '../ports.ts';
import { hideTokens } from '../scrub.ts';
import type { Instant } from '../time.ts';
import { decodeToken } from './jwt.ts';
import { readState } from './login-link.ts';

export type Redirect =
  | { readonly kind: 'code'; readonly code: AuthCode }
  /** Fyers' own error, for a login of ours. `words` are Fyers', made fit for a terminal. */
  | { readonly kind: 'refused'; readonly words: string }
  /** `problem` goes on from "The address": "has no auth_code". */
  | { readonly kind: 'unusable'; readonly problem: string };

const LONGEST = 8_192;
const LONGEST_WORDS = 200;

/** @param text the whole address, or its query alone; with the quotes and spaces that pasting brings along */
export function parseRedirect(
  app: App,
  text: string,
  now: Instant,
  calendar: CalendarOptions,
): Redirect {
  if (text.length > LONGEST) return unusable('is longer than any of Fyers');
  const query = queryOf(text);
  if (query === null) {
    return unusable('has no query; copy all of it, from https to the end of state=…');
  }
  const state = readState(app, query.get('state') ?? '', now, calendar);
  if (query.get('s') !== 'ok') {
    const words = wordsOf(query);
    if (state.kind === 'valid') return { kind: 'refused', words };
    if (query.has('s')) return unusable(`says "${words}", and ${STATES[state.kind]}`);
  }
  if (state.kind !== 'valid') return unusable(STATES[state.kind]);
  const code = parseAuthCode(query.get('auth_code') ?? '');
  if (!code.ok) return unusable('has no auth_code');
  return isForeignCode(app, code.value)
    ? unusable('has the auth_code of another app')
    : { kind: 'code', code: code.value };
}

const STATES: Readonly<Record<'malformed' | 'forged' | 'expired', string>> = {
  malformed: 'has no state of ours; log in through the link that this command prints',
  forged: 'has a state that this app and its secret did not sign',
  expired: 'is from a login that began more than half an hour ago',
};

function unusable(problem: string): Redirect {
  return { kind: 'unusable', problem };
}

function queryOf(text: string): URLSearchParams | null {
  const [address = ''] = text
    .trim()
    .replace(/^["']|["']$/g, '')
    .split('#');
  const query = address.slice(address.indexOf('?') + 1);
  return query.includes('=') ? new URLSearchParams(query) : null;
}

/** The code says whose app it is for (without the suffix, in those that were seen); one that doesn't may be ours. */
export function isForeignCode(app: App, code: AuthCode): boolean {
  const appId = decodeToken(code)?.appId ?? null;
  return appId !== null && appId !== app.id && appId !== app.id.replace(/-\d+$/, '');
}

/** Fyers' reason and code, fit for a terminal and a log. */
export function wordsOf(query: URLSearchParams): string {
  const message = hideTokens(query.get('message') ?? '')
    .replace(/[^\x20-\x7E]/g, ' ')
    .trim()
    .slice(0, LONGEST_WORDS);
  const code = /^-?\d{1,6}$/.exec(query.get('code') ?? '')?.[0];
  return `${message === '' ? 'no reason' : message}${code === undefined ? '' : ` (code ${code})`}`;
}
