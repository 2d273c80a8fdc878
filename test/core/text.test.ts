import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import {
  asSentence,
  csvCells,
  hideTokens,
  lenientArray,
  onOneLine,
  withoutEndSeparators,
  withoutEndSlashes,
} from '../../core/text.ts';
import { parseEmail, parseReaders } from '../../core/config/program-values.ts';

describe('The functions that clean a text', () => {
  test.each([
    ['no', 'no.'],
    ['no.', 'no.'],
    ['no.. ', 'no.'],
    ['no .\n', 'no.'],
    ['a.b', 'a.b.'],
    ['', '.'],
    ['why?', 'why?.'],
  ])('asSentence changes %j to %j', (text, sentence) => {
    expect(asSentence(text)).toBe(sentence);
  });

  test('withoutEndSlashes and withoutEndSeparators change only the end', () => {
    expect(withoutEndSlashes('https://a.example//b//')).toBe('https://a.example//b');
    expect(withoutEndSlashes('///')).toBe('');
    expect(withoutEndSeparators(' a,b , ')).toBe(' a,b');
  });

  test.each([
    ['a  b', 'a  b'],
    ['a \n\n b', 'a b'],
    ['a\tb\r\nc', 'a b c'],
    ['\n', ' '],
  ])('onOneLine changes %j to %j', (text, line) => {
    expect(onOneLine(text)).toBe(line);
  });
});

describe('csvCells', () => {
  test.each([
    ['a,b,', ['a', 'b', '']],
    ['"a, b",c', ['a, b', 'c']],
    [',"b, c"', ['', 'b, c']],
    ['', ['']],
  ])('splits %j', (line, cells) => {
    expect(csvCells(line)).toEqual(cells);
  });
});

describe('The parsers of the configuration', () => {
  test.each(['a@b.c', 'a@b.c.d', 'a.b@c-d.in', 'a@.b.c', 'a@b..c'])(
    'parseEmail accepts %s',
    (text) => {
      expect(parseEmail(text).ok).toBe(true);
      expect(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)).toBe(true);
    },
  );

  test.each(['a', '@b.c', 'a@b', 'a@b.', 'a@.b', 'a@b@c.d', 'a b@c.d', 'a@b.c '])(
    'parseEmail refuses %j',
    (text) => {
      expect(parseEmail(text).ok).toBe(false);
      expect(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)).toBe(false);
    },
  );

  test('parseReaders splits at commas and white space before an ARN', () => {
    const arn = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
    const namesIn = (text: string) => {
      const parsed = parseReaders(text);
      return parsed.ok ? parsed.value.map(({ name }) => name) : parsed.problem;
    };
    expect(namesIn(` ${arn('a')},${arn('b,c')} \n${arn('d')}, `)).toEqual(['a', 'b,c', 'd']);
    expect(namesIn('')).toEqual([]);
    expect(namesIn(`${arn('a')} x`)).toContain('not arn:');
  });
});

const LONG = 'a'.repeat(16);

describe('hideTokens', () => {
  test.each([
    [`${LONG}.b`, '[hidden]'],
    [`${LONG}.b.c`, '[hidden]'],
    [`token ${LONG}.b-_.c, code 1`, 'token [hidden], code 1'],
    [`${LONG}.b.c and ${LONG}.d`, '[hidden] and [hidden]'],
    [`app:${LONG}.b`, 'app:[hidden]'],
    [`host.${LONG}.b`, 'host.[hidden]'],
    [`${LONG}.b..c`, '[hidden]..c'],
    [`${LONG}.b.`, '[hidden].'],
    [`${LONG}.b\u00e9${LONG}.c`, '[hidden]\u00e9[hidden]'],
    // Tokens that are cut before their first dot.
    ['eyJ0eXAiOiJKV1QiLCJhbGciOi', '[hidden]'],
    ['token=eyJ0eXAiOiJKV1QiLCJhbGciOi', 'token=[hidden]'],
  ])('changes %j to %j', (text, clean) => {
    expect(hideTokens(text)).toBe(clean);
  });

  test.each([
    '',
    'no reason',
    LONG,
    `${'a'.repeat(15)}.b`,
    `${LONG}.`,
    `${LONG}..b`,
    `.${LONG}`,
    'api-t1.fyers.in',
    'Please provide valid auth_code. (code -413)',
  ])('does not change %j', (text) => {
    expect(hideTokens(text)).toBe(text);
  });

  test('agrees with the regular expression that it replaces', () => {
    const pieces = ['a', LONG, '.', '-', '_', ' ', '..', '%', '\u200b', `${LONG}${LONG}`];
    for (let n = 0; n < 10_000; n += 1) {
      const text = Array.from(
        { length: 4 },
        (_, digit) => pieces[Math.floor(n / 10 ** digit) % 10],
      );
      const joined = text.join('');
      expect(hideTokens(joined)).toBe(joined.replace(/[\w-]{16,}(?:\.[\w-]+)+/g, '[hidden]'));
    }
  });
});

const quotes = lenientArray(z.object({ n: z.string(), v: z.object({ lp: z.number() }) }));
const GOOD = { n: 'NSE:SBIN-EQ', v: { lp: 427.25 } };

test.each([
  ['null', null],
  ['a text', 'NSE:SBIN-EQ'],
  ['a number', 1],
  ['a list', [GOOD]],
  ['the error of one symbol', { n: 'NSE:NOSUCH-EQ', s: 'error', v: { errmsg: 'Invalid symbol' } }],
  ['an object with a value of another type', { n: 'NSE:SBIN-EQ', v: { lp: '427.25' } }],
  ['an object with an infinite value', { n: 'NSE:SBIN-EQ', v: { lp: Infinity } }],
])('lenientArray omits an entry that is %s, at any position, and keeps the others', (_, odd) => {
  for (const list of [
    [odd, GOOD],
    [GOOD, odd],
    [odd, GOOD, odd],
  ]) {
    expect(quotes.parse(list)).toEqual([GOOD]);
  }
  expect(quotes.parse([odd])).toEqual([]);
});

test('lenientArray refuses a value that is not an array', () => {
  for (const other of [null, {}, GOOD, 'x', undefined]) {
    expect(quotes.safeParse(other).success).toBe(false);
  }
});
