// Makes TBT messages, and encodes them with protobufjs from the field numbers of the broker's published form.
import type { LevelChange, TbtMessage, Wide } from '../../core/stream/tbt-frame.ts';
import { SocketMessage } from '../../tools/stream-answers.ts';

export interface SentLevels {
  readonly symbol: string;
  readonly sequence: number;
  readonly isSnapshot?: boolean;
  readonly bids?: readonly LevelChange[];
  readonly asks?: readonly LevelChange[];
  readonly feedTime?: Wide | null;
}

/** Makes a message with levels of one book. */
export function levelsMessage({
  bids = [],
  asks = [],
  feedTime = null,
  ...sent
}: SentLevels): TbtMessage {
  const { symbol, sequence, isSnapshot = false } = sent;
  const depth = { totalBuyQuantity: null, totalSellQuantity: null, bids, asks };
  const feeds = [{ symbol, sequence, isSnapshot, depth, feedTime, sendTime: null }];
  return { type: 6, isSnapshot, isError: false, text: '', feeds };
}

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
