import { describe, expect, test } from 'vitest';
import { bookOf } from '../../../core/depth/depth-answer.ts';
import { parseInstant } from '../../../core/time.ts';

/** The documentation's sample, shortened to two levels a side. */
const SAMPLE = {
  totalbuyqty: 2_396_063,
  totalsellqty: 4_990_001,
  bids: [
    { price: 427.25, volume: 4_738, ord: 5 },
    { price: 427.2, volume: 10, ord: 1 },
  ],
  ask: [{ price: 427.4, volume: 2_193, ord: 4 }],
  o: 430.5,
  h: 433.65,
  l: 423.6,
  c: 425.2,
  chp: 0.48,
  tick_Size: 0.05,
  ch: 2.05,
  ltq: 20,
  ltt: 1_622_184_920,
  ltp: 427.25,
  v: 39_163_870,
  atp: 428.07,
  lower_ckt: 382.7,
  upper_ckt: 467.7,
  expiry: '',
  oi: 0,
  oiflag: false,
  pdoi: 0,
  oipercent: 0,
};
const SYMBOL = 'NSE:SBIN-EQ';
const read = (over: object) =>
  bookOf(SYMBOL, { s: 'ok', d: { [SYMBOL]: { ...SAMPLE, ...over } }, message: '' });

describe('A depth answer', () => {
  test('gives every field of the book', () => {
    expect(read({})).toEqual({
      symbol: SYMBOL,
      bids: [
        { price: 427.25, quantity: 4_738, orders: 5 },
        { price: 427.2, quantity: 10, orders: 1 },
      ],
      asks: [{ price: 427.4, quantity: 2_193, orders: 4 }],
      totalBuyQuantity: 2_396_063,
      totalSellQuantity: 4_990_001,
      lastPrice: 427.25,
      lastQuantity: 20,
      lastTradeAt: parseInstant('2021-05-28T12:25:20+05:30'),
      volume: 39_163_870,
      averagePrice: 428.07,
      open: 430.5,
      high: 433.65,
      low: 423.6,
      previousClose: 425.2,
      openInterest: null,
      lowerCircuit: 382.7,
      upperCircuit: 467.7,
      sequence: null,
    });
  });

  test('has open interest where the instrument has one', () => {
    expect(read({ oiflag: true, oi: 0 })?.openInterest).toBe(0);
  });

  test('keeps a side short instead of padding it with zeros', () => {
    const padding = { price: 0, volume: 0, ord: 0 };
    expect(read({ bids: [SAMPLE.bids[0], padding, padding] })?.bids).toHaveLength(1);
    expect(read({ ask: undefined })?.asks).toEqual([]);
  });

  test('has null, never zero, for what the broker left out or wrote as a price of zero', () => {
    expect(read({ ltp: undefined, totalbuyqty: null, ltt: 0, o: 0, v: 'many' })).toMatchObject({
      lastPrice: null,
      totalBuyQuantity: null,
      lastTradeAt: null,
      open: null,
      volume: null,
    });
    expect(read({ v: 0 })?.volume).toBe(0);
  });

  test('is no book for another symbol, an error, or something else', () => {
    expect(bookOf('NSE:INFY-EQ', { s: 'ok', d: { [SYMBOL]: SAMPLE } })).toBeNull();
    expect(bookOf(SYMBOL, { s: 'error', code: -300, message: 'invalid symbol' })).toBeNull();
    for (const body of [null, 'x', [], { s: 'ok', d: [] }]) expect(bookOf(SYMBOL, body)).toBeNull();
  });
});
