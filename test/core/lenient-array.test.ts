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
  ['an error of its own', { n: 'NSE:NOSUCH-EQ', s: 'error', v: { errmsg: 'Invalid symbol' } }],
  ['of another type', { n: 'NSE:SBIN-EQ', v: { lp: '427.25' } }],
  ['not finite', { n: 'NSE:SBIN-EQ', v: { lp: Infinity } }],
])('An entry that is %s is left out, wherever it stands, and the others stay', (_, odd) => {
  for (const list of [
    [odd, GOOD],
    [GOOD, odd],
    [odd, GOOD, odd],
  ]) {
    expect(quotes.parse(list)).toEqual([GOOD]);
  }
  expect(quotes.parse([odd])).toEqual([]);
});

test('What is no list is no list', () => {
  for (const other of [null, {}, GOOD, 'x', undefined]) {
    expect(quotes.safeParse(other).success).toBe(false);
  }
});
