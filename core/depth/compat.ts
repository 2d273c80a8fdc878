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
import { COLUMNS, type Cell, cellIndex } from './columns.ts';
import type { Row } from './row.ts';

/** The reference's columns are our first ones: the last of them is the fifth ask's quantity. */
const COMPAT_COLUMNS = COLUMNS.slice(0, cellIndex('ask_qty_5') + 1);

/** Without a line end. */
export const COMPAT_HEADER = COMPAT_COLUMNS.map(({ name }) => name).join(',');

const FILE_NAME = /^market_depth_(\d{4}-\d\d-\d\d)\.csv(?:\.gz)?$/;

export function compatFileName(date: IstDate): string {
  return `market_depth_${date}.csv`;
}

/** The date that a file of the reference is named for; null for another name. */
export function compatDateIn(fileName: string): IstDate | null {
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
    // pandas takes a column's type from its texts: a price is written as a float, as pandas itself writes it.
    return kind === 'price' ? float(Number(cell ?? 0)) : String(cell ?? 0);
  }).join(',');
}

function float(value: number): string {
  return Number.isInteger(value) ? `${String(value)}.0` : String(value);
}

/**
 * The cells of a line of the reference, null where it wrote the zero of a missing value; null for a line that is no row.
 * A level is missing where price and quantity are both zero: one zero alone was observed.
 */
export function parseCompatLine(line: string): readonly Cell[] | null {
  const texts = line.split(',');
  if (texts.length !== COMPAT_COLUMNS.length) return null;
  const at = instantIn(texts[0] ?? '');
  const symbol = texts[1] ?? '';
  const numbers = texts.slice(2).map((text) => (text === '' ? 0 : Number(text)));
  if (at === null || symbol === '' || !numbers.every(Number.isFinite)) return null;
  const [ltp = 0, buy = 0, sell = 0, ...levels] = numbers;
  return [at, symbol, orMissing(ltp), orMissing(buy), orMissing(sell), ...pairs(levels)];
}

function orMissing(value: number): number | null {
  return value === 0 ? null : value;
}

/** Price and quantity of each level in turn. */
function pairs(levels: readonly number[]): readonly Cell[] {
  return levels.map((value, index) => {
    const other = levels[index % 2 === 0 ? index + 1 : index - 1];
    return value === 0 && other === 0 ? null : value;
  });
}

/** Microseconds are cut to milliseconds. */
function instantIn(text: string): Instant | null {
  try {
    return parseInstant(text.replace(' ', 'T'));
  } catch {
    return null;
  }
}
