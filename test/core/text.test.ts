import { describe, expect, test } from 'vitest';
import { asSentence, onOneLine, withoutEndSeparators, withoutEndSlashes } from '../../core/text.ts';
import { parseEmail, parseReaders } from '../../infra/config/load.ts';

describe('Cleaning a text', () => {
  test.each([
    ['no', 'no.'],
    ['no.', 'no.'],
    ['no.. ', 'no.'],
    ['no .\n', 'no.'],
    ['a.b', 'a.b.'],
    ['', '.'],
    ['why?', 'why?.'],
  ])('%j is the sentence %j', (text, sentence) => {
    expect(asSentence(text)).toBe(sentence);
  });

  test('takes slashes and separators from the end alone', () => {
    expect(withoutEndSlashes('https://a.example//b//')).toBe('https://a.example//b');
    expect(withoutEndSlashes('///')).toBe('');
    expect(withoutEndSeparators(' a,b , ')).toBe(' a,b');
  });

  test.each([
    ['a  b', 'a  b'],
    ['a \n\n b', 'a b'],
    ['a\tb\r\nc', 'a b c'],
    ['\n', ' '],
  ])('%j is %j on one line', (text, line) => {
    expect(onOneLine(text)).toBe(line);
  });
});

describe('Parsers of the configuration', () => {
  test.each(['a@b.c', 'a@b.c.d', 'a.b@c-d.in', 'a@.b.c', 'a@b..c'])('%s is an address', (text) => {
    expect(parseEmail(text).ok).toBe(true);
    expect(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)).toBe(true);
  });

  test.each(['a', '@b.c', 'a@b', 'a@b.', 'a@.b', 'a@b@c.d', 'a b@c.d', 'a@b.c '])(
    '%j is not an address',
    (text) => {
      expect(parseEmail(text).ok).toBe(false);
      expect(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)).toBe(false);
    },
  );

  test('readers are parted by commas and white space before an ARN', () => {
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
