import { describe, expect, test } from 'vitest';
import {
  type FeedPlan,
  parseFeed,
  sizeProblem,
  streamProblems,
} from '../../../core/config/stream-limits.ts';
import { parseSymbol, parseSymbolAlias } from '../../../core/config/values.ts';
import { must } from '../../support/rest-feed.ts';

function plan(feed: FeedPlan['feed'], count: number): FeedPlan {
  const names = Array.from({ length: count }, (_, n) => `NSE:S${String(n)}-EQ`);
  return { feed, symbols: names.map((name) => must(parseSymbol(name))) };
}

describe('streamProblems', () => {
  test('allows 15 symbols of tbt on one account, and not 16', () => {
    expect(streamProblems([plan('tbt', 15)])).toEqual([]);
    expect(streamProblems([plan('tbt', 16)])).toEqual([
      expect.stringContaining('16 / 5 = 4 = 4 sockets of 5 symbols'),
    ]);
  });

  test('adds the sockets of all harvesters', () => {
    expect(streamProblems([plan('tbt', 10), plan('tbt', 10)])).toContainEqual(
      expect.stringContaining('10 / 5 + 10 / 5 = 2 + 2 = 4 sockets'),
    );
  });

  test('refuses BSE and indices by tbt, and an index without a name by hsm', () => {
    const of = (feed: FeedPlan['feed'], ...names: readonly string[]): FeedPlan => ({
      feed,
      symbols: names.map((name) => must(parseSymbol(name))),
    });
    const names = ['NSE:SBIN-EQ', 'NSE:NIFTYBANK-INDEX', 'NSE:NOSUCH-INDEX', 'BSE:RELIANCE-A'];
    const refused = (feed: FeedPlan['feed']) =>
      streamProblems([of(feed, ...names)]).map((problem) => /stream (\S+):/.exec(problem)?.[1]);
    expect(refused('rest')).toEqual([]);
    expect(refused('hsm')).toEqual(['NSE:NOSUCH-INDEX']);
    expect(refused('tbt')).toEqual(names.slice(1));
    const aliases = ['FUT:NIFTY', 'ATM:NIFTY+0CE'].map((name) => must(parseSymbolAlias(name)));
    expect(streamProblems([{ feed: 'tbt', symbols: aliases }])).toEqual([]);
  });

  test('refuses hsm together with tbt, because both need the one HSM socket', () => {
    expect(streamProblems([plan('tbt', 5), plan('rest', 5)])).toEqual([]);
    expect(streamProblems([plan('tbt', 5), plan('hsm', 5)])).toEqual([
      expect.stringContaining('1 + 1 = 2 HSM sockets'),
    ]);
  });

  test('allows 2,500 symbols of hsm, because each needs two of 5,000 topics', () => {
    expect(streamProblems([plan('hsm', 2_500)])).toEqual([]);
    expect(streamProblems([plan('hsm', 2_501)])).toEqual([
      expect.stringContaining('2501 × 2 = 5002'),
    ]);
  });

  test('counts a chain of an index as 500 symbols and one of a share as 200, and reports the numbers', () => {
    const chains = (...underlyings: readonly string[]): FeedPlan => ({
      feed: 'hsm',
      symbols: underlyings.map((name) => must(parseSymbolAlias(`CHAIN:${name}`))),
    });
    expect(
      streamProblems([chains('NIFTY', 'BANKNIFTY', 'FINNIFTY', 'MIDCPNIFTY', 'X', 'Y')]),
    ).toEqual([]);
    const [problem] = streamProblems([
      chains('NIFTY', 'BANKNIFTY', 'FINNIFTY', 'MIDCPNIFTY', 'NIFTYNXT50', 'SBIN'),
    ]);
    expect(problem).toContain('2700 × 2 = 5400 topics');
    expect(problem).toContain('CHAIN:SBIN counts as 200 symbols');
  });

  test('counts the members of an index, each once', () => {
    const names = (from: number) =>
      Array.from({ length: 10 }, (_, n) => must(parseSymbol(`NSE:S${String(from + n)}-EQ`)));
    const lists = new Map([
      ['A', names(0)],
      ['B', names(5)],
    ]);
    const of = (...groups: readonly string[]) =>
      streamProblems(
        [{ feed: 'tbt', symbols: groups.map((name) => must(parseSymbolAlias(name))) }],
        lists,
      );
    expect(of('INDEX:A', 'INDEX:B')).toEqual([]);
    lists.set('B', names(6));
    expect(of('INDEX:A', 'INDEX:B')[0]).toContain('16 / 5 = 4 = 4 sockets');
    // Without a list it is one name.
    expect(of('INDEX:A', 'INDEX:C')).toEqual([]);
  });
});

test.each([
  ['tbt', 15, '16 / 5 = 4 = 4 sockets'],
  ['hsm', 2_500, '2501 × 2 = 5002 topics'],
  ['rest', 12, '13 symbols every 5 s are 156 calls'],
] as const)('sizeProblem allows one harvester of %s %d symbols', (feed, most, words) => {
  const names = Array.from({ length: most + 1 }, (_, n) => `NSE:S${String(n)}-EQ`);
  expect(sizeProblem(feed, names.slice(1), 5)).toBeNull();
  expect(sizeProblem(feed, names, 5)).toContain(words);
});

test('parseFeed accepts rest, tbt and hsm in small letters', () => {
  expect(['rest', ' tbt ', 'hsm'].map((text) => parseFeed(text).ok)).toEqual([true, true, true]);
  expect(parseFeed('TBT').ok).toBe(false);
});
