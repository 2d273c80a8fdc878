// Counts the fields of depth answers that were not stored, because they were missing, of another type or implausible.
// The harvester writes the counts to the day's event log in batches; compaction, `check` and `report` add them up.
import { BOOK_VALUE_NAMES, bookValue, type ValueField } from './book.ts';
import type { DayEvent } from './day-events.ts';

const VALUE_FIELDS = Object.fromEntries(
  BOOK_VALUE_NAMES.map(bookValue).flatMap(({ rest, column }) =>
    rest === null ? [] : [[rest, column]],
  ),
) as Readonly<Record<ValueField, string>>;

/** The fields of a depth answer by the broker's names, and the columns that they fill (a level's without its number). */
const DEPTH_FIELD_COLUMNS = {
  'bids.price': 'bid_px',
  'bids.volume': 'bid_qty',
  'bids.ord': 'bid_orders',
  'ask.price': 'ask_px',
  'ask.volume': 'ask_qty',
  'ask.ord': 'ask_orders',
  ...VALUE_FIELDS,
  ltt: 'last_trade_at',
  oiflag: 'open_interest',
} as const;

export type DepthField = keyof typeof DEPTH_FIELD_COLUMNS;

const DEPTH_FIELDS = Object.keys(DEPTH_FIELD_COLUMNS) as readonly DepthField[];

/** Rows of one day in which the field was not stored. */
export interface FieldFaults {
  /** The broker's name. */
  readonly field: DepthField;
  readonly column: string;
  readonly rows: number;
}

/**
 * A field is suspect above this percentage, the same as for marks of impossible values (`core/recording/quality.ts`).
 */
const SUSPECT_ABOVE_PERCENT = 0.1;

/** In the order of {@link DEPTH_FIELD_COLUMNS}; omits fields without faults. */
export function fieldFaultsIn(events: readonly DayEvent[]): readonly FieldFaults[] {
  const lines = events.filter((event) => event.event === 'field-faults');
  return DEPTH_FIELDS.flatMap((field) => {
    const rows = lines.reduce((sum, line) => sum + (line.rows[field] ?? 0), 0);
    return rows === 0 ? [] : [{ field, column: DEPTH_FIELD_COLUMNS[field], rows }];
  });
}

/** True if the column should be checked before the day is used. */
export function isSuspect({ rows }: Pick<FieldFaults, 'rows'>, ofRows: number): boolean {
  return 100 * rows > SUSPECT_ABOVE_PERCENT * ofRows;
}

/** A sentence for people. A level's field counts if any of the five levels has no value. */
export function fieldFaultWords(
  { field, column, rows }: Readonly<Record<'field' | 'column', string>> & Pick<FieldFaults, 'rows'>,
  ofRows: number,
): string {
  return `${column} is empty in ${rows.toLocaleString('en')} of ${ofRows.toLocaleString('en')} rows: the broker's ${field} was missing, of another type or implausible.`;
}

/** `last_trade_at (the broker's ltt)` */
export function fieldWords(field: DepthField): string {
  return `${DEPTH_FIELD_COLUMNS[field]} (the broker's ${field})`;
}
