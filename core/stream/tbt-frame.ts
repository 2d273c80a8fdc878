// Decodes one frame of Fyers' TBT stream (protobuf `SocketMessage`) without a library: it runs for every message of
// fifty levels, and a library costs several times as much. Three rules of the format matter. An absent wrapper (such as
// `google.protobuf.UInt32Value`) means "unchanged", but a wrapper of length 0 is the value 0, as for level 0 and
// "quantity is now 0". Unknown fields are skipped. A frame that ends early, or that is not protobuf, is refused as a
// whole. Numbers above 2^53 are bigints, so that no sequence number is rounded.
export type Wide = number | bigint;

/** A null value is not changed by the message. Prices are in paise. */
export interface LevelChange {
  readonly num: number | null;
  readonly price: number | null;
  readonly quantity: number | null;
  readonly orders: number | null;
}

interface DepthChange {
  readonly totalBuyQuantity: Wide | null;
  readonly totalSellQuantity: Wide | null;
  readonly asks: readonly LevelChange[];
  readonly bids: readonly LevelChange[];
}

export interface TbtFeed {
  /** The ticker; the key of the map if the feed has no ticker. */
  readonly symbol: string;
  readonly sequence: Wide;
  /** As sent; the unit is not documented. */
  readonly feedTime: Wide | null;
  readonly sendTime: Wide | null;
  readonly isSnapshot: boolean;
  /** Null if the feed has no book. */
  readonly depth: DepthChange | null;
}

