// Converts updates of books to rows of Tardis CSV files, which hftbacktest and NautilusTrader read.
// A stream sends levels by their place in the book, but Tardis has amounts by price, so each side is
// also kept by price: a removed price gets the amount 0, even if it only moved below the last level.
// The readers' converters require these rules:
// - Removals come before the other rows of a message, so that the book is never crossed between them.
// - When a book begins again after a gap, vanished prices are removed one by one, because
//   NautilusTrader adds a snapshot to its existing book.
// - A snapshot is best first, because hftbacktest clears its book up to the last price of each side.
// - Each snapshot is followed by a row that is not part of it, because hftbacktest applies it only
//   then.
// - A trade has no side, and both its times are the time of receipt: see `volume-steps.ts`.
// - hftbacktest cuts a snapshot to the length of the shortest earlier one, so the levels beyond that
//   length are repeated after the snapshot.
import { HOUR } from '../time.ts';
import { type BookLevel, levelsIn } from './level-values.ts';
import type { Wide } from './tbt-frame.ts';
import type { BookUpdate } from './updates.ts';
import type { VolumeStep } from './volume-steps.ts';

export const TARDIS_TYPES = [
  'incremental_book_L2',
  'book_snapshot_5',
  'book_snapshot_25',
  'quotes',
  'trades',
] as const;
export type TardisType = (typeof TARDIS_TYPES)[number];

export interface TardisRow {
  readonly symbol: string;
  readonly type: TardisType;
  /** Without the line end. */
  readonly text: string;
}

export interface TardisOptions {
  readonly types: readonly TardisType[];
  /** The value of the column `exchange`; null for the symbol's own exchange. */
  readonly exchange: string | null;
  /** @param at microseconds since 1970 */
  readonly isSelected: (symbol: string, at: number) => boolean;
}

export interface TardisRows {
  apply(update: BookUpdate): readonly TardisRow[];
  /** Returns the rows that the files need at their end. */
  finish(): readonly TardisRow[];
}

/** The types that are made from books. */
type BookType = Exclude<TardisType, 'trades'>;

const DEPTHS = { book_snapshot_5: 5, book_snapshot_25: 25, quotes: 1 } as const;
type TopType = keyof typeof DEPTHS;

const START = 'exchange,symbol,timestamp,local_timestamp';

export function tardisHeader(type: TardisType): string {
  if (type === 'incremental_book_L2') return `${START},is_snapshot,side,price,amount`;
  if (type === 'trades') return `${START},id,side,price,amount`;
  if (type === 'quotes') return `${START},ask_amount,ask_price,bid_price,bid_amount`;
  const levels = Array.from({ length: DEPTHS[type] }, (_, index) => {
    const at = `[${String(index)}]`;
    return `asks${at}.price,asks${at}.amount,bids${at}.price,bids${at}.amount`;
  });
  return [START, ...levels].join(',');
}

/** Such as `nse_incremental_book_L2_2026-11-17_SBIN-EQ.csv.gz`. */
export function tardisFileName(type: TardisType, date: string, symbol: string): string {
  const [exchange, name] = tardisNames(symbol);
  const label = type === 'trades' ? TRADES_LABEL : type;
  return `${exchange}_${label}_${date}_${name}.csv.gz`;
}

/**
 * hftbacktest recognises `trades` in a file's name. The rows are not trades, so the name also
 * states their source.
 */
const TRADES_LABEL = 'trades_from_volume_steps';

/** A row of `trades`. Its id names the volume step, because it may be several trades. */
export function tardisTrade(step: VolumeStep, exchange: string | null): TardisRow {
  const { symbol, number, receivedAt, price, quantity } = step;
  const [own, name] = tardisNames(symbol);
  // The broker's times of a quote are whole seconds.
  const at = String(Math.round(receivedAt));
  const id = `volume-step-${String(number)}`;
  const cells = [exchange ?? own, name, at, at, id, 'unknown', price, quantity];
  return { symbol, type: 'trades', text: cells.join(',') };
}

/**
 * Splits `NSE:SBIN-EQ` into `nse` and `SBIN-EQ`, encoded because the broker's text becomes part of
 * a file name.
 */
function tardisNames(symbol: string): readonly [exchange: string, name: string] {
  const [exchange = '', ...rest] = symbol.split(':');
  const encoded = (text: string): string =>
    text.replaceAll(/[^\w&-]/g, (character) =>
      [...new TextEncoder().encode(character)].map((byte) => `%${byte.toString(16)}`).join(''),
    );
  return [encoded(exchange.toLowerCase()), encoded(rest.join(':'))];
}

interface Side {
  readonly name: BookLevel['side'];
  /** 1 if a higher price is better. */
  readonly direction: 1 | -1;
  /** By level; 0 if the level has no price or no amount. */
  readonly prices: number[];
  readonly amounts: number[];
  /** Amounts by price: `totals` in the book, `written` in the rows so far. */
  readonly totals: Map<number, number>;
  readonly written: Map<number, number>;
  /** Prices whose amounts may differ from the rows so far. */
  readonly touched: Set<number>;
  /** Levels of the shortest snapshot so far. */
  shortest: number;
}

