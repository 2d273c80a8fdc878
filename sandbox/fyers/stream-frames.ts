// Encodes the frames of both streams, from the published forms: protobuf for TBT, and the binary
// frames of HSM.
import type { SimulatedBook, SimulatedLevel } from './book.ts';

type Bytes = readonly number[];

/** Writes a message from its end to its beginning, because a length is written before its content. */
function protobuf(capacity: number) {
  const bytes = Buffer.allocUnsafe(capacity);
  let at = capacity;
  const varint = (value: number): void => {
    let left = value;
    let size = 1;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) size += 1;
    at -= size;
    left = value;
    for (let place = at; place < at + size - 1; place += 1) {
      bytes[place] = (left % 0x80) | 0x80;
      left = Math.floor(left / 0x80);
    }
    bytes[at + size - 1] = left;
  };
  const number = (field: number, value: number): void => {
    varint(value);
    varint(field * 8);
  };
  const block = (field: number, content: () => void): void => {
    const end = at;
    content();
    varint(end - at);
    varint(field * 8 + 2);
  };
  return {
    number,
    block,
    /** Zero is an empty wrapper, not a missing one. */
    wrapper(field: number, value: number): void {
      const end = at;
      if (value !== 0) number(1, value);
      varint(end - at);
      varint(field * 8 + 2);
    },
    text(field: number, value: string): void {
      const length = Buffer.byteLength(value);
      at -= length;
      bytes.write(value, at);
      varint(length);
      varint(field * 8 + 2);
    },
    take: (): Buffer => bytes.subarray(at),
  };
}

type Message = ReturnType<typeof protobuf>;

export interface LevelDifference {
  readonly num: number;
  readonly level: SimulatedLevel;
  /** Values that are the same are left out. */
  readonly before?: SimulatedLevel | undefined;
}

export interface TbtUpdate {
  readonly symbol: string;
  readonly token: string;
  readonly sequence: number;
  readonly isSnapshot: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly totals: Pick<SimulatedBook, 'totalBuyQuantity' | 'totalSellQuantity'>;
  readonly bids: readonly LevelDifference[];
  readonly asks: readonly LevelDifference[];
}

const DEPTH = 6;
const RESPONSE = 8;

/** Larger than a level or the rest of a message can be. */
const [LEVEL_BYTES, OTHER_BYTES] = [48, 512];

export function tbtFrame(update: TbtUpdate): Buffer {
  const { symbol, token, sequence, isSnapshot, totals, bids, asks } = update;
  const seconds = Math.floor(update.at / 1_000);
  const message = protobuf(OTHER_BYTES + LEVEL_BYTES * (bids.length + asks.length));
  if (isSnapshot) message.number(3, 1);
  message.block(2, () => {
    message.block(2, () => {
      message.text(11, symbol);
      if (isSnapshot) message.number(10, 1);
      message.number(9, sequence);
      message.text(8, token);
      message.wrapper(7, seconds);
      message.wrapper(6, seconds);
      message.block(5, () => {
        for (const each of bids.toReversed()) levelFields(message, 4, each);
        for (const each of asks.toReversed()) levelFields(message, 3, each);
        message.wrapper(2, totals.totalSellQuantity);
        message.wrapper(1, totals.totalBuyQuantity);
      });
    });
    message.text(1, token);
  });
  message.number(1, DEPTH);
  return message.take();
}

function levelFields(
  message: Message,
  field: number,
  { num, level, before }: LevelDifference,
): void {
  const changed = (place: number, value: number, old: number | undefined): void => {
    if (value !== old) message.wrapper(place, value);
  };
  message.block(field, () => {
    message.wrapper(4, num);
    changed(3, level.orders, before?.orders);
    changed(2, level.quantity, before?.quantity);
    changed(1, level.pricePaise, before?.pricePaise);
  });
}

export function tbtError(text: string): Buffer {
  const message = protobuf(OTHER_BYTES + Buffer.byteLength(text));
  message.number(5, 1);
  message.text(4, text);
  message.number(1, RESPONSE);
  return message.take();
}

const ABSENT = -0x8000_0000;
/** As seen on the live server: prices times 10,000. */
const MULTIPLIER = 100;
const PRECISION = 2;

/** Names of the broker's field map, in the order of the values; `*` marks prices, `@` times. */
const VALUES = {
  dp: 'bp* bp1* bp2* bp3* bp4* sp* sp1* sp2* sp3* sp4* bq bq1 bq2 bq3 bq4 bs bs1 bs2 bs3 bs4 bno1 bno2 bno3 bno4 bno5 sno1 sno2 sno3 sno4 sno5',
  sf: 'ltp* v ltt@ fdtm@ bq bs bp* sp* ltq tbq tsq ap* oi lo* h* yh* yl* lcl* ucl* op* c*',
  if: 'iv* ic* tvalue@ highPrice* lowPrice* openingPrice*',
} as const;

export type Topic = keyof typeof VALUES;

