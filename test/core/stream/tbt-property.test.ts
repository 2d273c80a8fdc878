import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { decodeTbtFrame, type TbtMessage, type Wide } from '../../../core/stream/tbt-frame.ts';
import { encodeTbtMessage } from '../../support/tbt-message.ts';

const count = fc.option(fc.nat(0xffff_ffff), { nil: null });
const level = fc.record({
  num: fc.option(fc.nat(60), { nil: null }),
  price: fc.option(fc.maxSafeInteger(), { nil: null }),
  quantity: count,
  orders: count,
});
const wide = fc
  .bigInt(0n, 2n ** 64n - 1n)
  .map((value): Wide => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value));
const maybeWide = fc.option(wide, { nil: null });
const depth = fc.record({
  totalBuyQuantity: maybeWide,
  totalSellQuantity: maybeWide,
  asks: fc.array(level, { maxLength: 50 }),
  bids: fc.array(level, { maxLength: 50 }),
});
const feed = fc.record({
  symbol: fc.string({ minLength: 1, unit: 'grapheme' }),
  sequence: wide,
  feedTime: maybeWide,
  sendTime: maybeWide,
  isSnapshot: fc.boolean(),
  depth: fc.option(depth, { nil: null }),
});
const message: fc.Arbitrary<TbtMessage> = fc.record({
  type: fc.nat(8),
  isSnapshot: fc.boolean(),
  isError: fc.boolean(),
  text: fc.string({ unit: 'grapheme' }),
  feeds: fc.uniqueArray(feed, { maxLength: 3, selector: ({ symbol }) => symbol }),
});

describe('A TBT frame of protobufjs', () => {
  test('is read with every value', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(decodeTbtFrame(encodeTbtMessage(sent))).toEqual(sent);
      }),
    );
  });

  test('has its own text, also if another text has the same hash', () => {
    // The reader finds known texts by a hash with the factor 31, in which these pairs are equal.
    for (const text of ['NSE:Aa', 'NSE:BB', 'NSE:AaBB', 'NSE:BBAa', 'NSE:Aa']) {
      const sent = { type: 0, isSnapshot: false, isError: false, text, feeds: [] };
      expect(decodeTbtFrame(encodeTbtMessage(sent))).toEqual(sent);
    }
  });

  test('that is cut anywhere is refused, or is a shorter whole message for protobufjs too', () => {
    const foreign = new protobuf.Type('Anything');
    fc.assert(
      fc.property(message, fc.nat(), (sent, at) => {
        const whole = encodeTbtMessage(sent);
        const cut = whole.subarray(0, whole.length === 0 ? 0 : at % whole.length);
        const isWhole = doesNotThrow(() => foreign.decode(cut));
        if (decodeTbtFrame(cut) !== null) expect(isWhole).toBe(true);
      }),
    );
  });

  test('of arbitrary bytes is never more than refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        decodeTbtFrame(bytes);
      }),
    );
  });
});

function doesNotThrow(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
