import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AppId, AppSecret } from '../../../../core/config/values.ts';
import { MINUTE, SECOND, instant, istDate } from '../../../../core/time.ts';
import { newState } from '../../../../core/token/login/link.ts';
import { onlyValue, parseRedirect, wordsOf } from '../../../../core/token/login/redirect.ts';
import { mintToken } from '../../../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED } from '../../../sandbox/fyers/simulator.ts';

const KEYS = { id: APP.id as AppId, secret: APP.secret as AppSecret };
const WEDNESDAY = istDate('2026-11-25');
const CODE = mintToken(SEED, APP, 'auth_code', NOON - SECOND);
const stateAt = (at: number, day = WEDNESDAY) => newState(KEYS, day, instant(at), 'ab'.repeat(16));
const STATE = stateAt(NOON - MINUTE);
const PAGE = APP.redirectUri;
const URL_ = `${PAGE}?s=ok&code=200&auth_code=${CODE}&state=${STATE}`;
/** The order of the fields is not documented. */
const CODE_LAST = `${PAGE}?s=ok&code=200&state=${STATE}&auth_code=${CODE}`;
const read = (text: string) => parseRedirect(KEYS, text, instant(NOON), {});
const GOOD = { kind: 'code', code: CODE };

const wrapped = (text: string, width: number, end: string): string =>
  (text.match(new RegExp(`.{1,${String(width)}}`, 'g')) ?? []).join(end);
const quotedPrintable = (text: string): string =>
  wrapped(text.replaceAll('=', '=3D'), 75, '=\r\n').replace(/=\r\n([\dA-F]{0,2})/g, '=\r\n$1');
const safeLink = (text: string): string =>
  `https://nam02.safelinks.protection.outlook.com/?url=${encodeURIComponent(text)}&data=05%7C01%7Cme%40x.in%7C&sdata=Zm9v%3D&reserved=0`;

const PASTES: readonly (readonly [string, (url: string) => string])[] = [
  ['as it is', (url) => url],
  ['wrapped by a terminal', (url) => wrapped(url, 80, '\n')],
  ['wrapped by a narrow terminal, with CR', (url) => wrapped(url, 40, '\r\n')],
  ['wrapped with spaces', (url) => wrapped(url, 76, ' ')],
  ['wrapped and indented', (url) => wrapped(url, 76, '\n    ')],
  ['quoted in a mail', (url) => `> ${wrapped(url, 70, '\n> ')}`],
  ['with &amp;', (url) => url.replaceAll('&', '&amp;')],
  ['with &amp;amp;', (url) => url.replaceAll('&', '&amp;amp;')],
  ['with &#38;', (url) => url.replaceAll('&', '&#38;')],
  ['with &#x26;', (url) => url.replaceAll('&', '&#x26;').replaceAll('=', '&equals;')],
  ['in quoted-printable', quotedPrintable],
  ['with its =3D alone', (url) => url.replaceAll('=', '=3D')],
  ['with some =3D', (url) => url.replace('auth_code=', 'auth_code=3D')],
  ['in angle brackets', (url) => `<${url}>`],
  ['in a pair of quotes', (url) => `"${url}"`],
  ['in single quotes', (url) => `'${url}'`],
  ['in typographic quotes', (url) => `“${url}”`],
  ['in German quotes', (url) => `„${url}“`],
  ['in guillemets', (url) => `«${url}»`],
  ['in backticks', (url) => `\`${url}\``],
  ['in bold', (url) => `**${url}**`],
  ['in parentheses', (url) => `(${url}).`],
  ['as a link in Markdown', (url) => `[Fyers login](${url})`],
  ['as a link in Markdown, shown cut', (url) => `[${url.slice(0, 150)}…](${url} "Fyers")`],
  ['as a link in Markdown, brackets around the address', (url) => `see [here](<${url}>), please`],
  ['as a link in HTML', (url) => `<a href="${url.replaceAll('&', '&amp;')}">login</a>`],
  ...['.', ',', ')', '”', '>', ';', '"', '...', '!', ' .', '\n', '&', '#', '/'].map(
    (tail) => [`followed by ${JSON.stringify(tail)}`, (url: string) => `${url}${tail}`] as const,
  ),
  ['after words', (url) => `URL: ${url}`],
  ['after words without a space', (url) => `URL=${url}`],
  ['between sentences', (url) => `It ended on ${url} and then nothing happened`],
  ['before a name', (url) => `${url}\n\nThanks,\nBob`],
  ['with a space of no width', (url) => `\u200B${url.replaceAll('&', '\u200B&')}\uFEFF`],
  ['with a soft hyphen in it', (url) => url.replace('auth_', 'au\u00ADth_')],
  [
    'with a line end inside of names',
    (url) => url.replace('auth_', 'auth\n_').replace('sta', 's\nta'),
  ],
  ['in a bracketed paste', (url) => `\u001B[200~${url}\u001B[201~`],
  ['with colours', (url) => `\u001B[4;34m${url}\u001B[0m`],
  ['percent-encoded whole', (url) => encodeURIComponent(url)],
  ['percent-encoded twice', (url) => encodeURIComponent(encodeURIComponent(url))],
  ['percent-encoded and wrapped', (url) => wrapped(encodeURIComponent(url), 61, '\n')],
  ['in a link of Outlook', safeLink],
  ['in a link of Outlook, escaped', (url) => safeLink(url).replaceAll('&', '&amp;')],
  [
    'in a link of Google',
    (url) => `https://www.google.com/url?q=${encodeURIComponent(url)}&sa=D&usg=AOv`,
  ],
  [
    'in a link of Facebook',
    (url) => `https://l.facebook.com/l.php?u=${encodeURIComponent(url)}&h=AT0`,
  ],
  ['in JSON', (url) => `{"url":"${url.replaceAll('&', '\\u0026').replaceAll('/', '\\/')}"}`],
  ['escaped for a shell', (url) => url.replace(/[?&=]/g, '\\$&')],
  ['with http', (url) => url.replace('https:', 'http:')],
  [
    'with its host in capitals',
    (url) => url.replace('https://trade.fyers.in', 'HTTPS://TRADE.FYERS.IN'),
  ],
  ['without its scheme', (url) => url.replace('https://', '')],
  ['as its query', (url) => url.slice(url.indexOf('?'))],
  ['as its query, without the mark', (url) => url.slice(url.indexOf('?') + 1)],
  [
    'from the code on',
    (url) => url.slice(Math.min(url.indexOf('auth_code='), url.indexOf('state='))),
  ],
  ['with the query in the fragment', (url) => url.replace('?', '#/cb?')],
  ['with a fragment for a query', (url) => url.replace('?', '#')],
  ['twice', (url) => `${url} ${url}`],
  ['with a tracker', (url) => `${url}&utm_source=mail`],
  ['with s in capitals', (url) => url.replace('s=ok', 's=OK')],
  ['in a curl command', (url) => `curl -i '${url}'`],
];

