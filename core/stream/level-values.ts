// Keeps the levels of a book as numbers, for both streams: price in rupees, quantity and orders of each
// place. A place is a level of a side, the bids from 0 and the asks after them. NaN is a missing
// value. A level that does not exist has no price, and zeros.
import type { HsmTopic } from './hsm-topics.ts';
import { TBT_LEVELS, type TbtBook, type TbtSide } from './tbt-books.ts';

export interface DeepLevel {
  /** 0 is the best; 49 is the last of TBT, 4 of HSM. */
  readonly level: number;
  /** Rupees; null: there is no such level, or the broker has not sent its price. */
  readonly price: number | null;
  /** 0: the level is empty. */
  readonly quantity: number | null;
  readonly orders: number | null;
}

export type Values = readonly [price: number, quantity: number, orders: number];

export const HSM_LEVELS = 5;
const VALUES = 3;
/** A level that does not exist. */
export const NO_LEVEL: Values = [NaN, 0, 0];
const PAISE = 100;

/** @param levels of a side */
export function emptyValues(levels: number): Float64Array {
  const values = new Float64Array(2 * VALUES * levels);
  for (let at = 0; at < values.length; at += VALUES) values[at] = NaN;
  return values;
}

export function allPlaces(values: Float64Array): readonly number[] {
  return values.length === TBT_PLACES.length * VALUES ? TBT_PLACES : HSM_PLACES;
}

const TBT_PLACES = placesBelow(2 * TBT_LEVELS);
const HSM_PLACES = placesBelow(2 * HSM_LEVELS);

function placesBelow(count: number): readonly number[] {
  return Array.from({ length: count }, (_, place) => place);
}

/** The places that a TBT message has. */
export function placesIn(
  depth: { readonly bids: Levels; readonly asks: Levels } | null,
): readonly number[] {
  const places = new Set<number>();
  for (const { num } of depth?.bids ?? []) if (isLevel(num)) places.add(num);
  for (const { num } of depth?.asks ?? []) if (isLevel(num)) places.add(TBT_LEVELS + num);
  return [...places];
}

type Levels = readonly { readonly num: number | null }[];

function isLevel(num: number | null): num is number {
  return num !== null && num < TBT_LEVELS;
}

export function tbtValues({ bids, asks }: TbtBook, place: number): Values {
  return place < TBT_LEVELS ? sideValues(bids, place) : sideValues(asks, place - TBT_LEVELS);
}

function sideValues({ prices, quantities, orders }: TbtSide, level: number): Values {
  const [price = 0, quantity = 0] = [prices[level], quantities[level]];
  return price === 0 && quantity === 0 ? NO_LEVEL : [price / PAISE, quantity, orders[level] ?? 0];
}

const HSM_FIELDS = (['bid', 'ask'] as const).flatMap((side) =>
  Array.from({ length: HSM_LEVELS }, (_, index) => {
    const number = String(index + 1);
    return [`${side}_price${number}`, `${side}_size${number}`, `${side}_order${number}`] as const;
  }),
);

export function hsmValues(topic: HsmTopic, place: number): Values {
  const [price, size, order] = HSM_FIELDS[place] ?? ['', '', ''];
  const [rupees, quantity] = [topic.value(price), topic.value(size)];
  if ((rupees ?? 0) === 0 && (quantity ?? 0) === 0) return NO_LEVEL;
  return [rupees ?? NaN, quantity ?? NaN, topic.value(order) ?? NaN];
}

/** Takes over all values of a book. Returns the places that have changed. */
export function takeChanged(
  values: Float64Array,
  valuesOf: (place: number) => Values,
): readonly number[] {
  return takeChangedOf(values, allPlaces(values), valuesOf);
}

/** Takes over the values of these places. */
export function takeChangedOf(
  values: Float64Array,
  places: readonly number[],
  valuesOf: (place: number) => Values,
): readonly number[] {
  return places.filter((place) => {
    const [price, quantity, orders] = valuesOf(place);
    const at = VALUES * place;
    const isSame =
      Object.is(price, values[at]) &&
      Object.is(quantity, values[at + 1]) &&
      Object.is(orders, values[at + 2]);
    if (isSame) return false;
    values[at] = price;
    values[at + 1] = quantity;
    values[at + 2] = orders;
    return true;
  });
}

export function deepLevel(values: Float64Array, place: number, level: number): DeepLevel {
  const at = VALUES * place;
  return {
    level,
    price: orNull(values[at]),
    quantity: orNull(values[at + 1]),
    orders: orNull(values[at + 2]),
  };
}

function orNull(value = NaN): number | null {
  return Number.isNaN(value) ? null : value;
}
