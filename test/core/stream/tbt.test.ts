import { describe, expect, test } from 'vitest';
import { bookFromTbt } from '../../../core/stream/grid-book.ts';
import { startTbtBooks, type TbtBooks } from '../../../core/stream/tbt-books.ts';
import { decodeTbtFrame } from '../../../core/stream/tbt-frame.ts';
import { instant } from '../../../core/time.ts';
import { levelsMessage } from '../../support/tbt-message.ts';
import { bytesOf, VECTORS } from './vectors.ts';

const AT = instant(1_795_000_000_000);
const SBIN = 'NSE:SBIN-EQ';
const FUTURE = 'NSE:NIFTY26NOVFUT';

/** Applies the vectors up to this one, counted from 1, and returns what the last one did. */
function playTo(last: number) {
  const books = startTbtBooks();
  const applied = VECTORS.tbt.slice(0, last).map(({ hex }) => {
    const message = decodeTbtFrame(bytesOf(hex));
    return message === null ? null : books.apply(message, AT);
  });
  return { books, applied: applied.at(-1) ?? null };
}

function side(books: TbtBooks, name: 'bids' | 'asks', symbol = SBIN) {
  const book = books.book(symbol);
  if (book === null) throw new Error(`${symbol} has no book`);
  const { prices, quantities, orders } = book[name];
  return [...prices]
    .map((price, index) => [price, quantities[index], orders[index]] as const)
    .slice(0, 6);
}

const NONE = [0, 0, 0];
const BIDS = [
  [80000, 100, 3],
  [79995, 101, 4],
  [79990, 102, 5],
  [79985, 103, 6],
  [79980, 104, 7],
  NONE,
];
const ASKS = [
  [80005, 200, 4],
  [80010, 201, 5],
  [80015, 202, 6],
  [80020, 203, 7],
  [80025, 204, 8],
  NONE,
];
const AFTER_TWO = BIDS.with(2, [79985, 777, 9]);
const AFTER_THREE = AFTER_TWO.with(0, [80000, 50, 3]);
const AFTER_FOUR = ASKS.with(4, NONE);

describe('Books of the TBT vectors', () => {
  test('there are 13 vectors', () => {
    expect(VECTORS.tbt).toHaveLength(13);
  });

  test('1: a snapshot fills both sides and makes the book sound', () => {
    const { books, applied } = playTo(1);
    expect([side(books, 'bids'), side(books, 'asks')]).toEqual([BIDS, ASKS]);
    expect(books.book(SBIN)).toMatchObject({
      ...{ totalBuyQuantity: 2_396_063, totalSellQuantity: 4_990_001, sequence: 1 },
      ...{ feedTime: 1_795_000_000, flaw: null, receivedAt: AT },
    });
    expect(applied).toEqual([
      { symbol: SBIN, kind: 'snapshot', malformedLevels: 0, gap: null, flagsDiffer: false },
    ]);
  });

  test.each([
    [2, 'a level is addressed by its num, not by its place in the list', 'bids', AFTER_TWO],
    [3, 'a wrapper of length 0 is the value 0, and absent values keep', 'bids', AFTER_THREE],
    [4, 'zeros empty a level', 'asks', AFTER_FOUR],
  ] as const)('%i: %s', (number, _what, name, levels) => {
    expect(side(playTo(number).books, name)).toEqual(levels);
  });

  test('5: a level without num, or above 49, changes nothing and makes the book unsound', () => {
    const { books, applied } = playTo(5);
    expect([side(books, 'bids'), side(books, 'asks')]).toEqual([AFTER_THREE, AFTER_FOUR]);
    expect(applied).toMatchObject([{ malformedLevels: 2, gap: { from: 4, to: 5 } }]);
    expect(books.book(SBIN)?.flaw).toBe('sequence-gap');
  });

  test('a value that a level does not have keeps', () => {
    const { books } = playTo(1);
    const keep = { price: null, quantity: null, orders: null };
    const levels = [{ price: 80_001 }, { quantity: 7 }, { orders: 8 }];
    const bids = levels.map((level, num) => ({ num, ...keep, ...level }));
    books.apply(levelsMessage({ symbol: SBIN, sequence: 2, bids }), AT);
    const [first, second, third] = [
      [80_001, 100, 3],
      [79_995, 7, 4],
      [79_990, 102, 8],
    ];
    expect(side(books, 'bids')).toEqual([first, second, third, ...BIDS.slice(3)]);
  });

  test('6: a total alone changes no level', () => {
    const { books } = playTo(6);
    expect(books.book(SBIN)).toMatchObject({
      totalBuyQuantity: 2_396_000,
      totalSellQuantity: 4_990_001,
    });
    expect(side(books, 'bids')).toEqual(AFTER_THREE);
  });

  test('7: integers above 2^53 are exact', () => {
    const { books } = playTo(7);
    expect(books.book(SBIN)).toMatchObject({
      ...{ sequence: 9_007_199_254_740_993n, feedTime: 1_795_000_003_123_456_789n },
      ...{ totalBuyQuantity: 2n ** 60n, totalSellQuantity: 2n ** 64n - 1n },
    });
    expect(side(books, 'bids')[1]).toEqual([79995, 4_294_967_295, 4]);
  });

  test('8: the inner snapshot flag alone replaces the listed sides and is reported', () => {
    const { books, applied } = playTo(8);
    expect(side(books, 'bids').slice(0, 2)).toEqual([[80100, 10, 1], NONE]);
    expect(side(books, 'asks').slice(0, 2)).toEqual([[80110, 11, 1], NONE]);
    expect(applied).toMatchObject([{ kind: 'snapshot', flagsDiffer: true }]);
    expect(books.book(SBIN)?.flaw).toBeNull();
  });

  test('9: two symbols of one message are two books with their own numbers', () => {
    const { books } = playTo(9);
    expect(books.book(SBIN)).toMatchObject({ sequence: 9, flaw: null });
    expect(books.book(FUTURE)).toMatchObject({ sequence: 77, flaw: 'no-snapshot' });
    expect(side(books, 'bids')[3]).toEqual([79980, 5, 1]);
    expect(side(books, 'asks', FUTURE)[0]).toEqual([2_600_010, 75, 1]);
  });

  test('10: an error message has its text and no feeds', () => {
    expect(decodeTbtFrame(bytesOf(VECTORS.tbt[9]?.hex ?? ''))).toMatchObject({
      ...{ type: 8, isError: true, text: 'made-up error text', feeds: [] },
    });
  });

  test('11: a quote without depth changes no book', () => {
    const { books, applied } = playTo(11);
    expect(applied).toMatchObject([{ symbol: SBIN, kind: 'none' }]);
    expect(books.book(SBIN)).toMatchObject({ sequence: 9 });
  });

  test('12: a cut frame is refused whole', () => {
    const { books, applied } = playTo(12);
    expect(applied).toBeNull();
    expect(books.book(SBIN)).toMatchObject({ sequence: 9 });
  });

  test('13: an unknown field is skipped', () => {
    const plain = decodeTbtFrame(bytesOf(VECTORS.tbt[1]?.hex ?? ''));
    expect(decodeTbtFrame(bytesOf(VECTORS.tbt[12]?.hex ?? ''))).toEqual(plain);
  });
});

