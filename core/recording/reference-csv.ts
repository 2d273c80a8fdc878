// Reads and writes the reference's file: `market_depth_YYYY-MM-DD.csv`, 25 columns, 09:15 to 15:30, with zero for missing values.
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
} from './columns.ts';

/** The first columns of a recording, up to the fifth ask's quantity. */
export const COMPAT_COLUMNS = COLUMNS.slice(0, cellIndex('ask_qty_5') + 1);

export const COMPAT_HEADER = COMPAT_COLUMNS.map(({ name }) => name).join(',');

const FILE_NAME = /^market_depth_(\d{4}-\d\d-\d\d)\.csv(?:\.gz)?$/;

export function compatFileName(date: IstDate): string {
  return `market_depth_${date}.csv`;
}

/** The date in the name of a reference file; null for another name. */
export function referenceCsvDate(fileName: string): IstDate | null {
  return parseIstDate(FILE_NAME.exec(fileName)?.[1] ?? '');
}

/** The reference records from 09:15 (inclusive) to 15:30 (exclusive). */
export function inCompatHours(at: Instant): boolean {
  const date = istDateAt(at);
  return istInstant(date, '09:15') <= at && at < istInstant(date, '15:30');
}

/** A line without its line end; null outside of the reference's hours. */
export function compatLine(row: Row): string | null {
  return compatLineOf(COMPAT_COLUMNS.map((column) => column.of(row)));
}

/** The same for cells in the order of the columns; ignores those after the reference's. */
export function compatLineOf(cells: readonly Cell[]): string | null {
  const at = cells[0];
  if (typeof at !== 'number' || !inCompatHours(instant(at))) return null;
  return COMPAT_COLUMNS.map(({ kind }, index) => {
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
  for (const [index, column] of COMPAT_COLUMNS.entries()) {
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
  column: (typeof COMPAT_COLUMNS)[number],
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