interface Book {
  readonly symbol: string;
  /** The columns exchange and symbol. */
  readonly names: string;
  readonly bids: Side;
  readonly asks: Side;
  /**
   * True if rows must begin with the whole book: at the start, and after a time that is not
   * selected.
   */
  isBehind: boolean;
  /** The row that must follow if the file ends now, because its last row is of a snapshot. */
  closing: string | null;
  readonly lastCells: Map<TopType, string>;
}

export function startTardis(options: TardisOptions): TardisRows {
  const books = new Map<string, Book>();
  return {
    apply(update) {
      const { symbol } = update;
      const book = books.get(symbol) ?? newBook(symbol, options.exchange);
      books.set(symbol, book);
      const levels = levelsIn(update.cells);
      for (const level of levels) applyLevel(book, level);
      if (update.reason !== null) cutBook(book, Math.max(...levels.map(({ level }) => level)) + 1);
      return rowsOf(options, book, update);
    },
    finish: () =>
      [...books.values()].flatMap(({ symbol, closing }) =>
        closing === null ? [] : [{ symbol, type: 'incremental_book_L2', text: closing }],
      ),
  };
}

function newBook(symbol: string, exchange: string | null): Book {
  const [own, name] = tardisNames(symbol);
  const side = (name: Side['name'], direction: Side['direction']): Side => ({
    ...{ name, direction, prices: [], amounts: [], totals: new Map(), written: new Map() },
    ...{ touched: new Set(), shortest: Infinity },
  });
  return {
    ...{ symbol, names: `${exchange ?? own},${name}`, bids: side('bid', 1), asks: side('ask', -1) },
    ...{ isBehind: true, closing: null, lastCells: new Map() },
  };
}

/**
 * Skips quantities without a price: they are market orders in an auction, for which Tardis has no
 * rows.
 */
function applyLevel(book: Book, { side: name, level, price, quantity }: BookLevel): void {
  const side = name === 'bid' ? book.bids : book.asks;
  const isEmpty = (price ?? 0) <= 0 || (quantity ?? 0) <= 0;
  const [newPrice, newAmount] = isEmpty ? [0, 0] : [price ?? 0, quantity ?? 0];
  const [oldPrice, oldAmount] = [side.prices[level] ?? 0, side.amounts[level] ?? 0];
  if (newPrice === oldPrice && newAmount === oldAmount) return;
  [side.prices[level], side.amounts[level]] = [newPrice, newAmount];
  addAmount(side, oldPrice, -oldAmount);
  addAmount(side, newPrice, newAmount);
}

/** Removes levels below the given number: the day may continue with another feed that has fewer. */
function cutBook(book: Book, levels: number): void {
  for (const { name, prices } of [book.bids, book.asks]) {
    for (let level = levels; level < prices.length; level += 1) {
      applyLevel(book, { side: name, level, price: null, quantity: 0, orders: 0 });
    }
  }
}

/**
 * Adds amounts, because two levels may have the same price while the broker sends a book in parts.
 */
function addAmount({ totals, touched }: Side, price: number, amount: number): void {
  if (price === 0) return;
  const total = (totals.get(price) ?? 0) + amount;
  if (total === 0) totals.delete(price);
  else totals.set(price, total);
  touched.add(price);
}

function rowsOf(options: TardisOptions, book: Book, update: BookUpdate): readonly TardisRow[] {
  const { symbol } = book;
  const isSelected = options.isSelected(symbol, update.receivedAt);
  // The whole book that is repeated each minute is an ordinary update here.
  const isWhole = book.isBehind || (update.reason !== null && update.reason !== 'minute');
  const isChanged = isWhole || book.bids.touched.size + book.asks.touched.size > 0;
  book.isBehind = !isSelected;
  const rowsFor = (message: Message): readonly TardisRow[] =>
    options.types.flatMap((type) =>
      type === 'trades' ? [] : textsOf(book, type, message).map((text) => ({ symbol, type, text })),
    );
  const isWritten = isSelected && isChanged;
  const rows = isWritten ? rowsFor({ start: rowStart(book, update), isWhole }) : [];
  book.bids.touched.clear();
  book.asks.touched.clear();
  return rows;
}

interface Message {
  /** The first four columns. */
  readonly start: string;
  readonly isWhole: boolean;
}

function textsOf(book: Book, type: BookType, message: Message): readonly string[] {
  if (type !== 'incremental_book_L2') return topRows(book, type, message);
  return message.isWhole ? wholeRows(book, message.start) : changeRows(book, message.start);
}

function rowStart({ names }: Book, { receivedAt, feedTime }: BookUpdate): string {
  const local = Math.round(receivedAt);
  const time = exchangeTime(feedTime, local) ?? local;
  return `${names},${String(time)},${String(local)}`;
}