export interface TbtMessage {
  readonly type: number;
  readonly isSnapshot: boolean;
  readonly isError: boolean;
  readonly text: string;
  readonly feeds: readonly TbtFeed[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** `isBroken` stays set, and reading then yields zeros until the end. */
interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  isBroken: boolean;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;
const MAX_UINT32 = 0xffff_ffff;

/** Returns null if the frame is truncated or is not a message of this stream. */
export function decodeTbtFrame(bytes: Uint8Array): TbtMessage | null {
  const cursor: Cursor = { bytes, at: 0, isBroken: false };
  const feeds: TbtFeed[] = [];
  const message: Mutable<TbtMessage> = {
    type: 0,
    isSnapshot: false,
    isError: false,
    text: '',
    feeds,
  };
  const end = bytes.length;
  while (cursor.at < end && !cursor.isBroken) {
    const tag = readTag(cursor, end);
    switch (tag) {
      case fieldTag(1, VARINT):
        message.type = readNumber(cursor, end);
        break;
      case fieldTag(2, LENGTH_DELIMITED): {
        const feed = readFeedEntry(cursor, readEnd(cursor, end));
        feeds.push(feed);
        break;
      }
      case fieldTag(3, VARINT):
        message.isSnapshot = readNumber(cursor, end) !== 0;
        break;
      case fieldTag(4, LENGTH_DELIMITED):
        message.text = readText(cursor, readEnd(cursor, end));
        break;
      case fieldTag(5, VARINT):
        message.isError = readNumber(cursor, end) !== 0;
        break;
      default:
        skipField(cursor, end, tag);
    }
  }
  return cursor.isBroken ? null : message;
}

function fieldTag(field: number, wireType: number): number {
  return field * 8 + wireType;
}

/** One entry of `map<string, MarketFeed>`. */
function readFeedEntry(cursor: Cursor, end: number): TbtFeed {
  let [keyAt, keyEnd] = [0, 0];
  const feed: Mutable<TbtFeed> = {
    symbol: '',
    sequence: 0,
    feedTime: null,
    sendTime: null,
    isSnapshot: false,
    depth: null,
  };
  while (cursor.at < end && !cursor.isBroken) {
    const tag = readTag(cursor, end);
    if (tag === fieldTag(1, LENGTH_DELIMITED)) {
      keyEnd = readEnd(cursor, end);
      keyAt = cursor.at;
      cursor.at = keyEnd;
    } else if (tag === fieldTag(2, LENGTH_DELIMITED)) {
      readFeed(cursor, readEnd(cursor, end), feed);
    } else skipField(cursor, end, tag);
  }
  // Most feeds have a ticker, so the text of the key is rarely needed.
  if (feed.symbol === '') feed.symbol = textAt(cursor.bytes, keyAt, keyEnd);
  return feed;
}

function readFeed(cursor: Cursor, end: number, feed: Mutable<TbtFeed>): void {
  while (cursor.at < end && !cursor.isBroken) {
    const tag = readTag(cursor, end);
    switch (tag) {
      case fieldTag(5, LENGTH_DELIMITED):
        feed.depth = readDepth(cursor, readEnd(cursor, end), feed.depth);
        break;
      case fieldTag(6, LENGTH_DELIMITED):
        feed.feedTime = readWideWrapper(cursor, readEnd(cursor, end));
        break;
      case fieldTag(7, LENGTH_DELIMITED):
        feed.sendTime = readWideWrapper(cursor, readEnd(cursor, end));
        break;
      case fieldTag(9, VARINT):
        feed.sequence = readWide(cursor, end);
        break;
      case fieldTag(10, VARINT):
        feed.isSnapshot = readNumber(cursor, end) !== 0;
        break;
      case fieldTag(11, LENGTH_DELIMITED):
        feed.symbol = readText(cursor, readEnd(cursor, end));
        break;
      default:
        skipField(cursor, end, tag);
    }
  }
}

/** @param before an earlier depth field of the same feed, which protobuf merges with this one */
function readDepth(cursor: Cursor, end: number, before: DepthChange | null): DepthChange {
  let totalBuyQuantity = before?.totalBuyQuantity ?? null;
  let totalSellQuantity = before?.totalSellQuantity ?? null;
  const asks: LevelChange[] = before === null ? [] : [...before.asks];
  const bids: LevelChange[] = before === null ? [] : [...before.bids];
  while (cursor.at < end && !cursor.isBroken) {
    const tag = readTag(cursor, end);
    switch (tag) {
      case fieldTag(1, LENGTH_DELIMITED):
        totalBuyQuantity = readWideWrapper(cursor, readEnd(cursor, end));
        break;
      case fieldTag(2, LENGTH_DELIMITED):
        totalSellQuantity = readWideWrapper(cursor, readEnd(cursor, end));
        break;
      case fieldTag(3, LENGTH_DELIMITED):
        asks.push(readLevel(cursor, readEnd(cursor, end)));
        break;
      case fieldTag(4, LENGTH_DELIMITED):
        bids.push(readLevel(cursor, readEnd(cursor, end)));
        break;
      default:
        skipField(cursor, end, tag);
    }
  }
  return { totalBuyQuantity, totalSellQuantity, asks, bids };
}

function readLevel(cursor: Cursor, end: number): LevelChange {
  let price: number | null = null;
  let quantity: number | null = null;
  let orders: number | null = null;
  let num: number | null = null;
  while (cursor.at < end && !cursor.isBroken) {
    const tag = readTag(cursor, end);
    switch (tag) {
      case fieldTag(1, LENGTH_DELIMITED):
        price = signed(cursor, readWideWrapper(cursor, readEnd(cursor, end)));
        break;
      case fieldTag(2, LENGTH_DELIMITED):
        quantity = readCountWrapper(cursor, readEnd(cursor, end));
        break;
      case fieldTag(3, LENGTH_DELIMITED):
        orders = readCountWrapper(cursor, readEnd(cursor, end));
        break;
      case fieldTag(4, LENGTH_DELIMITED):
        num = readCountWrapper(cursor, readEnd(cursor, end));
        break;
      default:
        skipField(cursor, end, tag);
    }
  }
  return { num, price, quantity, orders };
}

/** `{1: value}`; without the field, the value 0. */
function readWideWrapper(cursor: Cursor, end: number): Wide {
  let value: Wide = 0;
  while (cursor.at < end && !cursor.isBroken) {
    const tag = readTag(cursor, end);
    if (tag === fieldTag(1, VARINT)) value = readWide(cursor, end);
    else skipField(cursor, end, tag);
  }
  return value;
}

function readCountWrapper(cursor: Cursor, end: number): number {
  let value = 0;
  while (cursor.at < end && !cursor.isBroken) {
    const tag = readTag(cursor, end);
    if (tag === fieldTag(1, VARINT)) value = readNumber(cursor, end);
    else skipField(cursor, end, tag);
  }
  if (value > MAX_UINT32) cursor.isBroken = true;
  return value;
}

/** Decodes an int64 in two's complement. Refuses a price that no double represents exactly. */
function signed(cursor: Cursor, value: Wide): number {
  if (typeof value === 'number') return value;
  const price = Number(BigInt.asIntN(64, value));
  if (!Number.isSafeInteger(price)) cursor.isBroken = true;
  return price;
}

function readTag(cursor: Cursor, end: number): number {
  const tag = readNumber(cursor, end);
  if (tag < 8) cursor.isBroken = true;
  return tag;
}

/** A varint of at most 2^53; a larger one loses its last digits. */
function readNumber(cursor: Cursor, end: number): number {
  const { bytes } = cursor;
  let { at } = cursor;
  const last = Math.min(end, at + MAX_VARINT_BYTES);
  let value = 0;
  let scale = 1;
  while (at < last) {
    const byte = bytes[at] ?? 0;
    at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      cursor.at = at;
      return value;
    }
    scale *= 0x80;
  }
  cursor.isBroken = true;
  return 0;
}

function readWide(cursor: Cursor, end: number): Wide {
  const from = cursor.at;
  const value = readNumber(cursor, end);
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  let exact = 0n;
  for (let at = cursor.at - 1; at >= from; at -= 1) {
    exact = (exact << 7n) | BigInt((cursor.bytes[at] ?? 0) & 0x7f);
  }
  return BigInt.asUintN(64, exact);
}

/** The end of a length-delimited field, which must not lie behind the end of its parent. */
function readEnd(cursor: Cursor, parentEnd: number): number {
  const length = readNumber(cursor, parentEnd);
  const end = cursor.at + length;
  if (end <= parentEnd) return end;
  cursor.isBroken = true;
  return cursor.at;
}

function readText(cursor: Cursor, end: number): string {
  const { at } = cursor;
  cursor.at = end;
  return textAt(cursor.bytes, at, end);
}

/** Longer texts are rare enough for the slower decoder. */
const SHORT_TEXT = 40;

/**
 * Texts by a hash of their bytes. The same few symbols arrive millions of times, and a new string for each would cost
 * as much as the rest of its frame.
 */
const KNOWN_TEXTS = new Map<number, string>();
const MAX_KNOWN_TEXTS = 4_096;

function textAt(bytes: Uint8Array, at: number, end: number): string {
  if (end - at > SHORT_TEXT) return TEXT.decode(bytes.subarray(at, end));
  let hash = 0;
  for (let index = at; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte >= 0x80) return TEXT.decode(bytes.subarray(at, end));
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const known = KNOWN_TEXTS.get(hash);
  if (known !== undefined && isAt(known, bytes, at, end)) return known;
  const text = TEXT.decode(bytes.subarray(at, end));
  if (KNOWN_TEXTS.size >= MAX_KNOWN_TEXTS) KNOWN_TEXTS.clear();
  KNOWN_TEXTS.set(hash, text);
  return text;
}

/** Whether the bytes, all below 0x80, are the text. */
function isAt(text: string, bytes: Uint8Array, at: number, end: number): boolean {
  if (text.length !== end - at) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) !== bytes[at + index]) return false;
  }
  return true;
}

const TEXT = new TextDecoder('utf-8', { ignoreBOM: true });

function skipField(cursor: Cursor, end: number, tag: number): void {
  switch (tag % 8) {
    case VARINT:
      readNumber(cursor, end);
      break;
    case FIXED64:
      cursor.at += 8;
      break;
    case LENGTH_DELIMITED:
      cursor.at = readEnd(cursor, end);
      break;
    case FIXED32:
      cursor.at += 4;
      break;
    default:
      // Groups, which no message of this stream has, and wire types that do not exist.
      cursor.isBroken = true;
  }
  if (cursor.at > end) cursor.isBroken = true;
}
