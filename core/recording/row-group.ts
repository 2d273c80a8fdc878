// Collects rows column by column, as a Parquet file needs them.
import { COLUMNS, type Cell, type Column, RECORDED_COLUMNS, cellIndex } from './columns.ts';
import type { Observed } from './observed.ts';

export interface RowGroup {
  readonly rows: number;
  /** The values of a column by its index. Valid until the next call. */
  column(index: number): GroupColumn;
}

/** Numbers, with NaN for a missing one; instants in epoch milliseconds. */
export type GroupColumn = Float64Array | TextColumn;

export interface TextColumn {
  /** The distinct texts of the column; may include unused ones. */
  readonly names: readonly string[];
  /** The index of each row's text in `names`; -1 if it is missing. */
  readonly places: Int32Array;
}

const WIDTH = COLUMNS.length;
const SYMBOL = cellIndex('symbol');
const SLOT = cellIndex('slot');
const TEXTS = RECORDED_COLUMNS.flatMap(({ kind }, index) => (kind === 'text' ? [index] : []));

/** Collects up to `capacity` rows of {@link RECORDED_COLUMNS} in reused memory. */
export function collecting(capacity: number) {
  const numbers = new Float64Array(capacity * WIDTH);
  const texts = TEXTS.map((index) => ({ index, text: textsOf(capacity) }));
  const byIndex = new Map(texts.map(({ index, text }) => [index, text]));
  const symbols = byIndex.get(SYMBOL) ?? textsOf(capacity);
  const gathered = new Float64Array(capacity);
  let rows = 0;

  const gather = (index: number, order: Uint32Array): GroupColumn => {
    const text = byIndex.get(index);
    if (text !== undefined) return text.gather(order);
    for (let n = 0; n < order.length; n += 1) {
      gathered[n] = numbers[(order[n] ?? 0) * WIDTH + index] ?? NaN;
    }
    return gathered.subarray(0, order.length);
  };

  return {
    /** @param derived the cells of compaction's columns, in their order */
    add(row: Observed, derived: readonly (string | null)[]): void {
      numbers.set(row.numbers, rows * WIDTH);
      for (const { index, text } of texts) {
        text.set(rows, (index < WIDTH ? row.texts[index] : derived[index - WIDTH]) ?? null);
      }
      rows += 1;
    },
    rows: () => rows,
    /**
     * Returns all added rows, sorted by symbol and then slot, which compresses best and reads fastest, and empties the
     * collector.
     */
    take(): RowGroup {
      const slotOf = (row: number): number => numbers[row * WIDTH + SLOT] ?? NaN;
      const order = orderOf(symbols.gather(indexesBelow(rows)), slotOf);
      rows = 0;
      return { rows: order.length, column: (index) => gather(index, order) };
    },
  };
}

/** @param rows cells in the order of `columns` */
export function groupOf(
  columns: readonly Pick<Column, 'kind'>[],
  rows: readonly (readonly Cell[])[],
): RowGroup {
  const order = indexesBelow(rows.length);
  return {
    rows: rows.length,
    column(index) {
      const cells = rows.map((row) => row[index] ?? null);
      if (columns[index]?.kind !== 'text') {
        return Float64Array.from(cells, (cell) => (typeof cell === 'number' ? cell : NaN));
      }
      const text = textsOf(rows.length);
      for (const [row, cell] of cells.entries())
        text.set(row, typeof cell === 'string' ? cell : null);
      return text.gather(order);
    },
  };
}

/** Stores the texts of a column, each distinct text once. */
function textsOf(capacity: number) {
  const names: string[] = [];
  const known = new Map<string, number>();
  const places = new Int32Array(capacity);
  const gathered = new Int32Array(capacity);
  const placeOf = (text: string): number => {
    const place = known.get(text);
    if (place !== undefined) return place;
    known.set(text, names.push(text) - 1);
    return names.length - 1;
  };
  return {
    set(row: number, text: string | null): void {
      places[row] = text === null ? -1 : placeOf(text);
    },
    gather(order: Uint32Array): TextColumn {
      for (let n = 0; n < order.length; n += 1) gathered[n] = places[order[n] ?? 0] ?? -1;
      return { names, places: gathered.subarray(0, order.length) };
    },
  };
}

/** Orders rows by symbol and then slot. Usually a log has the slots of a symbol in order, so sorting is rarely needed. */
function orderOf({ names, places }: TextColumn, slotOf: (row: number) => number): Uint32Array {
  const byName: number[][] = names.map(() => []);
  for (const [row, place] of places.entries()) byName[place]?.push(row);
  const sorted = [...names.keys()].sort((a, b) => ((names[a] ?? '') < (names[b] ?? '') ? -1 : 1));
  const order = new Uint32Array(places.length);
  let at = 0;
  for (const place of sorted) {
    const rows = byName[place] ?? [];
    const inOrder = rows.every((row, n) => n === 0 || slotOf(rows[n - 1] ?? row) <= slotOf(row));
    if (!inOrder) rows.sort((a, b) => slotOf(a) - slotOf(b));
    order.set(rows, at);
    at += rows.length;
  }
  return order;
}

function indexesBelow(count: number): Uint32Array {
  const all = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) all[index] = index;
  return all;
}

type Numbers = Float64Array | Uint32Array | Int32Array | Uint8Array;

/**
 * Reuses one array for columns of millions of rows: the garbage collector counts each new array of some
 * kilobytes against its limits, and would run for a quarter of the time.
 *
 * Returns a function that returns an array of the given length, which still has the values of earlier
 * calls. The array is valid until the next call.
 */
export function scratchMemory<T extends Numbers>(create: (length: number) => T) {
  let memory = create(0);
  return (length: number): T => {
    if (memory.length < length) memory = create(length);
    return memory.subarray(0, length) as T;
  };
}
