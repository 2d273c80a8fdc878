import { describe, expect, test } from 'vitest';
import {
  asSentence,
  csvCells,
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
