// Reads and writes frames of Fyers' HSM stream: `[u16 length - 2][u8 type][u8 fields]` and then
// `[u8 id][u16 length][bytes]` for each field, big-endian. A data frame has items instead of fields.
// An item's length depends on the topic and on the login's answer, so `decodeHsmData` needs both. A
// frame whose length differs from its length field is refused as a whole, before any item is
// applied.
export const HSM_TYPES = {
  login: 1,
  acknowledge: 3,
  subscribe: 4,
  unsubscribe: 5,
  data: 6,
  resume: 8,
  ping: 11,
  mode: 12,
  custom: 51,
} as const;

/** Default of both official clients. */
export const HSM_CHANNEL = 11;

/** Sent on the wire for a value that has not changed or does not exist. */
export const ABSENT = -0x8000_0000;

interface HsmAnswer {
  readonly type: number;
  /** By field id; if an id is repeated, the last field counts. */
  readonly fields: ReadonlyMap<number, Uint8Array>;
}

type HsmItem =
  | {
      readonly kind: 'snapshot';
      readonly topic: number;
      readonly name: string;
      /** Signed numbers of 32 bits. */
      readonly values: readonly number[];
      readonly divisor: number;
      readonly exchange: string;
      readonly token: string;
      readonly symbol: string;
    }
  | {
      readonly kind: 'update' | 'lite';
      readonly topic: number;
      readonly values: readonly number[];
    };

interface HsmData {
  /** The number to acknowledge; null if the login's answer asks for no acknowledgements. */
  readonly message: number | null;
  readonly items: readonly HsmItem[];
}

/** The type of a whole frame; null if its length field is wrong. */
function hsmTypeOf(bytes: Uint8Array): number | null {
  if (bytes.length < 3) return null;
  const view = viewOf(bytes);
  return view.getUint16(0) + 2 === bytes.length ? view.getUint8(2) : null;
}

/**
 * Decodes an answer of the server, which is not a data frame. Returns null if it is truncated or
 * foreign.
 */
export function decodeHsmAnswer(bytes: Uint8Array): HsmAnswer | null {
  const type = hsmTypeOf(bytes);
  if (type === null) return null;
  const fields = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  const count = bytes.length > 3 ? view.getUint8(3) : 0;
  let at = 4;
  for (let n = 0; n < count; n += 1) {
    if (at + 3 > bytes.length) return null;
    const end = at + 3 + view.getUint16(at + 1);
    if (end > bytes.length) return null;
    fields.set(view.getUint8(at), bytes.subarray(at + 3, end));
    at = end;
  }
  return { type, fields };
}

/** A whole number of up to four bytes; the live server sends two where its clients expect four. */
export function unsignedOf(bytes: Uint8Array | undefined): number {
  let value = 0;
  for (const byte of bytes ?? []) value = value * 256 + byte;
  return value;
}

export function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array());
}

interface DataForm {
  /** Whether a data frame begins with its number. */
  readonly isNumbered: boolean;
  /** The number of values in a lite item; null: unknown, so that the frame cannot be read. */
  readonly liteCountOf: (topic: number, snapshots: ReadonlyMap<number, string>) => number | null;
}

const SNAPSHOT = 0x53;
const UPDATE = 0x55;
const LITE = 0x4c;

/** Returns null if the frame is truncated or foreign, or has an item of unknown length. */
export function decodeHsmData(bytes: Uint8Array, form: DataForm): HsmData | null {
  if (hsmTypeOf(bytes) !== HSM_TYPES.data) return null;
  const view = viewOf(bytes);
  let at = 3;
  if (bytes.length < at + (form.isNumbered ? 6 : 2)) return null;
  const message = form.isNumbered ? view.getUint32(at) : null;
  if (form.isNumbered) at += 4;
  const count = view.getUint16(at);
  at += 2;
  const items: HsmItem[] = [];
  /** Names of topics whose snapshot is in this frame. */
  const snapshots = new Map<number, string>();
  for (let n = 0; n < count; n += 1) {
    const read = readItem(view, at, (topic) => form.liteCountOf(topic, snapshots));
    if (read === null) return null;
    items.push(read.item);
    at = read.end;
    if (read.item.kind === 'snapshot') snapshots.set(read.item.topic, read.item.name);
  }
  return at === bytes.length ? { message, items } : null;
}

interface ReadItem {
  readonly item: HsmItem;
  readonly end: number;
}

