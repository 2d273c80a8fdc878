import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineParser } from '../../../adapters/recordings/day-archive.ts';
import { COLUMNS, type Cell, csvLine, parseCsvLine } from '../../../core/recording/columns.ts';
import { SECOND, plus } from '../../../core/time.ts';
import { OPENS_AT, sampleRow } from '../../support/depth.ts';

const parse = lineParser();

/** Returns the parsed line in the form of `parseCsvLine`. */
function read(line: string): readonly Cell[] | null {
  // The parser must not read the neighbouring lines of the block.
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

/** Cells in valid and invalid forms of a number or an instant. */
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

describe('lineParser', () => {
  test('agrees with parseCsvLine for a valid line', () => {
    fc.assert(
      fc.property(lines, (line) => {
        expect(read(line)).toEqual(parseCsvLine(line));
      }),
    );
  });

  test('agrees with parseCsvLine if a cell is odd, added or missing', () => {
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

  test('agrees with parseCsvLine if the line is cut at any place', () => {
    const line = csvLine(sampleRow('NSE:SBIN-EQ', OPENS_AT));
    for (let length = 0; length < line.length; length += 1) {
      expect(read(line.slice(0, length))).toEqual(parseCsvLine(line.slice(0, length)));
    }
  });
});
