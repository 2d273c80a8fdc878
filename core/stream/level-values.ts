// Keeps the levels of a book as numbers, for both streams: price in rupees, quantity and orders at each place. A place
// is the number of a level: first the bids from 0, then the asks. NaN is a missing value. A level that does not exist
// has no price, quantity 0 and 0 orders.
import type { HsmTopic } from './hsm-topics.ts';
import { TBT_LEVELS, type TbtBook, type TbtSide } from './tbt-books.ts';

export interface DeepLevel {
  /** 0 is the best; 49 is the last of TBT, 4 of HSM. */
  readonly level: number;
  /** Rupees; null if there is no such level, or if the broker has not sent its price. */
  readonly price: number | null;
  /** 0 if the level is empty. */
  readonly quantity: number | null;
  readonly orders: number | null;
}

export interface BookLevel extends DeepLevel {
  readonly side: 'bid' | 'ask';
}

/** Price, quantity and orders of a level. All calls share the array, so it is valid only until the next call. */
export type Values = Readonly<Float64Array>;

export const HSM_LEVELS = 5;
const VALUES = 3;
const PAISE = 100;
const LEVEL = new Float64Array(VALUES);

function levelOf(price: number, quantity: number, orders: number): Values {
  LEVEL[0] = price;
  LEVEL[1] = quantity;
  LEVEL[2] = orders;
  return LEVEL;
}

/** @param levels number of levels on each side */
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

export function tbtValues({ bids, asks }: TbtBook, place: number): Values {
  return place < TBT_LEVELS ? sideValues(bids, place) : sideValues(asks, place - TBT_LEVELS);
}

function sideValues({ prices, quantities, orders }: TbtSide, level: number): Values {
  const price = prices[level] ?? 0;
  const quantity = quantities[level] ?? 0;
  if (price === 0 && quantity === 0) return levelOf(NaN, 0, 0);
  return levelOf(price / PAISE, quantity, orders[level] ?? 0);
}

const HSM_FIELDS = (['bid', 'ask'] as const).flatMap((side) =>
  Array.from({ length: HSM_LEVELS }, (_, index) => {
    const number = String(index + 1);
    return [`${side}_price${number}`, `${side}_size${number}`, `${side}_order${number}`] as const;
  }),
);

export function hsmValues(topic: HsmTopic, place: number): Values {
  const [price, size, order] = HSM_FIELDS[place] ?? ['', '', ''];
  const rupees = topic.value(price);
  const quantity = topic.value(size);
  if ((rupees ?? 0) === 0 && (quantity ?? 0) === 0) return levelOf(NaN, 0, 0);
  return levelOf(rupees ?? NaN, quantity ?? NaN, topic.value(order) ?? NaN);
}

/** Copies all values of a book. Returns the places that have changed. */
export function takeTbtBook(values: Float64Array, book: TbtBook): readonly number[] {
  return TBT_PLACES.filter((place) => takeLevel(values, place, tbtValues(book, place)));
}

/** As `takeTbtBook`, for a topic of HSM. */
export function takeHsmBook(values: Float64Array, topic: HsmTopic): readonly number[] {
  return HSM_PLACES.filter((place) => takeLevel(values, place, hsmValues(topic, place)));
}

/** Copies the levels that a message contains. Returns the places that have changed, each once. */
export function takeTbtLevels(
  values: Float64Array,
  book: TbtBook,
  { bids, asks }: { readonly bids: Levels; readonly asks: Levels },
): readonly number[] {
  const changed: number[] = [];
  const take = (num: number | null, offset: number): void => {
    if (num === null || num >= TBT_LEVELS) return;
    const place = offset + num;
    if (takeLevel(values, place, tbtValues(book, place))) changed.push(place);
  };
  for (const { num } of bids) take(num, 0);
  for (const { num } of asks) take(num, TBT_LEVELS);
  return changed;
}

type Levels = readonly { readonly num: number | null }[];

/** Returns whether it has changed. */
function takeLevel(values: Float64Array, place: number, level: Values): boolean {
  let isChanged = false;
  for (let n = 0; n < VALUES; n += 1) {
    const value = level[n] ?? NaN;
    if (Object.is(value, values[VALUES * place + n])) continue;
    values[VALUES * place + n] = value;
    isChanged = true;
  }
  return isChanged;
}

/** Side (0 is bid, 1 is ask), level, price, quantity and orders of a level. */
export const LEVEL_CELLS = 5;

/** Returns the cells of these places in one list, place by place. */
export function cellsOf(values: Float64Array, places: readonly number[]): readonly number[] {
  const cells = new Array<number>(places.length * LEVEL_CELLS);
  writeCells(values, places, cells);
  return cells;
}

/** Writes what `cellsOf` returns to the beginning of `cells`. */
export function writeCells(
  values: Float64Array,
  places: readonly number[],
  cells: Float64Array | number[],
): void {
  const levels = values.length / VALUES / 2;
  let to = 0;
  for (const place of places) {
    const side = place < levels ? 0 : 1;
    const at = VALUES * place;
    cells[to] = side;
    cells[to + 1] = place - side * levels;
    for (let n = 0; n < VALUES; n += 1) cells[to + 2 + n] = values[at + n] ?? NaN;
    to += LEVEL_CELLS;
  }
}

/** @param cells from `cellsOf` */
export function levelsIn(cells: readonly number[]): readonly BookLevel[] {
  return Array.from({ length: cells.length / LEVEL_CELLS }, (_, n) => {
    const [side, level = 0, ...values] = cells.slice(n * LEVEL_CELLS, (n + 1) * LEVEL_CELLS);
    const [price, quantity, orders] = values;
    return {
      ...{ side: side === 0 ? 'bid' : 'ask', level },
      ...{ price: orNull(price), quantity: orNull(quantity), orders: orNull(orders) },
    };
  });
}

export function orNull(value = NaN): number | null {
  return Number.isNaN(value) ? null : value;
}
