import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineParser } from '../../../adapters/recordings/day-archive.ts';
import { COLUMNS, type Cell, csvLine, parseCsvLine } from '../../../core/recording/columns.ts';
import { SECOND, plus } from '../../../core/time.ts';
import { OPENS_AT, sampleRow } from '../../support/depth.ts';

const parse = lineParser();

/** What it reads, as the table of columns reads it. */
function read(line: string): readonly Cell[] | null {
  // Neighbours in the block are none of the line's.
  const bytes = Buffer.from(`9,9\n${line}\n9,9`);
  const row = parse(bytes, 4, bytes.length - 4);
  if (row === null) return null;
  return COLUMNS.map((_, index) => {
    const number = row.numbers[index] ?? NaN;
    return Number.isNaN(number) ? (row.texts[index] ?? null) : number;
  });
}

const lines = fc
  .record({ symbol: fc.constantFrom('NSE:SBIN-EQ', 'NSE:M&M-EQ', 'NSE:É-EQ'), slot: fc.nat(5_000) })
  .map(({ symbol, slot }) => csvLine(sampleRow(symbol, plus(OPENS_AT, slot * 5 * SECOND))));

/** Cells of every form that a number or an instant may come in, and of some that are none. */
const odd = fc.oneof(
  fc.double().map(String),
  fc.maxSafeInteger().map(String),
  fc.nat({ max: 10_000 }).map((ticks) => String(ticks / 20)),
  fc.stringMatching(/^-?[0-9]{0,18}\.?[0-9]{0,18}$/),
  fc.stringMatching(/^[ 0-9eE+\-.xT:Z]{0,12}$/),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.stringMatching(
    /^2026-1[0-3]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.[0-9]{3}\+05:[03]0$/,
  ),
  fc.constantFrom(
    '',
    ' ',
    '-',
    '.',
    '-0',
    '1.',
    '.5',
    '5.0',
    '1e3',
    '0x10',
    'Infinity',
    'NaN',
    '1\r',
  ),
);

describe('A line of the day log, read from its bytes', () => {
  test('is what the table of columns says of its text', () => {
    fc.assert(
      fc.property(lines, (line) => {
        expect(read(line)).toEqual(parseCsvLine(line));
      }),
    );
  });

  test('is so too when a cell is odd, or too many or too few', () => {
    const place = fc.nat(COLUMNS.length - 1);
    fc.assert(
      fc.property(lines, place, odd, fc.constantFrom(0, 1, 2), (line, at, cell, removed) => {
        const cells = line.split(',');
        cells.splice(at, removed, cell);
        const changed = cells.join(',');
        expect(read(changed)).toEqual(parseCsvLine(changed));
      }),
      { numRuns: 2_000 },
    );
  });

  test('is so too when it is cut short anywhere', () => {
    const line = csvLine(sampleRow('NSE:SBIN-EQ', OPENS_AT));
    for (let length = 0; length < line.length; length += 1) {
      expect(read(line.slice(0, length))).toEqual(parseCsvLine(line.slice(0, length)));
    }
  });
});
