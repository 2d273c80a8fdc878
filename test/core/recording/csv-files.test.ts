import { describe, expect, test } from 'vitest';
import { CSV_HEADER } from '../../../core/recording/columns.ts';
import {
  REFERENCE_CSV_COLUMNS,
  REFERENCE_CSV_HEADER,
  type CsvForm,
  formInHeader,
  formInRow,
  readLine,
  splitCells,
} from '../../../core/recording/csv-files.ts';
import { parseInstant } from '../../../core/time.ts';

const NAMES = REFERENCE_CSV_HEADER.split(',');
const NUMBERS = Array.from({ length: 23 }, (_, index) => String(index + 1));
const STAMP = '2025-12-26T09:15:02.000+05:30';
const LINE = [STAMP, 'NSE:SBIN-EQ', ...NUMBERS].join(',');
const CELLS = [parseInstant(STAMP), 'NSE:SBIN-EQ', ...NUMBERS.map(Number)];

function formOf(header: string): CsvForm {
  const form = formInHeader(header);
  if (form === null || 'why' in form) throw new Error(JSON.stringify(form));
  return form;
}

function cellsOf(line: string, form: CsvForm): unknown {
  const row = readLine(line, form);
  return 'why' in row ? row.why : row.slice(0, REFERENCE_CSV_COLUMNS.length);
}

const reversed = (line: string, by = ',') => line.split(',').toReversed().join(by);
const quoted = (line: string) =>
  line
    .split(',')
    .map((cell) => `"${cell}"`)
    .join(',');

describe('formInHeader', () => {
  test.each([
    ['as the Python original writes it', REFERENCE_CSV_HEADER, LINE],
    ['in another order', reversed(REFERENCE_CSV_HEADER), reversed(LINE)],
    ['with semicolons and decimal commas', NAMES.join(';'), LINE.replaceAll(',', ';')],
    ['with tabs', NAMES.join('\t'), LINE.replaceAll(',', '\t')],
    ['in quotes', quoted(REFERENCE_CSV_HEADER), quoted(LINE)],
    ['in capitals, with blanks', NAMES.map((name) => ` ${name.toUpperCase()} `).join(), LINE],
    ["with pandas' row numbers", `,${REFERENCE_CSV_HEADER}`, `7,${LINE}`],
    ['with a named row number', `Unnamed: 0,${REFERENCE_CSV_HEADER}`, `7,${LINE}`],
  ])('recognises the header of the Python original %s', (_how, header, line) => {
    expect(cellsOf(line, formOf(header))).toEqual(CELLS);
  });

  test('allows decimal commas between semicolons, and not between commas', () => {
    const cells = [STAMP, 'NSE:SBIN-EQ', '427,25', ...NUMBERS.slice(1)];
    const row = readLine(cells.join(';'), formOf(NAMES.join(';')));
    expect('why' in row ? row.why : row[2]).toBe(427.25);
    const bad = ['"427,25"', ...NUMBERS.slice(1)];
    expect(cellsOf([STAMP, 'NSE:SBIN-EQ', ...bad].join(), formOf(REFERENCE_CSV_HEADER))).toContain(
      'ltp "427,25" is not a number',
    );
  });

  test.each([
    [NAMES.slice(0, -1).join(), 'it has no column ask_qty_5'],
    [`${REFERENCE_CSV_HEADER},extra`, 'it has no column slot'],
    [`${REFERENCE_CSV_HEADER},ltp`, 'it has the column ltp twice'],
    [`${CSV_HEADER},extra`, 'it has a column extra'],
  ])('refuses a header with the name of the wrong column: %s', (header, why) => {
    expect(formInHeader(header)).toEqual({ why });
  });

  test.each(['', 'a,b', LINE, 'timestamp', 'symbol;ltp'])('returns null for "%s"', (line) => {
    expect(formInHeader(line)).toBeNull();
  });

  test('recognises the header of a day log in another order', () => {
    expect(formOf(reversed(CSV_HEADER)).kind).toBe('day-log');
  });
});

