// Routes a request to the login function's URL and answers it with a page. The kind of a request is decided by its form
// alone, so junk causes no read, no call and no log line.
import { createHash } from 'node:crypto';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { plus, SECOND } from '../../core/time.ts';
import { recogniseLink } from '../../core/token/login/link.ts';
import { onlyValue, wordsOf } from '../../core/token/login/redirect.ts';
import { type Callback, finishLogin } from '../../keeper/callback.ts';
import { type LoginOutcome, type LoginPorts, openLink, requestLink } from '../../keeper/login.ts';
import type { KeeperSettings } from '../../keeper/ports.ts';
import type { CredentialsCache } from '../../keeper/login-memory.ts';
import { pageContent, type Words } from './texts.ts';

/** How long to cache "no listener". Short, because the owner may confirm a subscription in the meantime. */
const NO_LISTENER_KEPT_MS = 10 * SECOND;

/** @throws FyersError if the store, a channel or the settings fail */
export async function answerLogin(
  ports: Omit<LoginPorts, 'memory'>,
  settings: KeeperSettings,
  event: APIGatewayProxyEventV2,
  signal: AbortSignal,
  kept: CredentialsCache,
): Promise<APIGatewayProxyStructuredResultV2> {
  const remembering = { ...ports, memory: kept.memory };
  const outcome = await outcomeOf(remembering, settings, loginRequest(event), signal, kept);
  return renderOutcome(outcome, methodOf(event));
}

/** A HEAD request gets only the headers. */
export function renderOutcome(
  outcome: LoginOutcome,
  method: string,
): APIGatewayProxyStructuredResultV2 {
  if (outcome.kind === 'unknown') return NOT_FOUND;
  const full = page(pageContent(outcome));
  return method === 'HEAD' ? { ...full, body: '' } : full;
}

async function outcomeOf(
  ports: LoginPorts,
  settings: KeeperSettings,
  request: LoginRequest,
  signal: AbortSignal,
  kept: CredentialsCache,
): Promise<LoginOutcome> {
  switch (request.kind) {
    case 'junk':
      return { kind: 'unknown' };
    case 'home':
    case 'incomplete-link':
      return { kind: request.kind };
    case 'damaged-link':
      return { kind: 'damaged-link', path: request.path };
    case 'link':
      return openLink(ports, settings, request, signal);
    case 'ask':
      return answerPress(ports, settings, request.linkPath, signal, kept);
    case 'callback':
      return finishLogin(ports, settings, request.callback, signal);
  }
}

/** Answers a repeated press of the public button from memory, without a read. */
async function answerPress(
  ports: LoginPorts,
  settings: KeeperSettings,
  linkPath: string | null,
  signal: AbortSignal,
  kept: CredentialsCache,
): Promise<LoginOutcome> {
  if (linkPath !== null) return requestLink(ports, settings, linkPath, signal);
  const last = kept.lastPress;
  if (last !== null && ports.clock.now() < last.until) return last.outcome;
  const outcome = await requestLink(ports, settings, null, signal);
  if (outcome.kind === 'too-soon') {
    kept.lastPress = { outcome, until: outcome.at };
  } else if (outcome.kind === 'no-listener') {
    kept.lastPress = { outcome, until: plus(ports.clock.now(), NO_LISTENER_KEPT_MS) };
  }
  return outcome;
}

type LoginRequest =
  | { readonly kind: 'junk' }
  | { readonly kind: 'home' }
  /** @property proves false for a HEAD: a link preview or a scanner must not cost a call to the broker */
  | { readonly kind: 'link'; readonly path: string; readonly proves: boolean }
  /** A damaged link; `path` is the link without the damage. */
  | { readonly kind: 'damaged-link'; readonly path: string }
  | { readonly kind: 'incomplete-link' }
  /** A button was pressed: on the public page (null), or on the page of a link, which only the owner has. */
  | { readonly kind: 'ask'; readonly linkPath: string | null }
  | { readonly kind: 'callback'; readonly callback: Callback };