describe('parseRedirect', () => {
  test.each(PASTES)('reads the address %s', (_how, mangle) => {
    expect(read(mangle(URL_))).toEqual(GOOD);
    expect(read(mangle(CODE_LAST))).toEqual(GOOD);
  });

  test('reads an address with several of these changes', () => {
    const some = fc.subarray(
      PASTES.filter(([how]) =>
        /amp;$|wrapped w|angle|quotes|no width|Outlook$|words$|"\."/.test(how),
      ),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(some, (ways) => {
        expect(read(ways.reduce((text, [, mangle]) => mangle(text), URL_))).toEqual(GOOD);
      }),
      { seed: 14, numRuns: 200 },
    );
  });

  test('reads an address that is wrapped at any width', () => {
    for (let width = 20; width < 200; width += 1) {
      for (const url of [URL_, CODE_LAST]) expect(read(wrapped(url, width, '\n'))).toEqual(GOOD);
    }
  });

  const other = mintToken(SEED, APP, 'auth_code', NOON - SECOND, 9);
  test('refuses two different auth codes, and accepts the same one twice', () => {
    expect(read(`${URL_}&auth_code=${other}`)).toMatchObject({
      kind: 'unusable',
      problem: expect.stringContaining('two different auth codes') as unknown,
    });
    expect(read(`${URL_}&auth_code=${CODE}`)).toEqual(GOOD);
    expect([
      onlyValue([]),
      onlyValue(['a', 'a']),
      onlyValue(['', 'a']),
      onlyValue(['a', 'b']),
    ]).toEqual(['', 'a', 'a', null]);
  });

  const answer = (fields: string) => `${PAGE}?${fields}`;
  const stranger = { ...KEYS, secret: 'ANOTHERSECRET' as AppSecret };
  const forged = newState(stranger, WEDNESDAY, instant(NOON), 'ab'.repeat(16));
  const yesterday = stateAt(NOON - 24 * 60 * MINUTE, istDate('2026-11-24'));
  const foreignCode = mintToken(SEED, { ...APP, id: 'OTHERAPP01-100' }, 'auth_code', NOON);
  test.each([
    ['without a state', answer(`s=ok&auth_code=${CODE}`), 'has no state;'],
    ['with an empty state', answer(`s=ok&auth_code=${CODE}&state=`), 'has no state;'],
    [
      'with "None" for a state',
      answer(`s=ok&auth_code=${CODE}&state=None`),
      'has a state that is not from this program',
    ],
    [
      'with half a state',
      answer(`s=ok&auth_code=${CODE}&state=${STATE.slice(0, 47)}`),
      'state that is cut',
    ],
    [
      'with a state too long',
      answer(`s=ok&auth_code=${CODE}&state=${STATE}0`),
      'state that is cut',
    ],
    [
      'of another day',
      answer(`s=ok&auth_code=${CODE}&state=${yesterday}`),
      'another day, 2026-11-24',
    ],
    [
      'of an hour ago',
      answer(`s=ok&auth_code=${CODE}&state=${stateAt(NOON - 60 * MINUTE)}`),
      'half an hour',
    ],
    [
      'of a later time',
      answer(`s=ok&auth_code=${CODE}&state=${stateAt(NOON + 9 * MINUTE)}`),
      "machine's clock",
    ],
    ['of another secret', answer(`s=ok&auth_code=${CODE}&state=${forged}`), 'did not sign'],
    ['of another app', answer(`s=ok&auth_code=${foreignCode}&state=${STATE}`), 'another app'],
    [
      'of another app, with its state',
      answer(`s=ok&auth_code=${foreignCode}&state=${forged}`),
      'another app',
    ],
    ['without a code', answer(`s=ok&state=${STATE}`), 'has no auth_code'],
    [
      'with half a code',
      answer(`s=ok&auth_code=${CODE.slice(0, 90)}&state=${STATE}`),
      'auth_code that is cut',
    ],
    [
      'with an access token for a code',
      answer(`s=ok&auth_code=${mintToken(SEED, APP, 'access_token', NOON)}&state=${STATE}`),
      'an access token instead of an auth_code',
    ],
    ['that is the code alone', CODE, 'is only the auth code'],
    ['that is the code alone, in quotes', `"${wrapped(CODE, 60, '\n')}"`, 'is only the auth code'],
    ['that is an access token', mintToken(SEED, APP, 'access_token', NOON), 'is an access token'],
    ['that is a refresh token', mintToken(SEED, APP, 'refresh_token', NOON), 'is a refresh token'],
    [
      'of the login page',
      `https://api-t1.fyers.in/api/v3/generate-authcode?client_id=${KEYS.id}&redirect_uri=${encodeURIComponent(PAGE)}&response_type=code&state=${STATE}`,
      'is the address of the login page',
    ],
    [
      'of the login page, whose redirect URL has a query',
      `https://api-t1.fyers.in/api/v3/generate-authcode?client_id=${KEYS.id}&redirect_uri=${encodeURIComponent(`${PAGE}?a=b`)}&response_type=code&state=${STATE}`,
      'is the address of the login page',
    ],
    ['without a query', PAGE, 'has no query'],
    ['of a word', 'hello', 'has no query'],
    ['that is empty', ' \n', 'has no query'],
    ['that is too long', answer(`s=ok&${'a'.repeat(9_000)}`), 'is longer than'],
    ['that is far too long', 'a'.repeat(1_000_000), 'is longer than'],
  ])('names the problem of an address %s, and shows no code', (_what, text, problem) => {
    expect(read(text)).toMatchObject({
      kind: 'unusable',
      problem: expect.stringContaining(problem) as unknown,
    });
    const parts = CODE.split('.');
    expect(JSON.stringify(read(text))).not.toContain(parts[2]);
  });

  test.each([
    ['s=error&code=-5&message=User+cancelled', 'User cancelled (code -5)'],
    ['s=error&code=-5&message=User%20cancelled&auth_code=', 'User cancelled (code -5)'],
    [
      'code=-5&message=See%20https%3A%2F%2Ffyers.in%3Fa%3Db&s=error',
      'See https://fyers.in?a=b (code -5)',
    ],
    ['s=error', 'no reason'],
    ['s=failed&message=No', 'No'],
  ])('returns the error of the broker, if the state is valid: %s', (fields, words) => {
    expect(read(answer(`${fields}&state=${STATE}`))).toEqual({ kind: 'refused', words });
    expect(
      read(wrapped(answer(`${fields}&state=${STATE}`).replaceAll('&', '&amp;'), 50, '\n')).kind,
    ).toBe('refused');
    expect(read(answer(fields))).toMatchObject({
      kind: 'unusable',
      problem: expect.stringMatching(/^has Fyers' message ".+", and has no state/) as unknown,
    });
  });

  test('wordsOf hides tokens in the message of the broker', () => {
    const words = wordsOf(new URLSearchParams({ message: `bad ${CODE}, and ${CODE}` }));
    expect(words).toBe('bad [hidden], and [hidden]');
  });

  test('takes no quadratic time for any repeated text', () => {
    const seeds = [
      ...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
      '&amp;', '&#38;', '=3D', '= ', '=\n', '%3D', '%253A', 'https%3A', '](', 'href=', 'href ', 'a.', 'a '.repeat(9),
      '\u001B[', '\\u00', 's=ok&', 'state=', 'auth_code=a.', '“', '> ', '\n>', 'redirect_uri=', '. ',
    ]; // prettier-ignore
    const cost = (text: string): number => {
      const from = process.cpuUsage();
      read(text);
      wordsOf(new URLSearchParams({ message: text }));
      const { user, system } = process.cpuUsage(from);
      return user + system;
    };
    for (const seed of seeds) {
      const ofLength = (length: number) =>
        seed.repeat(Math.ceil(length / seed.length)).slice(0, length);
      // A quadratic step over 32 KB costs seconds.
      expect([seed, cost(ofLength(32_768)) < 200_000]).toEqual([seed, true]);
      expect([seed, cost(`auth_code=${ofLength(8_000)}`) < 200_000]).toEqual([seed, true]);
    }
  });
});
