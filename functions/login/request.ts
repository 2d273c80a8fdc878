// What a request to the login function's URL is, told from its form alone: junk costs no read, no call and no line.
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { isLinkShaped } from '../../core/token/login-link.ts';
import { onlyValue, wordsOf } from '../../core/token/redirect.ts';
import type { Callback } from '../../keeper/callback.ts';

export type LoginRequest =
  | { readonly kind: 'junk' }
  | { readonly kind: 'home' }
  | { readonly kind: 'link'; readonly path: string }
  | { readonly kind: 'ask' }
  | { readonly kind: 'callback'; readonly callback: Callback };

/** An auth code of 4,096 characters, and as much again for the rest. */
const LONGEST_QUERY = 8_192;

/** A HEAD is a GET whose page is not sent. */
export function loginRequest(event: APIGatewayProxyEventV2): LoginRequest {
  const { method } = event.requestContext.http;
  const { rawPath, rawQueryString } = event;
  if (rawQueryString.length > LONGEST_QUERY) return { kind: 'junk' };
  const reads = method === 'GET' || method === 'HEAD';
  const path = rawPath.replace(/^\//, '');
  if (rawQueryString === '') {
    if (reads && path === '') return { kind: 'home' };
    if (reads && isLinkShaped(path)) return { kind: 'link', path };
    return method === 'POST' && path === 'ask' ? { kind: 'ask' } : { kind: 'junk' };
  }
  const callback = method === 'GET' && path === '' ? callbackIn(rawQueryString) : null;
  return callback === null ? { kind: 'junk' } : { kind: 'callback', callback };
}

/** An auth code that is given twice counts as one if both are equal, as in an address that is pasted; else it has two meanings. */
function callbackIn(query: string): Callback | null {
  const fields = new URLSearchParams(query);
  const one = (name: string): string | null => {
    const values = fields.getAll(name);
    return values.length > 1 ? null : (values[0] ?? '');
  };
  const [s, state, authCode] = [one('s'), one('state'), onlyValue(fields.getAll('auth_code'))];
  if (s === null || s === '' || authCode === null || state === null || state === '') return null;
  return { s, authCode, state, words: wordsOf(fields) };
}
