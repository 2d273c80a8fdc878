// Defines the columns of a recording. The day log's CSV header and the Parquet schema are derived from this table. Also writes
// and parses a row's cells, and formats a running harvester's status for people.
import { parseSymbol } from '../config/values.ts';
import type { FeedName, SlotResult } from '../ports.ts';
import { formatClock, formatIso, formatIst, instant, type Instant, parseInstant } from '../time.ts';
import {
  type Book,
  BOOK_VALUE_NAMES,
  bookValue,
  type BookValueName,
  type Level,
  LEVELS,
} from './book.ts';

/**
 * Increase it with any change of a column's name, order, type or unit; a column added at the end keeps it. Part of the
 * day log's name and of the bucket's prefix.
 */
export const SCHEMA_VERSION = 2;

/** Null is a missing value. The column's kind decides whether a number is an instant, rupees or a count. */
export type Cell = string | number | null;

/**
 * How a column is written. timestamp: ISO-8601 with +05:30 in CSV, TIMESTAMP in milliseconds UTC in Parquet ·
 * text: BYTE_ARRAY UTF8 · price: DOUBLE · count: INT64.
 */
type ColumnKind = 'timestamp' | 'text' | 'price' | 'count';

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly unit: 'instant' | 'name' | 'rupees' | 'shares' | 'orders' | 'number';
  /** False: a row without it is malformed. */
  readonly nullable: boolean;
  /**
   * The source of the value: the recorder, the order book, or the rest of the broker's answer. It decides which columns
   * must change for a row not to be stale or frozen.
   */
  readonly group: 'recorder' | 'book' | 'market';
  readonly of: (row: Row) => Cell;
}

type Side = (row: Row) => readonly Level[];
const BID: Side = ({ book }) => book.bids;
const ASK: Side = ({ book }) => book.asks;
const NUMBERS = Array.from({ length: LEVELS }, (_, index) => index + 1);

/** Observed columns in the day log's order. The reference's 25 come first, with its names, order and units. */
export const COLUMNS: readonly Column[] = [
  // A stream's book is older than its slot, and the phase is that of the slot.
  instantOf('timestamp', (row) => (isStream(row.feed) ? row.slot : row.receivedAt), {
    group: 'recorder',
    nullable: false,
  }),
  text('symbol', (row) => row.symbol),
  valueOf('lastPrice'),
  valueOf('totalBuyQuantity', 'book'),
  valueOf('totalSellQuantity', 'book'),
  ...levels('bid', BID),
  ...levels('ask', ASK),
  instantOf('slot', (row) => row.slot, { group: 'recorder', nullable: false }),
  // The Python original does not record it, so it is null in an imported row.
  instantOf('requested_at', (row) => row.requestedAt, { group: 'recorder', nullable: true }),
  instantOf('received_at', (row) => row.receivedAt, { group: 'recorder', nullable: false }),
  text('feed', (row) => row.feed),
  {
    name: 'sequence',
    kind: 'count',
    unit: 'number',
    nullable: true,
    group: 'recorder',
    of: ({ book }) => book.sequence,
  },
  ...orders('bid', BID),
  ...orders('ask', ASK),
  instantOf('last_trade_at', ({ book }) => book.lastTradeAt, { group: 'market', nullable: true }),
  ...BOOK_VALUE_NAMES.slice(3).map((name) => valueOf(name)),
];

/** Added by compaction from the calendar. `timestamp` decides the phase; null outside of every phase. Marks: see `quality.ts`. */
const DERIVED_COLUMNS: readonly Omit<Column, 'of' | 'group'>[] = [
  { name: 'phase', kind: 'text', unit: 'name', nullable: true },
  { name: 'phase_certainty', kind: 'text', unit: 'name', nullable: true },
  { name: 'marks', kind: 'text', unit: 'name', nullable: true },
];

/** Every reader of recordings returns these columns in this order; columns that a file does not have are null. */
export const RECORDED_COLUMNS: readonly Omit<Column, 'of' | 'group'>[] = [
  ...COLUMNS,
  ...DERIVED_COLUMNS,
];

/** The column's index in a row's cells. @throws RangeError for an unknown name */
export function cellIndex(name: string): number {
  const index = RECORDED_COLUMNS.findIndex((column) => column.name === name);
  if (index < 0) throw new RangeError(`no column is named ${name}`);
  return index;
}

export const CSV_HEADER = COLUMNS.map(({ name }) => name).join(',');

/** One line of the day log, without a line end. Needs no quoting: no value contains a comma, a quote or a line end. */
export function csvLine(row: Row): string {
  let line = '';
  for (const column of COLUMNS) {
    const cell = column.of(row);
    if (line !== '') line += ',';
    if (cell !== null)
      line += column.kind === 'timestamp' ? formatIso(instant(Number(cell))) : String(cell);
  }
  return line;
}

/** The cells of a line in the order of {@link COLUMNS}; null if the line is not a complete row. */
export function parseCsvLine(line: string): readonly Cell[] | null {
  const cells = parseCells(COLUMNS, line.split(','));
  return 'why' in cells ? null : cells;
}

/** Returns the cells, or why a text is not a value of its column. */
export function parseCells(
  columns: readonly Omit<Column, 'of' | 'group'>[],
  texts: readonly string[],
): readonly Cell[] | { readonly why: string } {
  if (texts.length !== columns.length) {
    return { why: `it has ${String(texts.length)} cells instead of ${String(columns.length)}` };
  }
  const cells: Cell[] = [];
  for (const [index, column] of columns.entries()) {
    const text = texts[index] ?? '';
    const cell = parseCell(column, text);
    if (cell === undefined) return { why: describeInvalidValue(column, text) };
    cells.push(cell);
  }
  return cells;
}

