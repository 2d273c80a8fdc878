// What a column amounts to, in the order of its rows: equal sums mean equal columns but for an ill-willed coincidence.
import type { GroupColumn, TextColumn } from '../../core/depth/row-group.ts';

export interface ColumnSum {
  add(column: GroupColumn): void;
  /** Count of values, count of nulls, and a sum weighted by position, so that values that change places are seen. */
  total(): string;
}

const WEIGHTS = 8191;

export function columnSum(): ColumnSum {
  const texts = new Map<string, number>();
  const all = { values: 0, nulls: 0, sum: 0 };
  const valueOf = (text: string): number => {
    const known = texts.get(text) ?? textValue(text);
    texts.set(text, known);
    return known;
  };
  const numbersOf = ({ names, places }: TextColumn): Float64Array => {
    const known = names.map(valueOf);
    const numbers = new Float64Array(places.length);
    for (let row = 0; row < places.length; row += 1) numbers[row] = known[places[row] ?? -1] ?? NaN;
    return numbers;
  };
  return {
    add(column) {
      let [values, nulls, sum] = [0, 0, all.sum];
      let weight = (all.values + all.nulls) % WEIGHTS;
      const numbers = column instanceof Float64Array ? column : numbersOf(column);
      for (const value of numbers) {
        weight = weight === WEIGHTS ? 1 : weight + 1;
        if (Number.isNaN(value)) nulls += 1;
        else {
          sum += weight * value;
          values += 1;
        }
      }
      all.values += values;
      all.nulls += nulls;
      all.sum = sum;
    },
    total: () => `${String(all.values)} values, ${String(all.nulls)} nulls, sum ${String(all.sum)}`,
  };
}

function textValue(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    value = (value * 31 + text.charCodeAt(index)) % 1_000_003;
  }
  return value;
}
