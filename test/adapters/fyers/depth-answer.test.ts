import { describe, expect, test } from 'vitest';
import { readDepthAnswer } from '../../../adapters/fyers/depth-answer.ts';
import type { SessionPlan } from '../../../core/market/phases.ts';
import { istDate, istInstant, parseInstant } from '../../../core/time.ts';
import { openPlan } from '../../core/market/plans.ts';
import { DEPTH_SAMPLE } from '../../support/depth-sample.ts';

const SYMBOL = 'NSE:SBIN-EQ';
const DATE = istDate('2026-11-25');
const IN_SESSION = '10:00:00';
const epoch = (text: string) => parseInstant(text) / 1_000;
const plan = openPlan(DATE);

interface Moment {
  readonly time?: string;
  readonly session?: SessionPlan | null;
  readonly symbol?: string;
}

function readBody(
  body: unknown,
  { time = IN_SESSION, session = plan, symbol = SYMBOL }: Moment = {},
) {
  return readDepthAnswer(symbol, body, { receivedAt: istInstant(DATE, time), session });
}

function readEntry(entry: unknown, moment: Moment = {}) {
  const symbol = moment.symbol ?? SYMBOL;
  return readBody({ s: 'ok', d: { [symbol]: entry }, message: '' }, moment);
}

const read = (over: object, moment: Moment = {}) => readEntry({ ...DEPTH_SAMPLE, ...over }, moment);
const levels = (first: object) => [{ price: 427.25, volume: 4_738, ord: 5, ...first }];
const padding = { price: 0, volume: 0, ord: 0 };
const NO_ORDERS = Array.from({ length: 5 }, () => padding);