describe('formInRow', () => {
  test('recognises a row of the Python original, whose cells are read by position', () => {
    const form = formInRow(LINE);
    expect(form).toMatchObject({ kind: 'reference', hasHeader: false });
    expect(cellsOf(LINE, form as CsvForm)).toEqual(CELLS);
    expect(formInRow(LINE.replaceAll(',', ';'))).toMatchObject({ separator: ';' });
  });

  test.each([
    [LINE.slice(0, LINE.lastIndexOf(',')), /24 cells instead of 25/],
    [`${LINE},1`, /26 cells instead of 25/],
    [
      LINE.replace('+05:30', ''),
      /timestamp "2025-12-26T09:15:02.000" is not a time with its offset/,
    ],
    [LINE.replace(STAMP, '26-12-2025 09:15'), /timestamp "26-12-2025 09:15" is not a time/],
    [LINE.replace(',1,', ',x,'), /ltp "x" is not a number/],
    [LINE.replace(',2,', ',2.5,'), /total_buy_qty "2\.5" is not a whole number/],
  ])('refuses with its reason the row %s', (line, why) => {
    expect(formInRow(line)).toEqual({ why: expect.stringMatching(why) as string });
  });

  test.each(['', 'a,b', '1,2', 'NSE:SBIN-EQ,2025-12-26'])('returns null for "%s"', (line) => {
    expect(formInRow(line)).toBeNull();
  });
});

describe('readLine', () => {
  const form = formOf(REFERENCE_CSV_HEADER);
  const at = (stamp: string) => {
    const row = readLine(LINE.replace(STAMP, stamp), form);
    return 'why' in row ? null : row[0];
  };

  test.each([
    '2025-12-26 09:15:02+05:30',
    '2025-12-26T09:15:02.000000+05:30',
    '2025-12-26T09:15:02.000999+0530',
    '2025-12-26T03:45:02Z',
    '2025-12-26 03:45:02.000+00:00',
    '2025-12-26T03:45:02+00',
  ])('accepts the timestamp %s', (stamp) => {
    expect(at(stamp)).toBe(parseInstant(STAMP));
  });

  test.each([
    '2025-12-26T09:15:02',
    '26-12-2025 09:15:02',
    '12/26/2025 09:15:02 +05:30',
    '01/02/2025 09:15+05:30',
    '2025-02-30T09:15:02+05:30',
    '2025-12-26T25:15:02+05:30',
    '46017.385',
    '1766720702',
    '9.15E+05',
    '',
  ])('refuses the timestamp "%s"', (stamp) => {
    expect(at(stamp)).toBeNull();
  });

  test.each([
    '=cmd|x!A1',
    '@SUM(A1)',
    '+NSE:SBIN-EQ',
    '-1+1',
    'NSE:SBIN\u001b[2J',
    'nse:sbin-eq',
    'NSE:',
    'NSE:SBIN EQ',
    '../../etc/passwd',
    'NSE:<script>',
  ])('refuses the symbol %j', (symbol) => {
    expect(cellsOf(LINE.replace('NSE:SBIN-EQ', symbol), form)).toContain('is not a symbol');
  });

  test('reads a blank number as null', () => {
    const cells = [STAMP, 'NSE:SBIN-EQ', '" "', ...NUMBERS.slice(1)];
    expect((cellsOf(cells.join(), form) as unknown[])[2]).toBeNull();
  });

  test.each(['0x10', 'Infinity', '1_000', '1,5', '=1+1', '१२'])(
    'refuses the number %j',
    (number) => {
      const cells = [STAMP, 'NSE:SBIN-EQ', ...NUMBERS];
      cells[2] = `"${number}"`;
      expect(cellsOf(cells.join(), form)).toMatch(/^ltp ".*" is not a number$/);
    },
  );
});

describe('splitCells', () => {
  test.each([
    ['a,b', ['a', 'b']],
    ['', ['']],
    ['a,', ['a', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a""b",c', ['a"b', 'c']],
    ['a"b,c', ['a"b', 'c']],
  ])('splits %j', (line, cells) => {
    expect(splitCells(line, ',')).toEqual(cells);
  });

  test('returns null if a quote is not closed', () => {
    expect(splitCells('a,"b,c', ',')).toBeNull();
  });
});
