import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  COLUMNS,
  type Cell,
  RECORDED_COLUMNS,
  cellIndex,
} from '../../../core/recording/columns.ts';
import { observedOf } from '../../../core/recording/observed.ts';
import { type RowGroup, collecting, groupOf } from '../../../core/recording/row-group.ts';
import { SECOND, plus } from '../../../core/time.ts';
import { OPENS_AT, sampleRow } from '../../support/depth.ts';

const SYMBOL = cellIndex('symbol');
const SLOT = cellIndex('slot');

function rowsOf(group: RowGroup): readonly (readonly Cell[])[] {
  const columns = RECORDED_COLUMNS.map((_, index) => {
    const column = group.column(index);
    if (column instanceof Float64Array) {
      return Array.from(column, (value) => (Number.isNaN(value) ? null : value));
    }
    return Array.from(column.places, (place) => column.names[place] ?? null);
  });
  return Array.from({ length: group.rows }, (_, row) =>
    columns.map((column) => column[row] ?? null),
  );
}

const rows = fc.array(
  fc.record({
    symbol: fc.constantFrom('NSE:SBIN-EQ', 'NSE:INFY-EQ', 'NSE:M&M-EQ'),
    slot: fc.nat(20),
    lastPrice: fc.option(fc.nat(100)),
    phase: fc.constantFrom('CONTINUOUS', null),
  }),
  { maxLength: 30 },
);

describe('A row group', () => {
  test('returns all added rows sorted by symbol and slot, and is empty afterwards', () => {
    const group = collecting(30);
    fc.assert(
      fc.property(rows, (given) => {
        const cells = given.map(({ symbol, slot, lastPrice, phase }) => {
          const row = sampleRow(symbol, plus(OPENS_AT, slot * 5 * SECOND), { lastPrice });
          return [...COLUMNS.map(({ of }) => of(row)), phase, null, null];
        });
        for (const each of cells)
          group.add(observedOf(each), each.slice(COLUMNS.length) as string[]);
        const expected = cells.toSorted((a, b) => {
          const names = [String(a[SYMBOL]), String(b[SYMBOL])];
          if (names[0] !== names[1]) return (names[0] ?? '') < (names[1] ?? '') ? -1 : 1;
          return Number(a[SLOT]) - Number(b[SLOT]);
        });
        expect(group.rows()).toBe(given.length);
        expect(rowsOf(group.take())).toEqual(expected);
        expect(group.rows()).toBe(0);
      }),
    );
  });

  test('returns the rows that groupOf was given', () => {
    const cells = RECORDED_COLUMNS.map(({ kind }, index) => (kind === 'text' ? 'x' : index));
    expect(rowsOf(groupOf(RECORDED_COLUMNS, [cells]))).toEqual([cells]);
  });
});
