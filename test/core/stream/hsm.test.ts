import { describe, expect, test } from 'vitest';
import { BOOK_VALUE_NAMES, bookValue } from '../../../core/recording/book.ts';
import { bookFromHsm } from '../../../core/stream/grid-book.ts';
import { decodeHsmLogin, parseFieldMap, TOPIC_FIELDS } from '../../../core/stream/hsm-fields.ts';
import {
  decodeHsmAnswer,
  encodeHsmAcknowledge,
  encodeHsmLogin,
  encodeHsmPing,
  encodeHsmResume,
  encodeHsmSubscribe,
  HSM_CHANNEL,
  textOf,
  unsignedOf,
} from '../../../core/stream/hsm-frame.ts';
import { type HsmTopics, startHsmTopics } from '../../../core/stream/hsm-topics.ts';
import { instant, SECOND } from '../../../core/time.ts';
import { bytesOf, VECTORS } from './vectors.ts';

const AT = instant(1_795_000_000_000);
const DP = 'dp|nse_cm|3045';
const SF = 'sf|nse_cm|3045';

const frames = VECTORS.hsm.map(({ hex }) => bytesOf(hex));
const frame = (number: number) => frames[number - 1] ?? new Uint8Array();
const login = decodeHsmLogin(frame(2));

/** Applies the data frames of the vectors up to this one, counted from 1. */
function playTo(last: number) {
  const topics = startHsmTopics({ acknowledgeEvery: 2, map: login?.map ?? null });
  const applied = frames.slice(5, last).map((each) => topics.apply(each, AT));
  return { topics, applied: applied.at(-1) };
}

function values(topics: HsmTopics, name: string, ...fields: readonly string[]) {
  return fields.map((field) => topics.topic(name)?.value(field));
}

function level(number: number): readonly string[] {
  return ['bid_price', 'bid_size', 'bid_order'].map((field) => `${field}${String(number)}`);
}

describe('Answers of the HSM vectors', () => {
  test('there are 18 vectors', () => {
    expect(frames).toHaveLength(18);
  });

  test('1 and 3: K is accepted, and N is refused', () => {
    const accepted = { isAccepted: true, acknowledgeEvery: 2, map: null };
    expect(decodeHsmLogin(frame(1))).toEqual(accepted);
    expect(decodeHsmLogin(frame(3))?.isAccepted).toBe(false);
  });

  test('2: the count has two bytes, and the field map agrees with the built-in order', () => {
    const map = { liteCounts: { dp: null, sf: 1, if: 1 }, changed: [] };
    expect(login).toEqual({ isAccepted: true, acknowledgeEvery: 2, map });
  });

  test.each([
    [4, 4],
    [5, 12],
  ])('%i: an accepted request of type %i', (number, type) => {
    const answer = decodeHsmAnswer(frame(number));
    expect([answer?.type, textOf(answer?.fields.get(1))]).toEqual([type, 'K']);
  });

  test('15: the code, text and request of a custom message', () => {
    const answer = decodeHsmAnswer(frame(15));
    const field = (id: number) => answer?.fields.get(id);
    expect([answer?.type, unsignedOf(field(1)), unsignedOf(field(3))]).toEqual([51, 51_001, 4]);
    expect(textOf(field(2))).toBe('made-up text: symbol limit');
  });
});

