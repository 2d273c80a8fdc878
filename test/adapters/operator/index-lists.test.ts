import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  indexListsOf,
  indexListsText,
  parseIndexList,
  readIndexLists,
} from '../../../adapters/operator/index-lists.ts';
import { indicesIn } from '../../../core/config/groups.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const dataDir = makeFolderPerTest();
let operatorDir = '';
beforeEach(async () => {
  operatorDir = path.join(dataDir.path, 'operator');
  await mkdir(operatorDir);
  await writeFile(path.join(operatorDir, 'index-MINE.csv'), 'SBIN\nM&M\n');
});

const MEMBERS = ['NSE:SBIN-EQ', 'NSE:M&M-EQ'];

test('readIndexLists reads the lists of a folder, and reports each that is missing or a folder', async () => {
  await mkdir(path.join(operatorDir, 'index-DIR.csv'));
  const { lists, problems } = readIndexLists(operatorDir, ['MINE', 'NOPE', 'DIR']);
  expect([...lists]).toEqual([['MINE', MEMBERS]]);
  expect(problems).toEqual([
    expect.stringContaining(path.join(operatorDir, 'index-NOPE.csv')),
    expect.stringContaining('is a folder'),
  ]);
});

test('readIndexLists reads as many symbols as a stream has, in the form of NSE', async () => {
  const rows = Array.from(
    { length: 2_500 },
    (_, index) =>
      `Company ${String(index)} of some name Ltd.,Financial Services,S${String(index)},EQ,INE`,
  );
  const text = ['Company Name,Industry,Symbol,Series,ISIN Code', ...rows].join('\r\n');
  await writeFile(path.join(operatorDir, 'index-ALL.csv'), text);
  const { lists, problems } = readIndexLists(operatorDir, ['ALL']);
  expect(problems).toEqual([]);
  expect(lists.get('ALL')).toHaveLength(2_500);
  await writeFile(path.join(operatorDir, 'index-ALL.csv'), Buffer.alloc(1_048_577, 'A'));
  expect(readIndexLists(operatorDir, ['ALL']).problems).toEqual([
    expect.stringContaining('more than the allowed 1,048,576'),
  ]);
});

test('indexListsOf reads the folder each time on a laptop', async () => {
  const read = indexListsOf({
    dataDir: dataDir.path,
    objects: null,
    operatorDir,
    indices: ['MINE', 'LATE'],
  });
  expect(await read()).toMatchObject({
    problem: expect.stringContaining('index-LATE.csv') as unknown,
  });
  await writeFile(path.join(operatorDir, 'index-LATE.csv'), 'INFY');
  const { lists, problem } = await read();
  expect(problem).toBeNull();
  expect([...lists]).toEqual([
    ['MINE', MEMBERS],
    ['LATE', ['NSE:INFY-EQ']],
  ]);
});

test('indexListsOf reads the bucket on AWS, and uses the copy while the bucket is unavailable', async () => {
  const { lists: written } = readIndexLists(operatorDir, ['MINE']);
  let answer: () => Promise<string | null> = () => Promise.reject(new Error('S3 is unavailable'));
  const objects = {
    get: async (key: string, toFile: string) => {
      expect(key).toBe('artifact/index-lists.json');
      const text = await answer();
      if (text !== null) await writeFile(toFile, text);
      return text !== null;
    },
  };
  const read = indexListsOf({ dataDir: dataDir.path, objects, operatorDir, indices: ['MINE'] });
  expect(await read()).toMatchObject({
    problem: expect.stringContaining('S3 is unavailable; there is no earlier copy') as unknown,
  });
  answer = () => Promise.resolve(indexListsText(written));
  const first = await read();
  expect(first).toMatchObject({ problem: null });
  expect([...first.lists]).toEqual([['MINE', MEMBERS]]);
  answer = () => Promise.reject(new Error('S3 is unavailable'));
  const copied = await read();
  expect(copied.problem).toContain('the earlier copy is used');
  expect(copied.lists).toEqual(first.lists);
  // A name that this version cannot read must not make the group smaller.
  answer = () => Promise.resolve('{"MINE":["NSE:SBIN-EQ","?"],"GOOD":["NSE:A-EQ"]}');
  expect([...(await read()).lists]).toEqual([['GOOD', ['NSE:A-EQ']]]);
  answer = () => Promise.resolve('not JSON');
  expect((await read()).lists.size).toBe(0);
  answer = () => Promise.resolve(null);
  expect(await read()).toMatchObject({ problem: null, lists: new Map() });
});

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
    ['', 'it has no symbol'],
    ['# nothing\n', 'it has no symbol'],
    ['Symbol,Series\n', 'it has no symbol'],
    ['State Bank of India\n', 'line 1: "State Bank of India" cannot be a symbol'],
    ['SBIN,INFY\n', 'line 1'],
    ['SBIN\n\nFUT:NIFTY\n', 'line 3: "FUT:NIFTY" cannot be a symbol'],
    ['INDEX:NIFTY50\n', 'cannot be a symbol'],
    ['SBIN\nSBIN-EQ\n', 'line 2: NSE:SBIN-EQ is already in line 1'],
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
