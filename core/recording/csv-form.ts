// Detects from the first line of a CSV file which kind of recording it is and how its lines are written. In addition to files
// as recorded or exported it accepts files changed by pandas, an editor or a spreadsheet: columns in another order, quoted
// cells, an index column, semicolons with decimal commas, and the Python original's file without a header.
import { COLUMNS, type Cell, type Column, RECORDED_COLUMNS, parseCells } from './columns.ts';
import { COMPAT_COLUMNS, readReferenceCsvCells } from './reference-csv.ts';
import type { RecordedRow } from './rows.ts';

/** day-log: a harvester's · csv: an exported day · reference: the Python original's. */
export type CsvKind = 'day-log' | 'csv' | 'reference';

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
  reference: COMPAT_COLUMNS,
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
  const isReference = named.every((name) => COMPAT_COLUMNS.some((column) => column.name === name));
  const wanted = isReference ? COMPAT_COLUMNS : COLUMNS;
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
      const most = String(COMPAT_COLUMNS.length);
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