const KIND_NAMES: Readonly<Record<ColumnKind, string>> = {
  timestamp: 'a time with its offset, such as 2025-12-26T09:15:02.000+05:30',
  text: 'a name',
  price: 'a number',
  count: 'a whole number',
};

/** Such as `ltp "x" is not a number`. */
export function describeInvalidValue(
  { name, kind }: Omit<Column, 'of' | 'group'>,
  text: string,
): string {
  if (text === '') return `${name} is empty`;
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return `${name} "${shown}" is not ${name === 'symbol' ? 'a symbol' : KIND_NAMES[kind]}`;
}

/** Strict, because `Number` also accepts blanks, hexadecimal digits and the word Infinity. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
/** Names, and marks joined by a space: texts without special meaning for a terminal, a spreadsheet or a page. */
const TEXT = /^[A-Za-z0-9][\w:&.+ -]{0,199}$/;

/** Returns undefined if the text is not a value of the column. */
export function parseCell(
  { name, kind, nullable }: Omit<Column, 'of' | 'group'>,
  text: string,
): Cell | undefined {
  if (text === '') return nullable ? null : undefined;
  if (kind === 'text') return isText(name, text) ? text : undefined;
  if (kind === 'timestamp') return instantIn(text);
  return numberIn(kind, text);
}

/** Whether the text is valid for the column. A symbol must be one that the broker accepts. */
export function isText(name: string, text: string): boolean {
  return name === 'symbol' ? parseSymbol(text).ok : TEXT.test(text);
}

/** A decimal number, whole for a count. Converts -0 to 0. */
export function numberIn(kind: 'price' | 'count', text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text) + 0;
  const isRight = kind === 'count' ? Number.isSafeInteger(value) : Number.isFinite(value);
  return isRight ? value : undefined;
}

function instantIn(text: string): Instant | undefined {
  try {
    return parseInstant(text);
  } catch {
    return undefined;
  }
}

function instantOf(
  name: string,
  of: Column['of'],
  { group, nullable }: Pick<Column, 'group' | 'nullable'>,
): Column {
  return { name, kind: 'timestamp', unit: 'instant', nullable, group, of };
}

function text(name: string, of: Column['of']): Column {
  return { name, kind: 'text', unit: 'name', nullable: false, group: 'recorder', of };
}

function price(name: string, of: Column['of'], group: Column['group']): Column {
  return { name, kind: 'price', unit: 'rupees', nullable: true, group, of };
}

function shares(name: string, of: Column['of'], group: Column['group']): Column {
  return { name, kind: 'count', unit: 'shares', nullable: true, group, of };
}

function valueOf(name: BookValueName, group: Column['group'] = 'market'): Column {
  const { column, kind } = bookValue(name);
  return (kind === 'price' ? price : shares)(column, ({ book }) => book[name], group);
}

function levels(side: string, of: Side): readonly Column[] {
  return NUMBERS.flatMap((n) => [
    price(`${side}_px_${String(n)}`, (row) => of(row)[n - 1]?.price ?? null, 'book'),
    shares(`${side}_qty_${String(n)}`, (row) => of(row)[n - 1]?.quantity ?? null, 'book'),
  ]);
}

function orders(side: string, of: Side): readonly Column[] {
  return NUMBERS.map((n) => ({
    name: `${side}_orders_${String(n)}`,
    kind: 'count',
    unit: 'orders',
    nullable: true,
    group: 'book',
    of: (row: Row) => of(row)[n - 1]?.orders ?? null,
  }));
}

/** @param feed null: unknown, as in an imported row */
export function isStream(feed: string | null): boolean {
  return feed === 'tbt' || feed === 'hsm';
}

/** One observed snapshot as stored, without derived values. */
export interface Row {
  readonly symbol: string;
  readonly slot: Instant;
  /** Null if the recording does not have it, such as an imported one. */
  readonly requestedAt: Instant | null;
  readonly receivedAt: Instant;
  readonly feed: FeedName;
  readonly book: Book;
}

/** The rows of one batch, in its order. Holes go to the event log instead. */
export function rowsOf(feed: FeedName, batch: readonly SlotResult[]): readonly Row[] {
  return batch.flatMap((taken) =>
    taken.kind === 'hole'
      ? []
      : [
          {
            symbol: taken.symbol,
            slot: taken.slot,
            requestedAt: taken.sentAt,
            receivedAt: taken.receivedAt,
            feed: taken.feed ?? feed,
            book: taken.book,
          },
        ],
  );
}

/** State of a running harvester. */
export interface Status {
  readonly at: Instant;
  readonly doing:
    | { readonly kind: 'waiting'; readonly opensAt: Instant }
    | {
        readonly kind: 'recording';
        /** The last slot; `filled` is its number of symbols with a row. */
        readonly slot: Instant;
        readonly filled: number;
        readonly symbols: number;
        /** From the slot's instant to its first request. */
        readonly lagMs: number;
      };
  readonly hasToken: boolean;
}

/** `09:15:05 · slot 09:15:05, 5 of 5 symbols, 3 ms late · no token` */
export function statusWords({ at, doing, hasToken }: Status): string {
  const what =
    doing.kind === 'waiting'
      ? `waits for ${formatIst(doing.opensAt)}`
      : `slot ${formatClock(doing.slot)}, ${String(doing.filled)} of ${String(doing.symbols)} symbols, ${String(doing.lagMs)} ms late`;
  return [formatClock(at), what, ...(hasToken ? [] : ['no token'])].join(' · ');
}