/** Allows an auth code of 4,096 characters, and as much for all other parameters. */
const MAX_QUERY_LENGTH = 8_192;

/** A caller with the permission to invoke the function can send anything instead of a request. */
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
  if (query.length > MAX_QUERY_LENGTH) return { kind: 'junk' };
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

/** Returns an empty text if the event is not a request. */
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

/** Parameters that an app adds to the bookmarked page's address when it opens it. */
function isTracking(query: string): boolean {
  return /^(?:utm_\w+|fbclid|gclid|igshid|mc_[ce]id)=/.test(query);
}

/** A repeated auth code counts as one if both are equal, as in a pasted address; otherwise it is ambiguous and rejected. */
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

// Renders a page, designed for phones first. It has no script and loads nothing from other hosts.

const STYLE = `:root{color-scheme:light dark}
body{margin:0;font:17px/1.5 system-ui,sans-serif;background:light-dark(#f4f5f7,#14161a);color:light-dark(#1a1d21,#e8eaed)}
main{max-width:34rem;margin:0 auto;padding:2rem 1.25rem;overflow-wrap:break-word}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0 1rem;text-wrap:balance}
p{text-wrap:pretty}
.mark{font-size:.95rem;margin:0;color:light-dark(#5b6470,#9aa4b1)}
.good h1{color:light-dark(#0b6b3a,#5ed39a)}
.good h1::before{content:"\\2713\\a0"}
.bad h1{color:light-dark(#a4262c,#ff8a8a)}
.state{font-weight:600}
code{display:block;-webkit-user-select:all;user-select:all;padding:.75rem;border-radius:.5rem;background:light-dark(#e6e8ec,#23262c);font:15px/1.5 ui-monospace,monospace}
.press{display:block;box-sizing:border-box;width:100%;margin:1.5rem 0;padding:1rem;border:0;border-radius:.75rem;background:light-dark(#1a4fd6,#7aa2ff);color:light-dark(#fff,#0b1020);font:600 1.1rem/1.2 system-ui,sans-serif;text-align:center;text-decoration:none}
.press:focus-visible{outline:3px solid light-dark(#1a1d21,#e8eaed);outline-offset:3px}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Prevent caching, indexing and framing, and do not send the page's address to Fyers. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'content-type': 'text/html; charset=utf-8',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow, noarchive',
};

function page({
  status,
  tone,
  title,
  state,
  text,
  press,
}: Words): APIGatewayProxyStructuredResultV2 {
  const paragraphs = text.map((part) =>
    typeof part === 'string'
      ? `<p>${escapeHtml(part)}</p>`
      : `<p><code>${escapeHtml(part.code)}</code></p>`,
  );
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex, nofollow, noarchive">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main class="${tone}">
<p class="mark">fyers-token-refresh</p>
<h1>${escapeHtml(title)}</h1>
${[...renderState(state), ...paragraphs, ...renderPress(press)].join('\n')}
</main>
</body>
</html>
`;
  // The redirect and the button lead to the same address. The button is for a browser that does not follow the redirect.
  const location = status === 302 && press?.kind === 'go' ? { location: press.url } : {};
  return { statusCode: status, headers: { ...HEADERS, ...location }, body };
}

/** Empty, so that guessing addresses reveals nothing. */
const NOT_FOUND: APIGatewayProxyStructuredResultV2 = { statusCode: 404 };

function renderState(state: string | undefined): readonly string[] {
  return state === undefined ? [] : [`<p class="state">${escapeHtml(state)}</p>`];
}

function renderPress(press: Words['press']): readonly string[] {
  switch (press?.kind) {
    case undefined:
      return [];
    case 'go':
      return [
        `<a class="press" href="${escapeHtml(press.url)}" rel="noreferrer">${escapeHtml(press.label)}</a>`,
      ];
    case 'ask':
      return [
        `<form method="post" action="${escapeHtml(press.action)}"><button class="press">${escapeHtml(press.label)}</button></form>`,
      ];
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
