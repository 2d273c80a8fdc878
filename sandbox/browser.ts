// Emulates a browser: follows links and redirects, and submits forms. It runs no scripts, because no page has one.
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { FyersError } from '../core/errors.ts';

/** Host names of function URLs. Only AWS serves them, so requests to them go to the emulator. */
const FUNCTION_URL_HOST = /\.lambda-url\.[a-z0-9-]+\.on\.aws$/;
const MAX_REDIRECTS = 5;

export interface Form {
  readonly action: string;
  /** All fields of the form, including hidden ones. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface Page {
  /** URL after all redirects. */
  readonly url: string;
  readonly status: number;
  readonly title: string;
  /** Text of the page's paragraphs. */
  readonly text: readonly string[];
  /** The link that looks like a button; null without one. */
  readonly press: { readonly label: string; readonly url: string } | null;
  readonly form: Form | null;
}

export interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Browser {
  readonly open: (url: string) => Promise<Page>;
  readonly submit: (form: Form, filled: Readonly<Record<string, string>>) => Promise<Page>;
}

/** @param awsEndpoint the server for function URLs */
export function windowlessBrowser(awsEndpoint: string): Browser {
  const go = async (first: Call): Promise<Page> => {
    let call = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const answer = await send(awsEndpoint, call);
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status > 399 || location === undefined) {
        return pageOf(call.url, answer);
      }
      call = { method: 'GET', url: new URL(location, call.url).href };
    }
    throw new FyersError(
      'bug.unexpected',
      `${withoutQuery(first.url)} redirects in a loop.`,
      'Check functions/login/ and sandbox/fyers/auth.ts.',
    );
  };
  return {
    open: (url) => go({ method: 'GET', url }),
    submit: ({ action, fields }, filled) =>
      go({
        method: 'POST',
        url: action,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...fields, ...filled }).toString(),
      }),
  };
}

/**
 * Sends one request without following redirects. A function URL goes to the emulator, which selects the function by
 * `Host`.
 */
export async function send(awsEndpoint: string, call: Call): Promise<Answer> {
  const url = new URL(call.url);
  const isFunction = FUNCTION_URL_HOST.test(url.hostname);
  const target = isFunction ? new URL(`${url.pathname}${url.search}`, awsEndpoint) : url;
  const headers = {
    accept: 'text/html',
    'user-agent': 'Mozilla/5.0 (a stand-in for a phone)',
    ...call.headers,
    ...(isFunction ? { host: url.host } : {}),
  };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(target, { method: call.method, headers }, (response) => {
    const answered = Object.entries(response.headersDistinct).map(
      ([name, values = []]) => [name, values.join(', ')] as const,
    );
    text(response).then((body) => {
      const status = response.statusCode ?? 0;
      resolve({ status, headers: Object.fromEntries(answered), body });
    }, reject);
  });
  sent.once('error', reject).end(call.body ?? '');
  return promise;
}

/** Removes the query, which contains codes and states that must not be shown. */
export function withoutQuery(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}

function pageOf(url: string, { status, body }: Answer): Page {
  const [, address, label] = /<a class="press" href="([^"]*)"[^>]*>([^<]*)</.exec(body) ?? [];
  const linked = address !== undefined && label !== undefined;
  return {
    url,
    status,
    title: plainText(/<title>([^<]*)</.exec(body)?.[1] ?? ''),
    text: [...body.matchAll(/<p(?: (?!class="mark")[^>]*)?>(.*?)<\/p>/gs)].map(([, words = '']) =>
      plainText(words),
    ),
    press: linked ? { label: plainText(label), url: new URL(plainText(address), url).href } : null,
    form: formOf(url, body),
  };
}

function formOf(url: string, body: string): Form | null {
  const [, action, inside = ''] =
    /<form method="post" action="([^"]*)">(.*?)<\/form>/s.exec(body) ?? [];
  if (action === undefined) return null;
  const fields = [...inside.matchAll(/<input ([^>]*)>/g)].map(([, attributes = '']) => {
    const of = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
    return [plainText(of('name')), plainText(of('value'))] as const;
  });
  return { action: new URL(plainText(action), url).href, fields: Object.fromEntries(fields) };
}

/** Removes tags and decodes character references. */
function plainText(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&#(\d+);/g, (_, number: string) => String.fromCharCode(Number(number)));
}
