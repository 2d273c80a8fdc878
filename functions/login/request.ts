// Classifies a request to the login function's URL by its form alone: junk costs no read, no call and no log line.
import * as z from 'zod/mini';
import { recogniseLink } from '../../core/token/link-recognition.ts';
import { onlyValue, wordsOf } from '../../core/token/redirect.ts';
import type { Callback } from '../../keeper/callback.ts';

export type LoginRequest =
  | { readonly kind: 'junk' }
  | { readonly kind: 'home' }
  /** @property proves false for a HEAD: a link preview or a scanner must not cost a call to the broker */
  | { readonly kind: 'link'; readonly path: string; readonly proves: boolean }
  /** A damaged link; `path` is the link without the damage. */
  | { readonly kind: 'damaged-link'; readonly path: string }
  | { readonly kind: 'incomplete-link' }
  /** The button: on the public page, or on the page of a link, which is the proof that the owner presses it. */
  | { readonly kind: 'ask'; readonly linkPath: string | null }
  | { readonly kind: 'callback'; readonly callback: Callback };

/** An auth code of 4,096 characters, and as much again for the rest. */
const LONGEST_QUERY = 8_192;

/** A caller with the permission to invoke the function can send anything in place of a request. */
const HttpEvent = z.object({
  rawPath: z.string(),
  rawQueryString: z.catch(z.string(), ''),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
});

interface HttpRequest {
  readonly method: string;
  /** Without the leading slash. */
  readonly path: string;
  readonly query: string;
}

export function loginRequest(event: unknown): LoginRequest {
  const parsed = HttpEvent.safeParse(event);
  if (!parsed.success) return { kind: 'junk' };
  const { rawPath, rawQueryString: query, requestContext } = parsed.data;
  if (query.length > LONGEST_QUERY) return { kind: 'junk' };
  const request = { method: requestContext.http.method, path: rawPath.replace(/^\//, ''), query };
  switch (request.method) {
    case 'GET':
      return pageRequest(request);
    case 'HEAD':
      return request.path === '' && query !== '' ? { kind: 'junk' } : pageRequest(request);
    case 'POST':
      return buttonRequest(request);
    default:
      return { kind: 'junk' };
  }
}

/** Empty for an event that is not a request. */
export function methodOf(event: unknown): string {
  const parsed = HttpEvent.safeParse(event);
  return parsed.success ? parsed.data.requestContext.http.method : '';
}

function pageRequest({ method, path, query }: HttpRequest): LoginRequest {
  if (path === '') {
    if (query === '' || isTracking(query)) return { kind: 'home' };
    const callback = callbackIn(query);
    return callback === null ? { kind: 'junk' } : { kind: 'callback', callback };
  }
  const link = recogniseLink(path);
  switch (link.kind) {
    case 'exact':
      return query === ''
        ? { kind: 'link', path: link.path, proves: method === 'GET' }
        : { kind: 'damaged-link', path: link.path };
    case 'repaired':
      return { kind: 'damaged-link', path: link.path };
    case 'incomplete':
      return { kind: 'incomplete-link' };
    case 'none':
      return { kind: 'junk' };
  }
}

function buttonRequest({ path, query }: HttpRequest): LoginRequest {
  if (query !== '') return { kind: 'junk' };
  if (path === 'ask') return { kind: 'ask', linkPath: null };
  const link = recogniseLink(path);
  return link.kind === 'exact' ? { kind: 'ask', linkPath: link.path } : { kind: 'junk' };
}

/** Added to the bookmarked page's address by the app that opened it. */
function isTracking(query: string): boolean {
  return /^(?:utm_\w+|fbclid|gclid|igshid|mc_[ce]id)=/.test(query);
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
  return { s, authCode, state, words: () => wordsOf(fields) };
}
