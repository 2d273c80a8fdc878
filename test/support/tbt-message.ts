// Encodes TBT messages with protobufjs, from the field numbers of the broker's published form.
import protobuf from 'protobufjs';
import type { TbtMessage, Wide } from '../../core/stream/tbt-frame.ts';

const FORM = `
syntax = "proto3";
message I64 { int64 value = 1; }
message U64 { uint64 value = 1; }
message U32 { uint32 value = 1; }
message MarketLevel { I64 price = 1; U32 qty = 2; U32 nord = 3; U32 num = 4; }
message Depth { U64 tbq = 1; U64 tsq = 2; repeated MarketLevel asks = 3; repeated MarketLevel bids = 4; }
message MarketFeed {
  Depth depth = 5; U64 feedTime = 6; U64 sendTime = 7; string token = 8; uint64 sequenceNo = 9;
  bool snapshot = 10; string ticker = 11;
}
message SocketMessage {
  int32 type = 1; map<string, MarketFeed> feeds = 2; bool snapshot = 3; string msg = 4; bool error = 5;
}
`;
const SocketMessage = protobuf.parse(FORM).root.lookupType('SocketMessage');

export function encodeTbtMessage(message: TbtMessage): Uint8Array {
  const feeds = message.feeds.map(({ symbol, ...feed }): [string, object] => [
    `key of ${symbol}`,
    {
      ...{ ticker: symbol, token: 'token', snapshot: feed.isSnapshot },
      sequenceNo: long(feed.sequence),
      feedTime: wrapped(feed.feedTime),
      sendTime: wrapped(feed.sendTime),
      depth: feed.depth === null ? null : depthFields(feed.depth),
    },
  ]);
  const fields = {
    ...{ type: message.type, snapshot: message.isSnapshot, error: message.isError },
    ...{ msg: message.text, feeds: Object.fromEntries(feeds) },
  };
  return new Uint8Array(SocketMessage.encode(SocketMessage.create(fields)).finish());
}

type Depth = NonNullable<TbtMessage['feeds'][number]['depth']>;

function depthFields({ totalBuyQuantity, totalSellQuantity, asks, bids }: Depth) {
  const levels = (side: Depth['asks']) =>
    side.map(({ num, price, quantity, orders }) => ({
      ...{ num: wrapped(num), price: wrapped(price) },
      ...{ qty: wrapped(quantity), nord: wrapped(orders) },
    }));
  return {
    tbq: wrapped(totalBuyQuantity),
    tsq: wrapped(totalSellQuantity),
    asks: levels(asks),
    bids: levels(bids),
  };
}

function wrapped(value: Wide | null) {
  return value === null ? null : { value: long(value) };
}

/** protobufjs takes the two halves of a number that no double holds. */
function long(value: Wide): number | { low: number; high: number; unsigned: boolean } {
  if (typeof value === 'number') return value;
  const low = Number(BigInt.asIntN(32, value));
  return { low, high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: true };
}
