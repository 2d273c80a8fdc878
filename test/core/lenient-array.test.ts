import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { lenientArray } from '../../core/text.ts';

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
