import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, test } from 'vitest';
import { withoutQuery, windowlessBrowser } from '../../sandbox/browser.ts';
import { listenOnLoopback } from '../support/loopback.ts';

const FUNCTION = 'abc123.lambda-url.ap-south-1.on.aws';

interface RecordedRequest {
  readonly line: string;
  readonly host: string;
  readonly body: string;
}

let seen: RecordedRequest[] = [];
let answers: Readonly<Record<string, readonly [number, string]>> = {};
let here = '';

/**
 * Serves as the emulator and as the broker. A status from 300 to 399 redirects to the given text.
 */
beforeEach(async () => {
  seen = [];
  const answer = (request: IncomingMessage, body: string) => {
    const line = `${request.method ?? ''} ${request.url ?? ''}`;
    seen.push({ line, host: request.headers.host ?? '', body });
    return answers[line] ?? [404, ''];
  };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const [status, given] = answer(request, body);
      const leads = status >= 300 && status <= 399;
      response.writeHead(status, leads ? { location: given } : {}).end(leads ? '' : given);
    });
  });
  const listening = await listenOnLoopback(server);
  here = new URL(listening.url).host;
  return () => listening[Symbol.asyncDispose]();
});

const browser = () => windowlessBrowser(`http://${here}`);

describe('windowlessBrowser', () => {
  test('requests a function URL from the emulator, with the host of the function', async () => {
    answers = {
      'GET /go/x': [
        200,
        '<title>A &#38; B</title><p>One.</p><a class="press" href="/next?a=1&#38;b=2">On</a>',
      ],
    };
    const page = await browser().open(`https://${FUNCTION}/go/x`);
    expect(seen).toEqual([{ line: 'GET /go/x', host: FUNCTION, body: '' }]);
    expect(page).toMatchObject({
      status: 200,
      title: 'A & B',
      text: ['One.'],
      press: { label: 'On', url: `https://${FUNCTION}/next?a=1&b=2` },
      form: null,
    });
  });

  test('submits a form with its hidden fields, and follows the redirect', async () => {
    answers = {
      'GET /login': [
        200,
        '<form method="post" action="/login"><input type="hidden" name="state" value="a&#34;b"><label>PIN <input name="pin" type="password" value=""></label></form>',
      ],
      'POST /login': [302, `https://${FUNCTION}/?s=ok`],
      'GET /?s=ok': [200, '<title>Done</title>'],
    };
    const { form } = await browser().open(`http://${here}/login`);
    expect(form).toEqual({ action: `http://${here}/login`, fields: { state: 'a"b', pin: '' } });
    if (form === null) return;
    const page = await browser().submit(form, { pin: '0000' });
    expect(page).toMatchObject({ title: 'Done', url: `https://${FUNCTION}/?s=ok` });
    expect(seen.slice(1)).toEqual([
      { line: 'POST /login', host: here, body: 'state=a%22b&pin=0000' },
      { line: 'GET /?s=ok', host: FUNCTION, body: '' },
    ]);
  });

  test('throws on a redirect loop', async () => {
    answers = { 'GET /a': [302, '/a'] };
    await expect(browser().open(`http://${here}/a`)).rejects.toThrow('redirects in a loop');
  });
});

test('withoutQuery hides the query of an address', () => {
  expect(withoutQuery('https://x.example/?auth_code=secret&state=1')).toBe('https://x.example/?…');
  expect(withoutQuery('https://x.example/a')).toBe('https://x.example/a');
});