describe('A grid book from TBT', () => {
  test('has rupees, five levels at their places, and null without a quote', () => {
    const { books } = playTo(9);
    const book = books.book(SBIN);
    if (book === null) throw new Error('no book');
    const grid = bookFromTbt(book, null);
    const none = { price: null, quantity: null, orders: null };
    expect(grid.bids).toEqual([
      { price: 801, quantity: 10, orders: 1 },
      none,
      none,
      { price: 799.8, quantity: 5, orders: 1 },
    ]);
    expect(grid).toMatchObject({ lastPrice: null, volume: null, sequence: 9 });
    // The total of vector 7 is above 2^53, where a number would be rounded.
    expect(grid.totalBuyQuantity).toBeNull();
  });
});

describe('The soundness of a TBT book', () => {
  const difference = (sequence: number, isSnapshot = false) => {
    const bids = [{ num: 0, price: 100 + sequence, quantity: 1, orders: 1 }];
    return levelsMessage({ symbol: SBIN, sequence, isSnapshot, bids });
  };
  const play = (...sequences: readonly number[]) => {
    const books = startTbtBooks();
    books.apply(difference(1, true), AT);
    const kinds = sequences.map((each) => books.apply(difference(each), AT)[0]);
    return { books, last: kinds.at(-1) };
  };
  const upTo = (last: number) => Array.from({ length: last - 1 }, (_, index) => index + 2);

  test('drops the second copy of a message', () => {
    const { books, last } = play(2, 2);
    expect(last?.kind).toBe('duplicate');
    expect(books.book(SBIN)?.flaw).toBeNull();
  });

  test('ends when a number goes back, and returns with a snapshot', () => {
    const { books, last } = play(3, 2);
    expect(last?.gap).toEqual({ from: 3, to: 2 });
    expect(books.book(SBIN)?.flaw).toBe('sequence-gap');
    books.apply(difference(9, true), AT);
    expect(books.book(SBIN)?.flaw).toBeNull();
  });

  test('does not judge skipped numbers before the symbol has counted in ones', () => {
    expect(play(...upTo(100), 105).books.book(SBIN)?.flaw).toBeNull();
    expect(play(...upTo(101), 105).books.book(SBIN)?.flaw).toBe('sequence-gap');
  });
});
