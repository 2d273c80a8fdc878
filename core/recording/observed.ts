// One observed row as numbers and texts by column, without a value for each cell: a day may have a million rows.
import { type Instant, instant } from '../time.ts';
import { COLUMNS, type Cell, cellIndex } from './columns.ts';

/** A row's cells by the places of {@link COLUMNS}. Readers use one row again and again: copy what you keep. */
export interface Observed {
  /** NaN where the value is missing, or a text. Instants in epoch milliseconds. */
  readonly numbers: Float64Array;
  /** Null where the value is missing, or a number. */
  readonly texts: readonly (string | null)[];
}

const SYMBOL = cellIndex('symbol');
const SLOT = cellIndex('slot');

/** @param cells as a reader of recordings gives them; what is derived is passed over */
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

/** What a row of the day log is of. @throws RangeError for a row without a slot, which only the reference has */
export function keyOf(row: Observed): { readonly symbol: string; readonly slot: Instant } {
  return { symbol: symbolOf(row), slot: instant(numberAt(row, SLOT)) };
}

export function symbolOf({ texts }: Observed): string {
  return texts[SYMBOL] ?? '';
}

/** NaN where it is missing. */
export function numberAt({ numbers }: Pick<Observed, 'numbers'>, index: number): number {
  return numbers[index] ?? NaN;
}
