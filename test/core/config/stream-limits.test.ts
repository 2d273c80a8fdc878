import { describe, expect, test } from 'vitest';
import { parseSymbol } from '../../../core/config/values.ts';
import { must } from '../../support/rest-feed.ts';
import { type FeedPlan, parseFeed, streamProblems } from '../../../core/config/stream-limits.ts';

function plan(feed: FeedPlan['feed'], count: number): FeedPlan {
  const names = Array.from({ length: count }, (_, n) => `NSE:S${String(n)}-EQ`);
  return { feed, symbols: names.map((name) => must(parseSymbol(name))) };
}

describe('The streams of one account', () => {
  test('carry fifteen symbols of tbt', () => {
    expect(streamProblems([plan('tbt', 15)])).toEqual([]);
    expect(streamProblems([plan('tbt', 16)])).toEqual([
      expect.stringContaining('16 / 5 = 4 = 4 sockets of 5 symbols'),
    ]);
  });

  test('are one HSM socket, which tbt needs too', () => {
    expect(streamProblems([plan('tbt', 5), plan('rest', 5)])).toEqual([]);
    expect(streamProblems([plan('tbt', 5), plan('hsm', 5)])).toEqual([
      expect.stringContaining('1 + 1 = 2 HSM sockets'),
    ]);
  });

  test('carry two topics for each symbol of hsm', () => {
    expect(streamProblems([plan('hsm', 2_500)])).toEqual([]);
    expect(streamProblems([plan('hsm', 2_501)])).toEqual([
      expect.stringContaining('2501 × 2 = 5002'),
    ]);
  });
});

test('parseFeed takes the three names', () => {
  expect(['rest', ' tbt ', 'hsm'].map((text) => parseFeed(text).ok)).toEqual([true, true, true]);
  expect(parseFeed('TBT').ok).toBe(false);
});
