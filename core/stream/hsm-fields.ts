// Lists the values of each HSM topic in the order of the wire, and compares that order with the
// field map that the broker sends after the login. Values are positional, so with a changed order
// they would get wrong names: the stream is then not used.
import * as z from 'zod/mini';
import { parseJson } from '../text.ts';
import { decodeHsmAnswer, HSM_TYPES, textOf, unsignedOf } from './hsm-frame.ts';

/**
 * dp: five levels · sf: prices, volume and the day's values · if: prices and the day's values of an
 * index.
 */
export type TopicKind = 'dp' | 'sf' | 'if';

interface FieldForm {
  readonly name: string;
  /** The name in the broker's map. */
  readonly short: string;
  /** True if the value is scaled by the divisor of the topic's snapshot. */
  readonly isPrice: boolean;
}

const LEVEL_INDEXES = [0, 1, 2, 3, 4];

function levelFields(name: string, short: string, isPrice: boolean): readonly FieldForm[] {
  return LEVEL_INDEXES.map((index) => ({
    name: `${name}${String(index + 1)}`,
    short: index === 0 ? short : `${short}${String(index)}`,
    isPrice,
  }));
}

function orderFields(name: string, short: string): readonly FieldForm[] {
  return LEVEL_INDEXES.map((index) => {
    const number = String(index + 1);
    return { name: `${name}${number}`, short: `${short}${number}`, isPrice: false };
  });
}

function price(name: string, short: string): FieldForm {
  return { name, short, isPrice: true };
}

function count(name: string, short: string): FieldForm {
  return { name, short, isPrice: false };
}

export const TOPIC_FIELDS: Readonly<Record<TopicKind, readonly FieldForm[]>> = {
  dp: [
    ...levelFields('bid_price', 'bp', true),
    ...levelFields('ask_price', 'sp', true),
    ...levelFields('bid_size', 'bq', false),
    ...levelFields('ask_size', 'bs', false),
    ...orderFields('bid_order', 'bno'),
    ...orderFields('ask_order', 'sno'),
  ],
  sf: [
    price('ltp', 'ltp'),
    count('vol_traded_today', 'v'),
    count('last_traded_time', 'ltt'),
    count('exch_feed_time', 'fdtm'),
    count('bid_size', 'bq'),
    count('ask_size', 'bs'),
    price('bid_price', 'bp'),
    price('ask_price', 'sp'),
    count('last_traded_qty', 'ltq'),
    count('tot_buy_qty', 'tbq'),
    count('tot_sell_qty', 'tsq'),
    price('avg_trade_price', 'ap'),
    count('OI', 'oi'),
    price('low_price', 'lo'),
    price('high_price', 'h'),
    price('Yhigh', 'yh'),
    price('Ylow', 'yl'),
    price('lower_ckt', 'lcl'),
    price('upper_ckt', 'ucl'),
    price('open_price', 'op'),
    price('prev_close_price', 'c'),
  ],
  if: [
    price('ltp', 'iv'),
    price('prev_close_price', 'ic'),
    count('exch_feed_time', 'tvalue'),
    price('high_price', 'highPrice'),
    price('low_price', 'lowPrice'),
    price('open_price', 'openingPrice'),
  ],
};

/** Sums of a day. They are 32 bits wide on the wire and become negative above 2^31. */
export const CUMULATIVE_FIELDS: ReadonlySet<string> = new Set([
  'vol_traded_today',
  'tot_buy_qty',
  'tot_sell_qty',
  'OI',
]);

export interface FieldMap {
  /** Number of values in a lite item; null if a lite item of this kind cannot be read. */
  readonly liteCounts: Readonly<Record<TopicKind, number | null>>;
  /** Kinds whose order differs from {@link TOPIC_FIELDS}. */
  readonly changed: readonly TopicKind[];
}

const mapSchema = z.object({
  fields: z.array(z.object({ fid: z.string(), fld: z.string(), dataType: z.string() })),
  scrip: z.array(z.string()),
  index: z.array(z.string()),
  depth: z.array(z.string()),
  scrip_lite: z.optional(z.object({ hfid: z.number() })),
  index_lite: z.optional(z.object({ hfid: z.number() })),
});

/** Returns null if the text is not a field map. */
export function parseFieldMap(text: string): FieldMap | null {
  const parsed = z.safeParse(mapSchema, parseJson(text));
  if (!parsed.success) return null;
  const { fields, scrip, index, depth, scrip_lite, index_lite } = parsed.data;
  const byId = new Map(fields.map((field) => [field.fid, field]));
  const orders = { dp: depth, sf: scrip, if: index };
  const isSame = (kind: TopicKind): boolean =>
    TOPIC_FIELDS[kind].every(({ short, isPrice }, place) => {
      const field = byId.get(orders[kind][place] ?? '');
      return field?.fld === short && (field.dataType === 'ConvNumber') === isPrice;
    });
  return {
    liteCounts: { dp: null, sf: scrip_lite?.hfid ?? null, if: index_lite?.hfid ?? null },
    changed: TOPIC_KINDS.filter((kind) => !isSame(kind)),
  };
}

const TOPIC_KINDS: readonly TopicKind[] = ['dp', 'sf', 'if'];

export interface HsmLogin {
  /** False if the broker refuses the key. */
  readonly isAccepted: boolean;
  /**
   * Acknowledge every so many data frames; 0 if data frames have no number and none is
   * acknowledged.
   */
  readonly acknowledgeEvery: number;
  /** Null if the answer has no map, or one that cannot be read. */
  readonly map: FieldMap | null;
}

/** Returns null if the frame is not the answer to a login. */
export function decodeHsmLogin(frame: Uint8Array): HsmLogin | null {
  const answer = decodeHsmAnswer(frame);
  if (answer?.type !== HSM_TYPES.login) return null;
  const { fields } = answer;
  return {
    isAccepted: textOf(fields.get(1)) === 'K',
    acknowledgeEvery: unsignedOf(fields.get(2)),
    map: fields.has(3) ? parseFieldMap(textOf(fields.get(3))) : null,
  };
}
