// What a column amounts to, in the order of its rows: equal sums mean equal columns but for an ill-willed coincidence.
import type { GroupColumn } from '../../core/depth/row-group.ts';

export interface ColumnSum {
  /** What is to be written. */
  add(column: GroupColumn): void;
  /** What was read: null and undefined are missing values. */
  addRead(values: Iterable<unknown>): void;
  /** Count of values, count of nulls, and a sum weighted by position, so that values that change places are seen. */
  total(): string;
}

const WEIGHTS = 8191;

export function columnSum(): ColumnSum {
  const texts = new Map<string, number>();
  let [values, nulls, sum, weight] = [0, 0, 0, 0];
  const addOne = (value: number): void => {
    weight = weight === WEIGHTS ? 1 : weight + 1;
    if (Number.isNaN(value)) nulls += 1;
    else {
      sum += weight * value;
      values += 1;
    }
  };
  const valueOf = (text: string): number => {
    const known = texts.get(text) ?? textValue(text);
    texts.set(text, known);
    return known;
  };
  return {
    add(column) {
      if (column instanceof Float64Array) {
        for (const value of column) addOne(value);
        return;
      }
      const known = column.names.map(valueOf);
      for (const place of column.places) addOne(known[place] ?? NaN);
    },
    addRead(column) {
      for (const value of column) {
        if (value === null || value === undefined) addOne(NaN);
        else addOne(typeof value === 'string' ? valueOf(value) : Number(value));
      }
    },
    total: () => `${String(values)} values, ${String(nulls)} nulls, sum ${String(sum)}`,
  };
}

function textValue(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    value = (value * 31 + text.charCodeAt(index)) % 1_000_003;
  }
  return value;
}
