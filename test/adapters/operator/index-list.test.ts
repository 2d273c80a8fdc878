import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { indicesIn } from '../../../core/config/groups.ts';
import { parseIndexList } from '../../../adapters/operator/index-lists.ts';

const parse = (text: string) => {
  const parsed = parseIndexList(text);
  return parsed.ok ? parsed.value : parsed.problem;
};

describe('parseIndexList', () => {
  test.each([
    ['one name a line', 'SBIN\nnse:infy-eq\n\n', ['NSE:SBIN-EQ', 'NSE:INFY-EQ']],
    [
      'comments and Windows line ends',
      '# mine\r\nM&M\r\nBAJAJ-AUTO\r\n',
      ['NSE:M&M-EQ', 'NSE:BAJAJ-AUTO-EQ'],
    ],
    [
      'the CSV of NSE',
      'Company Name,Industry,Symbol,Series,ISIN Code\n"Bank, the ""first""",Banks,SBIN,EQ,INE062A01020\nB Ltd.,Power,B,BE,INE000000000\n',
      ['NSE:SBIN-EQ', 'NSE:B-BE'],
    ],
    ['a column alone, in other letters', 'SYMBOL\nSBIN\n', ['NSE:SBIN-EQ']],
    ['empty rows of a spreadsheet', 'Symbol,Series\n,\nSBIN,EQ\n , \n', ['NSE:SBIN-EQ']],
    ['columns in another order', 'Series,Symbol\n,SBIN\n', ['NSE:SBIN-EQ']],
  ])('reads %s', (_what, text, symbols) => {
    expect(parse(text)).toEqual(symbols);
  });

  test.each([
    ['', 'it names no symbol'],
    ['# nothing\n', 'it names no symbol'],
    ['Symbol,Series\n', 'it names no symbol'],
    ['State Bank of India\n', 'line 1: "State Bank of India" cannot be a symbol'],
    ['SBIN,INFY\n', 'line 1'],
    ['SBIN\n\nFUT:NIFTY\n', 'line 3: "FUT:NIFTY" cannot be a symbol'],
    ['INDEX:NIFTY50\n', 'cannot be a symbol'],
    ['SBIN\nSBIN-EQ\n', 'line 2: NSE:SBIN-EQ is in line 1 too'],
    ['Symbol,Series\n,EQ\n', 'line 2 has no symbol'],
    ['?\n?a\n?b\n?c\n?d', 'and 2 more'],
  ])('refuses %j', (text, words) => {
    expect(parse(text)).toContain(words);
  });

  test('reads each written list back', () => {
    const ticker = fc.stringMatching(/^[A-Z][A-Z0-9&]{0,11}$/).filter((name) => name !== 'SYMBOL');
    fc.assert(
      fc.property(fc.uniqueArray(ticker, { minLength: 1, maxLength: 600 }), (names) => {
        const symbols = names.map((name) => `NSE:${name}-EQ`);
        expect(parse(names.join('\n'))).toEqual(symbols);
        const rows = names.map((name) => `"Company, ${name}",Any,${name},EQ,INE000A01018`);
        expect(
          parse(['Company Name,Industry,Symbol,Series,ISIN Code', ...rows].join('\r\n')),
        ).toEqual(symbols);
      }),
      { numRuns: 30 },
    );
  });
});

test('indicesIn finds each index once, in a list and in JSON', () => {
  expect(indicesIn('index:nifty50, SBIN INDEX:NIFTY50,INDEX:NEXT-50')).toEqual([
    'NIFTY50',
    'NEXT-50',
  ]);
  expect(indicesIn('[{"symbols": ["INDEX:A", "CHAIN:NIFTY"]}, {"symbols": "INDEX:B"}]')).toEqual([
    'A',
    'B',
  ]);
  expect(indicesIn('NSE:INDEX:A,MYINDEX:B')).toEqual([]);
});
