// The reference's file: `market_depth_YYYY-MM-DD.csv`, 25 columns, 09:15 to 15:30, and zero where nothing was seen.
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
  notAValue,
  numberIn,
  parseCell,
  type Row,
} from './columns.ts';

/** The reference's columns are our first ones: the last of them is the fifth ask's quantity. */
export const COMPAT_COLUMNS = COLUMNS.slice(0, cellIndex('ask_qty_5') + 1);

/** Without a line end. */
export const COMPAT_HEADER = COMPAT_COLUMNS.map(({ name }) => name).join(',');

const FILE_NAME = /^market_depth_(\d{4}-\d\d-\d\d)\.csv(?:\.gz)?$/;

export function compatFileName(date: IstDate): string {
  return `market_depth_${date}.csv`;
}

/** The date that a file of the reference is named for; null for another name. */
export function referenceCsvDate(fileName: string): IstDate | null {
  return parseIstDate(FILE_NAME.exec(fileName)?.[1] ?? '');
}

/** The hours in which the reference records: 09:15 inside, 15:30 outside. */
export function inCompatHours(at: Instant): boolean {
  const date = istDateAt(at);
  return istInstant(date, '09:15') <= at && at < istInstant(date, '15:30');
}

/** A line without its end; null outside of the reference's hours. */
export function compatLine(row: Row): string | null {
  return compatLineOf(COMPAT_COLUMNS.map((column) => column.of(row)));
}

/** The same of cells in the order of the columns; those after the reference's are passed over. */
export function compatLineOf(cells: readonly Cell[]): string | null {
  const at = cells[0];
  if (typeof at !== 'number' || !inCompatHours(instant(at))) return null;
  return COMPAT_COLUMNS.map(({ kind }, index) => {
    const cell = cells[index] ?? null;
    if (kind === 'timestamp') return cell === null ? '' : formatIso(instant(Number(cell)));
    // Of a level that is missing the reference writes zeros. Of half a level a zero would be another observation.
    if (cell === null && (cells[levelPartner(index) ?? -1] ?? null) !== null) return '';
    // pandas takes a column's type from its texts: a price is written as a float, as pandas itself writes it.
    return kind === 'price' ? float(Number(cell ?? 0)) : String(cell ?? 0);
  }).join(',');
}

function float(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** The first level's price; after it price and quantity of each level in turn. */
const LEVELS_FROM = cellIndex('bid_px_1');

/** The column of a level's other number; null for a column that belongs to no level. */
function levelPartner(index: number): number | null {
  if (index < LEVELS_FROM) return null;
  return (index - LEVELS_FROM) % 2 === 0 ? index + 1 : index - 1;
}

/** What the reference, pandas and others write for a number that is missing. */
const MISSING = /^(?:nan|none|null|<na>)?$/i;

/**
 * The cells of a line of the reference, null where it wrote the zero of a missing value, or why it is not a row. A level is
 * missing when price and quantity both are: one zero next to a number was observed.
 * @param decimal what stands between rupees and paise
 */
export function readReferenceCsvCells(
  texts: readonly string[],
  decimal: '.' | ',' = '.',
): readonly Cell[] | { readonly why: string } {
  const cells: Cell[] = [];
  for (const [index, column] of COMPAT_COLUMNS.entries()) {
    const text = (texts[index] ?? '').trim();
    const cell = readCell(column, text, decimal);
    if (cell === undefined) return { why: notAValue(column, text) };
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
  if (MISSING.test(text)) return null;
  return numberIn(kind, decimal === ',' ? text.replace(/^(-?\d+),(\d+)$/, '$1.$2') : text);
}

/** As Python, pandas or a database write it. Microseconds are cut to milliseconds. */
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
