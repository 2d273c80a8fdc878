// Represents an observed row as numbers and texts by column, without an object per cell: a day may have a million rows.
import { type Instant, instant } from '../time.ts';
import { COLUMNS, type Cell, cellIndex } from './columns.ts';

/** A row's cells by the index of {@link COLUMNS}. Readers reuse one row, so copy the values that you keep. */
export interface Observed {
  /** NaN if the value is missing or a text. Instants in epoch milliseconds. */
  readonly numbers: Float64Array;
  /** Null if the value is missing or a number. */
  readonly texts: readonly (string | null)[];
}

const SYMBOL = cellIndex('symbol');
const SLOT = cellIndex('slot');

/** @param cells from a reader of recordings; derived cells are ignored */
export function observedOf(cells: readonly Cell[]): Observed {
  const numbers = new Float64Array(COLUMNS.length).fill(NaN);
  const texts = new Array<string | null>(COLUMNS.length).fill(null);
  for (const index of COLUMNS.keys()) {
    const cell = cells[index] ?? null;
    if (typeof cell === 'number') numbers[index] = cell;
    else texts[index] = cell;
  }
  return { numbers, texts };
}

/**
 * The symbol and slot of a row of the day log.
 * @throws RangeError if the row has no slot, which only occurs in the reference's files
 */
export function keyOf(row: Observed): { readonly symbol: string; readonly slot: Instant } {
  return { symbol: symbolOf(row), slot: instant(numberAt(row, SLOT)) };
}

export function symbolOf({ texts }: Observed): string {
  return texts[SYMBOL] ?? '';
}

/** Returns NaN if the value is missing. */
export function numberAt({ numbers }: Pick<Observed, 'numbers'>, index: number): number {
  return numbers[index] ?? NaN;
}