describe('Topics of the HSM vectors', () => {
  test.each<[number, string, string, readonly string[], readonly number[]]>([
    [6, 'a divisor', DP, [...level(1), 'ask_price5', 'ask_order5'], [800, 100, 3, 800.25, 8]],
    [7, 'an update of values', DP, [...level(2), ...level(1)], [799.9, 555, 12, 800, 100, 3]],
    [8, 'a short update', DP, ['bid_price1', 'bid_size1', 'ask_order5'], [800.05, 0, 8]],
    [
      ...([9, 'times in epoch seconds', SF] as const),
      ['ltp', 'vol_traded_today', 'last_traded_time', 'lower_ckt'],
      [800.1, 39_163_895, 1_795_000_000, 720],
    ],
    [
      ...([10, 'an index', 'if|nse_cm|Nifty 50'] as const),
      ['ltp', 'prev_close_price', 'open_price'],
      [26_000.1, 25_900, 25_950],
    ],
    [11, 'a lite item, the last price', SF, ['ltp', 'vol_traded_today'], [800.2, 39_163_895]],
    [12, 'a volume that has wrapped above 2^31', SF, ['vol_traded_today'], [2_147_484_296]],
    [13, 'an update after one of an unknown topic', DP, ['bid_price1'], [800.15]],
    [
      ...([14, 'the divisor of its snapshot', 'dp|cde_fo|1234'] as const),
      ['bid_price2', 'ask_price1'],
      [834.9975, 835.0025],
    ],
  ])('%i: %s of %s', (number, _what, name, fields, expected) => {
    expect(values(playTo(number).topics, name, ...fields)).toEqual(expected);
  });

  test('6, 9 and 13: the items of a frame; one of an unknown topic has no name', () => {
    expect(playTo(6).applied).toEqual({ message: 1, items: [{ name: DP, kind: 'snapshot' }] });
    expect(playTo(9).applied?.items.map(({ kind }) => kind)).toEqual(['snapshot', 'update']);
    expect(playTo(13).applied?.items.map(({ name }) => name)).toEqual([null, DP]);
  });

  test('16: an empty book has no levels', () => {
    const { topics, applied } = playTo(16);
    expect(applied?.items).toEqual([{ name: 'dp|nse_cm|99', kind: 'snapshot' }]);
    const book = bookFromHsm('NSE:NOBOOK-EQ', topics.topic('dp|nse_cm|99'), null);
    expect([book.bids, book.asks]).toEqual([[], []]);
  });

  test('17: a frame that is cut in its second item is refused whole', () => {
    const { topics, applied } = playTo(17);
    expect(applied).toBeNull();
    expect(values(topics, DP, 'bid_price1')).toEqual([800.15]);
  });

  test('bytes after the last item refuse the frame', () => {
    const longer = Buffer.concat([frame(11), Buffer.of(0)]);
    longer.writeUInt16BE(longer.length - 2);
    expect(playTo(10).topics.apply(longer, AT)).toBeNull();
  });

  test('18: a lite item of a topic without lite form is refused', () => {
    const { topics, applied } = playTo(18);
    expect(applied).toBeNull();
    expect(values(topics, SF, 'ltp')).toEqual([800.2]);
  });

  test('a grid book has each value of the quote', () => {
    const value = (field: string) => 1 + TOPIC_FIELDS.sf.findIndex(({ name }) => name === field);
    const quote = { kind: 'sf', name: SF, receivedAt: AT, value } as const;
    expect(bookFromHsm('NSE:SBIN-EQ', null, quote)).toMatchObject({
      ...{ lastPrice: value('ltp'), volume: value('vol_traded_today') },
      ...{ lastQuantity: value('last_traded_qty'), averagePrice: value('avg_trade_price') },
      ...{ totalBuyQuantity: value('tot_buy_qty'), totalSellQuantity: value('tot_sell_qty') },
      ...{ open: value('open_price'), high: value('high_price'), low: value('low_price') },
      ...{ previousClose: value('prev_close_price'), openInterest: value('OI') },
      ...{ lowerCircuit: value('lower_ckt'), upperCircuit: value('upper_ckt') },
      lastTradeAt: value('last_traded_time') * SECOND,
    });
    for (const name of BOOK_VALUE_NAMES)
      expect(value(bookValue(name).hsm ?? '')).toBeGreaterThan(0);
  });

  test('a grid book joins depth and quote', () => {
    const { topics } = playTo(12);
    const book = bookFromHsm('NSE:SBIN-EQ', topics.topic(DP), topics.topic(SF));
    expect(book).toMatchObject({
      ...{ lastPrice: 800.2, volume: 2_147_484_296, lowerCircuit: 720, upperCircuit: 880 },
      ...{ totalBuyQuantity: 2_396_063, lastTradeAt: AT, sequence: null },
    });
    expect(book.bids[1]).toEqual({ price: 799.9, quantity: 555, orders: 12 });
  });
});

describe('The field map', () => {
  test('of another order names the kind that changed', () => {
    const [first, ...rest] = TOPIC_FIELDS.sf.map(({ short, isPrice }, place) => ({
      ...{ fid: String(place), fld: short, dataType: isPrice ? 'ConvNumber' : 'Number' },
    }));
    const scrip = [...rest, first].flatMap((field) => field?.fid ?? []);
    const text = JSON.stringify({ fields: [first, ...rest], scrip, index: [], depth: [] });
    expect(parseFieldMap(text)?.changed).toContain('sf');
  });
});

describe('Our frames', () => {
  const { node } = VECTORS.hsm_encoded;
  test.each([
    ['auth', encodeHsmLogin('0123456789abcdef', 'JS_API')],
    ['subscribe dp|nse_cm|3045', encodeHsmSubscribe([DP], HSM_CHANNEL)],
    ['resume 11', encodeHsmResume(HSM_CHANNEL)],
    ['acknowledge message 2', encodeHsmAcknowledge(2)],
  ])('%s is that of the official client', (name, bytes) => {
    expect(Buffer.from(bytes).toString('hex')).toBe(node[name]);
  });

  test('a ping', () => {
    expect(Buffer.from(encodeHsmPing()).toString('hex')).toBe('00010b');
  });
});