/** Ids of the values in the field map. The official Node SDK expects some of them. */
const IDS = {
  dp: VALUES.dp.split(' ').map((_, place) => `d${String(place)}`),
  sf: 's105 s104 s106 s107 s108 s109 s110 s111 s112 s114 s115 s113 s116 s117 s118 s119 s120 s122 s123 s124 s121'.split(
    ' ',
  ),
  if: 'i102 i103 i903 i904 i905 i906'.split(' '),
};
/** Values that no frame has. The Node SDK computes them, and fails at the login if the field map does not name them. */
const COMPUTED = { f101: 'cng*', f102: 'nc', f103: 'to', f104: 'cng*', f105: 'nc' };

export function hsmValues(topic: Topic, book: SimulatedBook, now: number): readonly number[] {
  const scaled = (paise: number) => paise * MULTIPLIER;
  const seconds = Math.floor(now / 1_000);
  const { bids, asks } = book;
  const day = [scaled(book.lowPaise), scaled(book.highPaise)];
  if (topic === 'dp') {
    const each = (of: (level: SimulatedLevel) => number) => [bids.map(of), asks.map(of)].flat();
    return [
      ...each(({ pricePaise }) => scaled(pricePaise)),
      ...each(({ quantity }) => quantity),
      ...each(({ orders }) => orders),
    ];
  }
  if (topic === 'if') {
    const [low = 0, high = 0] = day;
    const first = [scaled(book.lastPaise), scaled(book.previousClosePaise), seconds];
    return [...first, high, low, scaled(book.openPaise)];
  }
  const average = Math.round(book.turnoverPaise / Math.max(1, book.volume));
  return [
    ...[scaled(book.lastPaise), book.volume, book.lastTradeAt, seconds],
    ...[bids[0]?.quantity ?? 0, asks[0]?.quantity ?? 0],
    ...[scaled(bids[0]?.pricePaise ?? 0), scaled(asks[0]?.pricePaise ?? 0), book.lastQuantity],
    ...[book.totalBuyQuantity, book.totalSellQuantity, scaled(average), 0, ...day, ABSENT, ABSENT],
    ...[scaled(book.lowerCircuitPaise), scaled(book.upperCircuitPaise)],
    ...[scaled(book.openPaise), scaled(book.previousClosePaise)],
  ];
}

export function hsmSnapshot(
  id: number,
  topic: { readonly name: string; readonly symbol: string },
  values: readonly number[],
): Buffer {
  const [, segment = '', token = ''] = topic.name.split('|');
  const short = (value: string) => [value.length, ...Buffer.from(value)];
  return Buffer.concat([
    Buffer.from([0x53, ...u16(id), ...short(topic.name), values.length]),
    int32s(values),
    Buffer.from([0, 0, ...u16(MULTIPLIER), PRECISION, ...short(segment), ...short(token)]),
    Buffer.from(short(topic.symbol.slice('NSE:'.length))),
  ]);
}

/** Values that have not changed are absent. */
export function hsmUpdate(id: number, before: readonly number[], now: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * now.length);
  bytes[0] = 0x55;
  bytes.writeUInt16BE(id, 1);
  bytes[3] = now.length;
  for (const [place, value] of now.entries()) {
    bytes.writeInt32BE(value === before[place] ? ABSENT : value, 4 + 4 * place);
  }
  return bytes;
}

export function hsmData(message: number, items: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt32BE(message);
  head.writeUInt16BE(items.length, 4);
  return hsmFrame(6, Buffer.concat([head, ...items]));
}

export function hsmAnswer(type: number, fields: readonly (readonly [number, Buffer])[]): Buffer {
  const parts = fields.flatMap(([id, content]) => [
    Buffer.from([id, ...u16(content.length)]),
    content,
  ]);
  return hsmFrame(type, Buffer.concat([Buffer.from([fields.length]), ...parts]));
}

function hsmFrame(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...u16(content.length + 1), type]), content]);
}

/** The JSON map of a login's answer. @param isOther whether the first two values of a book are swapped */
export function fieldMap(isOther = false): Buffer {
  const topics = (['sf', 'if', 'dp'] as const).flatMap((topic) =>
    VALUES[topic].split(' ').map((name, place) => [IDS[topic][place], name] as const),
  );
  const fields = [...topics, ...Object.entries(COMPUTED)].map(([fid, name]) => ({
    fid,
    fld: name.replace(/[*@]/, ''),
    dataType: name.endsWith('*') ? 'ConvNumber' : name.endsWith('@') ? 'timestamp' : 'Number',
  }));
  const lite = { scrip_lite: { hfid: 1 }, index_lite: { hfid: 1 } };
  const [first = '', second = '', ...rest] = IDS.dp;
  const depth = isOther ? [second, first, ...rest] : [first, second, ...rest];
  const map = { fields, scrip: IDS.sf, index: IDS.if, depth, ...lite };
  return Buffer.from(JSON.stringify(map));
}

export function u16(value: number): Bytes {
  return [value >> 8, value & 0xff];
}

function int32s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [place, value] of values.entries()) bytes.writeInt32BE(value, 4 * place);
  return bytes;
}