describe('readDepthAnswer', () => {
  test('returns every field of the book', () => {
    expect(read({})).toEqual({
      faults: [],
      book: {
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
        lastTradeAt: parseInstant('2026-11-25T09:59:58+05:30'),
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
      },
    });
  });

  test.each([
    ['a price that does not exist yet', { o: 0, h: 0, l: 0, atp: 0, ltp: 0 }],
    ['the day before its first trade', { ltt: 0, ltq: 0, v: 0 }],
    ['no circuit limits', { lower_ckt: 0, upper_ckt: 0 }],
    ['open interest without its flag', { oi: 1_200, oiflag: false }],
    ['neither open interest nor its flag', { oi: undefined, oiflag: undefined }],
    ['a side padded with zeros', { bids: [DEPTH_SAMPLE.bids[0], padding, padding] }],
    ['sides without an order', { bids: [], ask: [] }],
    ['sides with only padding', { bids: NO_ORDERS, ask: NO_ORDERS }],
    ['more levels than documented', { ask: Array.from({ length: 20 }, () => levels({})[0]) }],
    ['a new field', { yearHigh: 'soon' }],
  ])('returns no fault for %s', (_, over) => {
    expect(read(over)?.faults).toEqual([]);
  });

  test('returns null for a missing value, and zero for an observed zero', () => {
    const book = read({ ltp: 0, ltt: 0, o: 0, bids: NO_ORDERS, oi: 7 })?.book;
    expect(book).toMatchObject({ lastPrice: null, lastTradeAt: null, open: null, bids: [] });
    expect(book?.openInterest).toBeNull();
    expect(read({ v: 0, oiflag: true, oi: 0 })?.book).toMatchObject({ volume: 0, openInterest: 0 });
  });

  test('keeps the position of each level', () => {
    const bids = [padding, DEPTH_SAMPLE.bids[0], padding];
    expect(read({ bids })?.book.bids).toEqual([
      { price: null, quantity: null, orders: null },
      { price: 427.25, quantity: 4_738, orders: 5 },
    ]);
  });

  test.each([
    ['another symbol', { s: 'ok', d: { 'NSE:INFY-EQ': DEPTH_SAMPLE } }],
    ['an error', { s: 'error', code: -300, message: 'invalid symbol' }],
    ['no data at all', { s: 'ok' }],
    ['data that is null', { s: 'ok', d: null }],
    ['data that is a list', { s: 'ok', d: [DEPTH_SAMPLE] }],
    ['data that is empty', { s: 'ok', d: {} }],
    ['no data, for a symbol that is a property of every object', { s: 'ok', d: {} }, 'constructor'],
    ['null', null],
    ['a text', 'x'],
    ['a list', []],
  ])('returns null for an answer with %s', (_, body, symbol = SYMBOL) => {
    expect(readBody(body, { symbol })).toBeNull();
  });

  const asTexts = JSON.parse(JSON.stringify(DEPTH_SAMPLE), (_key, value: unknown) =>
    typeof value === 'number' ? String(value) : value,
  ) as object;
  test.each([
    ['empty', {}],
    ['null', null],
    ['a list', [DEPTH_SAMPLE]],
    ['an error', { s: 'error', code: -300 }],
    ['an error next to a book', { ...DEPTH_SAMPLE, s: 'error' }],
    ['texts instead of numbers', asTexts],
    ['without bids', { ...DEPTH_SAMPLE, bids: undefined }],
    [
      'one with asks under another name',
      { ...DEPTH_SAMPLE, ask: undefined, asks: DEPTH_SAMPLE.ask },
    ],
    ['one with an object for a side', { ...DEPTH_SAMPLE, ask: { 0: DEPTH_SAMPLE.ask[0] } }],
    ['two empty sides and no number', { bids: [], ask: [] }],
    ['two empty sides and a trade time', { bids: [], ask: [], ltt: DEPTH_SAMPLE.ltt }],
    ['one without a plausible number', { bids: [], ask: [], ltp: -1, v: 0.5 }],
  ])('returns null if the entry of the symbol is %s', (_, entry) => {
    expect(readEntry(entry)).toBeNull();
  });

  const SCALARS = [
    ['totalbuyqty', 'totalBuyQuantity'],
    ['totalsellqty', 'totalSellQuantity'],
    ['ltp', 'lastPrice'],
    ['ltq', 'lastQuantity'],
    ['ltt', 'lastTradeAt'],
    ['v', 'volume'],
    ['atp', 'averagePrice'],
    ['o', 'open'],
    ['h', 'high'],
    ['l', 'low'],
    ['c', 'previousClose'],
    ['lower_ckt', 'lowerCircuit'],
    ['upper_ckt', 'upperCircuit'],
  ] as const;
  const OTHER_TYPES = ['427.25', '', true, null, undefined, {}, [427.25], NaN, Infinity, -5];
  test.each(SCALARS)(
    'returns null for a %s of another type, and names it as a fault',
    (field, key) => {
      for (const value of OTHER_TYPES) {
        const reading = read({ [field]: value });
        expect({ value, faults: reading?.faults }).toEqual({ value, faults: [field] });
        expect(reading?.book[key]).toBeNull();
      }
    },
  );

  test.each([
    ['ltt', 'milliseconds', DEPTH_SAMPLE.ltt * 1_000],
    ['ltt', 'a future time', epoch('2026-11-25T10:05:00+05:30')],
    ['ltt', 'the previous session', epoch('2026-11-24T15:14:00+05:30')],
    ['ltt', 'the day of the example in the documentation', 1_622_184_920],
    ['ltt', 'half a second', DEPTH_SAMPLE.ltt + 0.5],
    ['v', 'a fraction', 39_163_870.5],
    ['v', 'more shares than exist', 1e15],
    ['ltq', 'a fraction', 0.2],
    ['ltp', 'an implausible number', 1e300],
    ['upper_ckt', 'a placeholder for no limit', 9_999_999.99],
  ])('names an implausible %s as a fault: %s', (field, _, value) => {
    expect(read({ [field]: value })?.faults).toEqual([field]);
  });

  test.each([
    ['bids.price', 'price', { price: '427.25' }],
    ['bids.price', 'price', { price: 0 }],
    ['bids.price', 'price', { price: -427.25 }],
    ['bids.volume', 'quantity', { volume: -1 }],
    ['bids.volume', 'quantity', { volume: undefined, qty: 4_738 }],
    ['bids.ord', 'orders', { ord: '5' }],
  ])(
    'names an implausible %s of a level as a fault, and returns null for its %s: %j',
    (field, key, first) => {
      const reading = read({ bids: levels(first) });
      expect(reading?.faults).toEqual([field]);
      const whole = { price: 427.25, quantity: 4_738, orders: 5 };
      expect(reading?.book.bids).toEqual([{ ...whole, [key]: null }]);
    },
  );

  test('names a fault once if several levels have it', () => {
    const asTuples = Array.from({ length: 5 }, () => [427.25, 4_738, 5]);
    expect(read({ bids: asTuples })?.faults).toEqual(['bids.price', 'bids.volume', 'bids.ord']);
  });

  test.each([
    ['renamed', { oiflag: undefined, oi: 7 }, ['oiflag']],
    ['of another type', { oiflag: 'true', oi: 7 }, ['oiflag']],
    ['set without open interest', { oiflag: true, oi: undefined }, ['oi']],
    ['set next to a text', { oiflag: true, oi: '7' }, ['oi']],
  ])('returns no open interest if the flag is %s', (_, over, faults) => {
    const reading = read(over);
    expect([reading?.book.openInterest, reading?.faults]).toEqual([null, faults]);
  });

  test('accepts the last trade of an earlier day before continuous trading, and later if the volume is zero', () => {
    const ltt = epoch('2026-11-24T15:14:00+05:30');
    const faultsAt = (time: string, over: object = {}) => read({ ltt, ...over }, { time })?.faults;
    expect(faultsAt('09:14:59')).toEqual([]);
    expect(faultsAt('09:15:00')).toEqual(['ltt']);
    expect(faultsAt('09:15:00', { v: 0 })).toEqual([]);
    expect(faultsAt('15:55:00')).toEqual(['ltt']);
    // A share may be suspended for months, not for years.
    expect(faultsAt('09:10:00', { ltt: epoch('2026-03-24T15:14:00+05:30') })).toEqual([]);
    expect(faultsAt('09:10:00', { ltt: epoch('2024-03-24T15:14:00+05:30') })).toEqual(['ltt']);
  });

  test('accepts a last trade up to a minute ahead of the clock', () => {
    const at = (text: string) => read({ ltt: epoch(`2026-11-25T${text}+05:30`) })?.faults;
    expect([at('10:01:00'), at('10:01:01')]).toEqual([[], ['ltt']]);
  });

  test('accepts orders without a price while an auction collects them', () => {
    for (const [time, faults] of [
      ['09:04:00', []],
      ['09:20:00', ['bids.price']],
      ['15:23:00', []],
    ] as const) {
      expect(read({ ltt: 0, bids: levels({ price: 0 }) }, { time })?.faults, time).toEqual(faults);
    }
    const market = read({ ltt: 0, bids: levels({ price: 0 }) }, { time: '09:04:00' });
    expect(market?.book.bids).toEqual([{ price: 0, quantity: 4_738, orders: 5 }]);
  });

  test('accepts missing fields for an index, and no field of another type', () => {
    const symbol = 'NSE:NIFTY50-INDEX';
    const bare = { bids: [], ask: [], ltp: 24_200.5, o: 24_100, h: 24_300, l: 24_000, c: 24_050 };
    expect(readEntry(bare, { symbol })).toMatchObject({
      faults: [],
      book: { lastPrice: 24_200.5 },
    });
    expect(readEntry({ ...bare, v: null, h: '24300' }, { symbol })?.faults).toEqual(['h']);
  });
});