function readItem(
  view: DataView,
  from: number,
  liteCountOf: (topic: number) => number | null,
): ReadItem | null {
  if (from + 3 > view.byteLength) return null;
  const kind = view.getUint8(from);
  const topic = view.getUint16(from + 1);
  switch (kind) {
    case SNAPSHOT:
      return readSnapshot(view, topic, from + 3);
    case UPDATE: {
      if (from + 4 > view.byteLength) return null;
      return readValues(view, { kind: 'update', topic }, from + 4, view.getUint8(from + 3));
    }
    case LITE: {
      const count = liteCountOf(topic);
      return count === null ? null : readValues(view, { kind: 'lite', topic }, from + 3, count);
    }
    default:
      return null;
  }
}

function readValues(
  view: DataView,
  head: { readonly kind: 'update' | 'lite'; readonly topic: number },
  at: number,
  count: number,
): ReadItem | null {
  const values = valuesAt(view, at, count);
  return values === null ? null : { item: { ...head, values }, end: at + 4 * count };
}

function readSnapshot(view: DataView, topic: number, from: number): ReadItem | null {
  const name = shortText(view, from);
  if (name === null || name.end + 1 > view.byteLength) return null;
  const count = view.getUint8(name.end);
  const values = valuesAt(view, name.end + 1, count);
  // After the values follow multiplier and precision, which no client reads.
  const tail = name.end + 1 + 4 * count;
  if (values === null || tail + 5 > view.byteLength) return null;
  const divisor = view.getUint16(tail + 2) * 10 ** view.getUint8(tail + 4);
  const exchange = shortText(view, tail + 5);
  const token = exchange === null ? null : shortText(view, exchange.end);
  const symbol = token === null ? null : shortText(view, token.end);
  if (divisor === 0 || exchange === null || token === null || symbol === null) return null;
  const texts = {
    name: name.text,
    exchange: exchange.text,
    token: token.text,
    symbol: symbol.text,
  };
  return { item: { kind: 'snapshot', topic, values, divisor, ...texts }, end: symbol.end };
}

/**
 * Returns a plain array, because an Int32Array of more than 64 bytes needs an allocation outside of
 * the heap.
 */
function valuesAt(view: DataView, at: number, count: number): readonly number[] | null {
  if (at + 4 * count > view.byteLength) return null;
  const values: number[] = [];
  for (let n = 0; n < count; n += 1) values.push(view.getInt32(at + 4 * n));
  return values;
}

function shortText(
  view: DataView,
  at: number,
): { readonly text: string; readonly end: number } | null {
  if (at + 1 > view.byteLength) return null;
  const end = at + 1 + view.getUint8(at);
  if (end > view.byteLength) return null;
  const text = textOf(new Uint8Array(view.buffer, view.byteOffset + at + 1, end - at - 1));
  return { text, end };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

type Field = readonly [id: number, bytes: Uint8Array];

/** @param key the claim `hsm_key` of the access token @param source any text */
export function encodeHsmLogin(key: string, source: string): Uint8Array {
  return encodeFrame(HSM_TYPES.login, [
    [1, asciiBytes(key)],
    [2, asciiBytes('P')],
    [3, Uint8Array.of(1)],
    [4, asciiBytes(source)],
  ]);
}

/** At most `MAX_TOPICS_PER_FRAME` topics, such as `dp|nse_cm|3045`. */
export function encodeHsmSubscribe(topics: readonly string[], channel: number): Uint8Array {
  const names = topics.map(asciiBytes);
  const list = new Uint8Array(2 + names.reduce((sum, name) => sum + 1 + name.length, 0));
  viewOf(list).setUint16(0, names.length);
  let at = 2;
  for (const name of names) {
    list[at] = name.length;
    list.set(name, at + 1);
    at += 1 + name.length;
  }
  return encodeFrame(HSM_TYPES.subscribe, [
    [1, list],
    [2, Uint8Array.of(channel)],
  ]);
}

export function encodeHsmResume(channel: number): Uint8Array {
  return encodeFrame(HSM_TYPES.resume, [[1, channelBits(channel)]]);
}

export function encodeHsmAcknowledge(message: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, message);
  return encodeFrame(HSM_TYPES.acknowledge, [[1, bytes]]);
}

export function encodeHsmPing(): Uint8Array {
  return Uint8Array.of(0, 1, HSM_TYPES.ping);
}

function channelBits(channel: number): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, 1n << BigInt(channel));
  return bytes;
}

function encodeFrame(type: number, fields: readonly Field[]): Uint8Array {
  const length = 4 + fields.reduce((sum, [, bytes]) => sum + 3 + bytes.length, 0);
  const frame = new Uint8Array(length);
  const view = viewOf(frame);
  view.setUint16(0, length - 2);
  view.setUint8(2, type);
  view.setUint8(3, fields.length);
  let at = 4;
  for (const [id, bytes] of fields) {
    view.setUint8(at, id);
    view.setUint16(at + 1, bytes.length);
    frame.set(bytes, at + 3);
    at += 3 + bytes.length;
  }
  return frame;
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 0x7f);
}
