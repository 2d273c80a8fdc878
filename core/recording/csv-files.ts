// Reads and writes recordings as CSV files. The reference's file has 25 columns, 09:15 to 15:30, with zero for missing
// values (`market_depth_YYYY-MM-DD.csv`). The first line of a file shows which kind of recording it is and how its lines
// are written. Files are accepted as recorded or exported, and as changed by pandas, an editor or a spreadsheet:
// columns in another order, quoted cells, an index column, semicolons with decimal commas, and the Python original's
// file without a header.
import {
  type Instant,
  type IstDate,
  formatIso,
  instant,
  istDateAt,
  istInstant,
  parseInstant,
  parseIstDate,
} from '../time.ts';
import {
  type Cell,
  cellIndex,
  COLUMNS,
  describeInvalidValue,
  numberIn,
  parseCell,
  type Row,
  type Column,
  RECORDED_COLUMNS,
  parseCells,
} from './columns.ts';
import type { RecordedRow } from './rows.ts';

/** The first columns of a recording, up to the fifth ask's quantity. */
export const REFERENCE_CSV_COLUMNS = COLUMNS.slice(0, cellIndex('ask_qty_5') + 1);

export const REFERENCE_CSV_HEADER = REFERENCE_CSV_COLUMNS.map(({ name }) => name).join(',');

const FILE_NAME = /^market_depth_(\d{4}-\d\d-\d\d)\.csv(?:\.gz)?$/;

export function referenceCsvFileName(date: IstDate): string {
  return `market_depth_${date}.csv`;
}

/** The date in the name of a reference file; null for another name. */
export function referenceCsvDate(fileName: string): IstDate | null {
  return parseIstDate(FILE_NAME.exec(fileName)?.[1] ?? '');
}

/** The reference records from 09:15 (inclusive) to 15:30 (exclusive). */
export function inReferenceCsvHours(at: Instant): boolean {
  const date = istDateAt(at);
  return istInstant(date, '09:15') <= at && at < istInstant(date, '15:30');
}

/** A line without its line end; null outside of the reference's hours. */
export function referenceCsvLine(row: Row): string | null {
  return referenceCsvLineOf(REFERENCE_CSV_COLUMNS.map((column) => column.of(row)));
}

/** The same for cells in the order of the columns; ignores those after the reference's. */
export function referenceCsvLineOf(cells: readonly Cell[]): string | null {
  const at = cells[0];
  if (typeof at !== 'number' || !inReferenceCsvHours(instant(at))) return null;
  return REFERENCE_CSV_COLUMNS.map(({ kind }, index) => {
    const cell = cells[index] ?? null;
    if (kind === 'timestamp') return cell === null ? '' : formatIso(instant(Number(cell)));
    // The reference writes zeros for a missing level. For half a level a zero would be a different observation.
    if (cell === null && (cells[levelPartner(index) ?? -1] ?? null) !== null) return '';
    // pandas infers a column's type from its texts, so write a price as a float, like pandas itself.
    return kind === 'price' ? formatFloat(Number(cell ?? 0)) : String(cell ?? 0);
  }).join(',');
}

