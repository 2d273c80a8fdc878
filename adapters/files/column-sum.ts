// What a column amounts to, in the order of its rows: equal sums mean equal columns but for an ill-willed coincidence.
import type { Cell } from '../../core/depth/columns.ts';

export interface ColumnSum {
  add(cell: Cell): void;
  /** Count of values, count of nulls, and a sum weighted by position, so that values that change places are seen. */
  total(): string;
}

const WEIGHTS = 8191;

export function columnSum(): ColumnSum {
  let [values, nulls, sum] = [0, 0, 0];
  return {
    add(cell) {
      if (cell === null) {
        nulls += 1;
        return;
      }
      const weight = 1 + ((values + nulls) % WEIGHTS);
      sum += weight * (typeof cell === 'number' ? cell : textValue(cell));
      values += 1;
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