const HOUR_IN_MICROSECONDS = HOUR * 1_000;

/**
 * The broker's time of a message in microseconds; null if it has none. The unit is not documented
 * and is derived from the number's size. Whole seconds are not used, because they would place a
 * message up to a second before its receipt. A time that is off by hours is not used either,
 * because hftbacktest would shift the whole file.
 */
function exchangeTime(feedTime: Wide | null, receivedAt: number): number | null {
  const time = Number(feedTime ?? 0);
  // Only a bigint has all digits of nanoseconds.
  const fromNanoseconds = typeof feedTime === 'bigint' ? Number(feedTime / 1_000n) : NaN;
  const found = [time * 1_000, time, fromNanoseconds].find(
    (microseconds) => Math.abs(microseconds - receivedAt) < HOUR_IN_MICROSECONDS,
  );
  return found ?? null;
}

/** Returns rows for the amounts that differ from the rows so far, removals first. */
function changeRows(book: Book, start: string): readonly string[] {
  const [gone, rest]: [string[], string[]] = [[], []];
  for (const side of [book.bids, book.asks]) {
    for (const price of side.touched) {
      const amount = side.totals.get(price) ?? 0;
      if (amount === (side.written.get(price) ?? 0)) continue;
      (amount === 0 ? gone : rest).push(bookRow(start, false, side, price, amount));
      if (amount === 0) side.written.delete(price);
      else side.written.set(price, amount);
    }
  }
  const rows = [...gone, ...rest];
  if (rows.length > 0) book.closing = null;
  return rows;
}

/** Returns the book as a snapshot, after rows that remove the prices that it does not have. */
function wholeRows(book: Book, start: string): readonly string[] {
  const [gone, snapshot, repeated]: [string[], string[], string[]] = [[], [], []];
  for (const side of [book.bids, book.asks]) {
    for (const price of side.written.keys()) {
      if (!side.totals.has(price)) gone.push(bookRow(start, false, side, price, 0));
    }
    side.written.clear();
    for (const [index, [price, amount]] of bestFirst(side).entries()) {
      side.written.set(price, amount);
      snapshot.push(bookRow(start, true, side, price, amount));
      const isLost = index >= side.shortest;
      if (isLost) repeated.push(bookRow(start, false, side, price, amount));
    }
  }
  const last = gone.length === 0 && book.closing !== null ? [book.closing] : [];
  const [first] = snapshot;
  book.closing = null;
  if (first !== undefined) {
    for (const side of [book.bids, book.asks]) {
      side.shortest = Math.min(side.shortest, side.totals.size);
    }
    if (repeated.length === 0) book.closing = first.replace(',true,', ',false,');
  }
  return [...last, ...gone, ...snapshot, ...repeated];
}

function bookRow(
  start: string,
  isSnapshot: boolean,
  { name }: Side,
  price: number,
  amount: number,
): string {
  return `${start},${String(isSnapshot)},${name},${String(price)},${String(amount)}`;
}

type Priced = readonly [price: number, amount: number];

function bestFirst({ totals, direction }: Side): readonly Priced[] {
  return [...totals].sort(([one], [other]) => direction * (other - one));
}

/** Returns one row if any of its values has changed, otherwise none. */
function topRows(book: Book, type: TopType, { start, isWhole }: Message): readonly string[] {
  const depth = DEPTHS[type];
  const [bids, asks] = [topOf(book.bids, depth), topOf(book.asks, depth)];
  const cells = type === 'quotes' ? quoteCells(bids[0], asks[0]) : levelCells(depth, bids, asks);
  if (!isWhole && cells === book.lastCells.get(type)) return [];
  book.lastCells.set(type, cells);
  return [`${start},${cells}`];
}

/**
 * Returns the best prices. Avoids sorting if the levels are in order, as they nearly always are.
 */
function topOf(side: Side, depth: number): readonly Priced[] {
  const { prices, amounts, direction } = side;
  const top: Priced[] = [];
  let worst = 0;
  for (let level = 0; level < prices.length; level += 1) {
    const price = prices[level] ?? 0;
    if (price === 0) continue;
    if (worst !== 0 && direction * (worst - price) <= 0) return bestFirst(side).slice(0, depth);
    worst = price;
    if (top.length < depth) top.push([price, amounts[level] ?? 0]);
  }
  return top;
}

function quoteCells(bid: Priced | undefined, ask: Priced | undefined): string {
  return [ask?.[1], ask?.[0], bid?.[0], bid?.[1]].map(cell).join(',');
}

function levelCells(depth: number, bids: readonly Priced[], asks: readonly Priced[]): string {
  return Array.from({ length: depth }, (_, index) => [
    ...[cell(asks[index]?.[0]), cell(asks[index]?.[1])],
    ...[cell(bids[index]?.[0]), cell(bids[index]?.[1])],
  ]).join(',');
}

/** Returns an empty cell if the side has no such level. */
function cell(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}
