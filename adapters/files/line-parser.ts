// Lines of the day log from their bytes. What a cell means is written in columns.ts: this reads the common forms of it sooner.
import { COLUMNS, type Column, parseCell } from '../../core/depth/columns.ts';
import type { Observed } from '../../core/depth/observed.ts';
import { HOUR, MINUTE, SECOND, istInstant, parseIstDate } from '../../core/time.ts';

/** A line without its end; null for what is not a whole row. The row is good until the next call. */
export type LineParser = (bytes: Buffer, from: number, to: number) => Observed | null;

const STAMP = '2026-11-25T09:00:00.000+05:30';
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** As many digits as a double holds exactly, whatever they are. */
const DIGITS_MAX = 15;
/** Exact, so that a quotient by one is rounded once, as the text's own value is. */
const TENS = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, power) => 10 ** power);

export function lineParser(): LineParser {
  const numbers = new Float64Array(COLUMNS.length).fill(NaN);
  const texts = new Array<string | null>(COLUMNS.length).fill(null);
  const row: Observed = { numbers, texts };
  const clock = clockParser();
  const last = COLUMNS.length - 1;
  let end = 0;

  /** NaN where the number is of no common form. Sets `end`. */
  const number = (bytes: Buffer, from: number, to: number, whole: boolean): number => {
    const first = bytes[from] === MINUS ? from + 1 : from;
    let [value, digits, point] = [0, 0, -1];
    for (end = first; end < to; end += 1) {
      const byte = bytes[end] ?? COMMA;
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) {
        value = value * 10 + digit;
        digits += 1;
      } else if (byte === POINT && point < 0) point = end;
      else break;
    }
    if (digits === 0 || digits > DIGITS_MAX) return NaN;
    if (point >= 0) {
      if (whole || point === first || point === end - 1) return NaN;
      value /= TENS[end - point - 1] ?? NaN;
    }
    return first === from ? value : -value;
  };

  /** The cell at `from`, which ends at `end` then. False where it is no value of the column. */
  const cell = (column: Column, index: number, bytes: Buffer, from: number, to: number) => {
    if (bytes[from] === COMMA || from === to) {
      end = from;
      numbers[index] = NaN;
      texts[index] = null;
      return column.nullable;
    }
    if (column.kind === 'timestamp') {
      end = from + STAMP.length;
      numbers[index] = clock(bytes, from, to);
    } else if (column.kind !== 'text') {
      numbers[index] = number(bytes, from, to, column.kind === 'count');
    }
    const read = column.kind !== 'text' && !Number.isNaN(numbers[index]);
    if (read && (end === to || bytes[end] === COMMA)) return true;
    end = endOf(bytes, from, to);
    const value = parseCell(column, bytes.toString('utf8', from, end));
    if (typeof value === 'string') texts[index] = value;
    else numbers[index] = value ?? NaN;
    return value !== undefined;
  };

  return (bytes, from, to) => {
    let at = from;
    for (let index = 0; index <= last; index += 1) {
      const column = COLUMNS[index];
      if (column === undefined || at > to || !cell(column, index, bytes, at, to)) return null;
      if (index === last ? end !== to : end >= to) return null;
      at = end + 1;
    }
    return row;
  };
}

function endOf(bytes: Buffer, from: number, to: number): number {
  let end = from;
  while (end < to && bytes[end] !== COMMA) end += 1;
  return end;
}

/** The instant of a stamp such as {@link STAMP}; NaN for any other form. A log has one date, which is read once. */
function clockParser(): (bytes: Buffer, from: number, to: number) => number {
  const date = Buffer.alloc(10);
  let midnight = NaN;
  return (bytes, from, to) => {
    if (from + STAMP.length > to) return NaN;
    for (const place of FIXED) if (bytes[from + place] !== FORM[place]) return NaN;
    if (!isSame(date, bytes, from)) {
      const found = parseIstDate(bytes.toString('latin1', from, from + date.length));
      if (found === null) return NaN;
      midnight = istInstant(found, '00:00');
      bytes.copy(date, 0, from, from + date.length);
    }
    const hours = digits(bytes, from + 11, 2);
    const minutes = digits(bytes, from + 14, 2);
    const seconds = digits(bytes, from + 17, 2);
    if (hours > 23 || minutes > 59 || seconds > 59) return NaN;
    const ms = digits(bytes, from + 20, 3);
    return midnight + hours * HOUR + minutes * MINUTE + seconds * SECOND + ms;
  };
}

/** Quicker than the library's comparison, for so few bytes. */
function isSame(date: Buffer, bytes: Buffer, from: number): boolean {
  for (let at = 0; at < date.length; at += 1) if (date[at] !== bytes[from + at]) return false;
  return true;
}

const FORM = Buffer.from(STAMP);
/** Places of what a stamp has at every instant of India. */
const FIXED = Uint8Array.from(
  [...FORM.keys()].filter((at) => /[T:.]/.test(STAMP.charAt(at)) || at > 22),
);

/** NaN where one is no digit. */
function digits(bytes: Buffer, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