function formatFloat(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** The first level's price. From here on price and quantity alternate. */
const FIRST_LEVEL_INDEX = cellIndex('bid_px_1');

/** The column of a level's other number; null for a column that belongs to no level. */
function levelPartner(index: number): number | null {
  if (index < FIRST_LEVEL_INDEX) return null;
  return (index - FIRST_LEVEL_INDEX) % 2 === 0 ? index + 1 : index - 1;
}

/** Texts that the reference, pandas and other programs write for a missing number. */
const MISSING_NUMBER = /^(?:nan|none|null|<na>)?$/i;

/**
 * Returns the cells of a line of the reference, or why it is not a row. The zero of a missing value becomes null. A level is
 * missing if both price and quantity are zero: a zero next to another number was observed.
 * @param decimal separator of rupees and paise
 */
export function readReferenceCsvCells(
  texts: readonly string[],
  decimal: '.' | ',' = '.',
): readonly Cell[] | { readonly why: string } {
  const cells: Cell[] = [];
  for (const [index, column] of REFERENCE_CSV_COLUMNS.entries()) {
    const text = (texts[index] ?? '').trim();
    const cell = readCell(column, text, decimal);
    if (cell === undefined) return { why: describeInvalidValue(column, text) };
    cells.push(cell);
  }
  return cells.map((cell, index) => {
    if (cell !== 0) return cell;
    const partner = levelPartner(index);
    return partner === null || (cells[partner] ?? 0) === 0 ? null : cell;
  });
}

function readCell(
  column: (typeof REFERENCE_CSV_COLUMNS)[number],
  text: string,
  decimal: '.' | ',',
): Cell | undefined {
  const { kind } = column;
  if (kind === 'timestamp') return instantIn(text);
  if (kind === 'text') return parseCell(column, text);
  if (MISSING_NUMBER.test(text)) return null;
  return numberIn(kind, decimal === ',' ? text.replace(/^(-?\d+),(\d+)$/, '$1.$2') : text);
}

/** Parses the forms that Python, pandas and databases write. Cuts microseconds to milliseconds. */
function instantIn(text: string): Instant | undefined {
  try {
    return parseInstant(text.replace(/([+-]\d\d)(\d\d)?$/, withColon));
  } catch {
    return undefined;
  }
}

function withColon(_offset: string, hours: string, minutes = '00'): string {
  return `${hours}:${minutes}`;
}

/** day-log: a harvester's · csv: an exported day · reference: the Python original's. */
type CsvKind = 'day-log' | 'csv' | 'reference';

export interface CsvForm {
  readonly kind: CsvKind;
  readonly separator: Separator;
  readonly hasHeader: boolean;
  /** The cell index of each of the kind's columns, in their order. */
  readonly places: readonly number[];
  /** Number of cells in a line. */
  readonly width: number;
}

/** Why a file or a line cannot be read, without a full stop, such as "it has no column slot". */
export interface Unreadable {
  readonly why: string;
}

export const COLUMNS_OF: Readonly<Record<CsvKind, readonly Omit<Column, 'of' | 'group'>[]>> = {
  'day-log': COLUMNS,
  csv: RECORDED_COLUMNS,
  reference: REFERENCE_CSV_COLUMNS,
};

type Separator = ',' | ';' | '\t';
const SEPARATORS: readonly Separator[] = [',', ';', '\t'];
const KINDS: readonly CsvKind[] = ['reference', 'day-log', 'csv'];

/** Returns the form that a header describes; null if the line is not a header of a recording. */
export function formInHeader(line: string): CsvForm | Unreadable | null {
  for (const separator of SEPARATORS) {
    const names = (splitCells(line, separator) ?? []).map((name) => name.trim().toLowerCase());
    if (names.includes('timestamp') && names.includes('symbol')) return formOf(names, separator);
  }
  return null;
}

function formOf(names: readonly string[], separator: Separator): CsvForm | Unreadable {
  const named = names.filter((name) => !isIndex(name));
  const twice = named.find((name, place) => named.indexOf(name) !== place);
  if (twice !== undefined) return { why: `it has the column ${twice} twice` };
  for (const kind of KINDS) {
    const wanted = COLUMNS_OF[kind].map(({ name }) => name);
    if (wanted.length !== named.length || !wanted.every((name) => named.includes(name))) continue;
    const places = wanted.map((name) => names.indexOf(name));
    return { kind, separator, hasHeader: true, places, width: names.length };
  }
  const isReference = named.every((name) =>
    REFERENCE_CSV_COLUMNS.some((column) => column.name === name),
  );
  const wanted = isReference ? REFERENCE_CSV_COLUMNS : COLUMNS;
  const missing = wanted.find(({ name }) => !named.includes(name));
  if (missing !== undefined) return { why: `it has no column ${missing.name}` };
  const unknown = named.find((name) => !RECORDED_COLUMNS.some((column) => column.name === name));
  return { why: unknown === undefined ? 'its columns differ' : `it has a column ${unknown}` };
}

/** Names that pandas gives a column of row numbers. */
function isIndex(name: string): boolean {
  return name === '' || name === 'index' || /^unnamed: \d+$/.test(name);
}

/**
 * Returns the form of a file without a header, which the Python original writes if it finds an empty file.
 * @returns null if the line does not resemble a row of a recording
 */
export function formInRow(line: string): CsvForm | Unreadable | null {
  for (const separator of SEPARATORS) {
    const cells = splitCells(line, separator) ?? [];
    if (!/^\d/.test(cells[0] ?? '') || !/^(?:NSE|BSE):/i.test(cells[1] ?? '')) continue;
    const kind = KINDS.find((each) => COLUMNS_OF[each].length === cells.length);
    if (kind === undefined) {
      const most = String(REFERENCE_CSV_COLUMNS.length);
      return {
        why: `it has no header, and its first line has ${String(cells.length)} cells instead of ${most}`,
      };
    }
    const places = [...cells.keys()];
    const form = { kind, separator, hasHeader: false, places, width: cells.length } as const;
    const row = readLine(line, form);
    return 'why' in row ? { why: `it has no header, and in its first line ${row.why}` } : form;
  }
  return null;
}

export function readLine(line: string, form: CsvForm): RecordedRow | Unreadable {
  const texts = textsIn(line, form);
  if ('why' in texts) return texts;
  const { kind, separator } = form;
  const cells =
    kind === 'reference'
      ? readReferenceCsvCells(texts, separator === ';' ? ',' : '.')
      : parseCells(COLUMNS_OF[kind], separator === ';' ? texts.map(withPoint) : texts);
  if ('why' in cells) return cells;
  const rest: readonly Cell[] = Array.from(
    { length: RECORDED_COLUMNS.length - cells.length },
    () => null,
  );
  return [...cells, ...rest];
}

function textsIn(line: string, form: CsvForm): readonly string[] | Unreadable {
  const cells = splitCells(line, form.separator);
  if (cells === null) return { why: 'a quote is not closed' };
  if (cells.length !== form.width) {
    return { why: `it has ${String(cells.length)} cells instead of ${String(form.width)}` };
  }
  return form.places.map((place) => cells[place] ?? '');
}

function withPoint(text: string): string {
  return /^-?\d+,\d+$/.test(text) ? text.replace(',', '.') : text;
}

/** A quoted cell may contain the separator, and a doubled quote. Returns null if a quote is not closed. */
export function splitCells(line: string, separator: string): readonly string[] | null {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let [cell, quoted] = ['', false];
  for (let at = 0; at < line.length; at += 1) {
    const letter = line.charAt(at);
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (line.charAt(at + 1) === '"') {
        cell += letter;
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && cell === '') quoted = true;
    else if (letter === separator) {
      cells.push(cell);
      cell = '';
    } else cell += letter;
  }
  return quoted ? null : [...cells, cell];
}
