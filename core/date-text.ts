// Reads a date that a person typed, and explains the error if it is almost a date.
import { type IstDate, parseIstDate } from './time.ts';

type ReadDate =
  | { readonly ok: true; readonly value: IstDate }
  /** A whole sentence without its full stop. */
  | { readonly ok: false; readonly problem: string };

const EXAMPLE = '2026-11-25';
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const NAMED_DAY = /^(?:today|yesterday|tomorrow|latest|last|now)$/i;
/** Three groups of digits, or one, or a month's name; a time of day may follow. */
const LIKE_A_DATE = [
  /^\d{1,4}[-/._ ]\d{1,2}(?:[-/._ ]\d{1,4})?(?:[T ][\d:.+-]*Z?)?$/,
  /^(?:\d{6}|\d{8})$/,
  /^\d{1,4}[-/. ]?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-/., ]{0,2}\d{1,4}$/i,
  /^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2},? \d{4}$/i,
];

/** Whether the text is meant as a date, so that a command does not treat it as a file name. */
export function isLikeDate(text: string): boolean {
  const plain = withPlainDashes(text);
  return plain.length <= 40 && [NAMED_DAY, ...LIKE_A_DATE].some((form) => form.test(plain));
}

/** Reads a trading day. Every command uses this function. */
export function readDate(text: string): ReadDate {
  const date = parseIstDate(text.trim());
  if (date !== null) return { ok: true, value: date };
  const problem = `"${text}" is not a date as YYYY-MM-DD, such as ${EXAMPLE}`;
  const why = explainError(text);
  return { ok: false, problem: why === null ? problem : `${problem}: ${why}` };
}

function explainError(text: string): string | null {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text.trim()) ?? [];
  if (year !== undefined && month !== undefined && day !== undefined) {
    return Number(month) < 1 || Number(month) > 12
      ? `there is no month ${month}`
      : `month ${month} of ${year} has no day ${day}`;
  }
  const meant = isLikeDate(text) ? guessDate(withPlainDashes(text)) : null;
  return meant === null ? null : `did you mean ${meant}?`;
}

/** The date that the text probably means, or null. India writes the day first. */
function guessDate(text: string): IstDate | null {
  const named = text.toLowerCase().replace(/[a-z]{3,}/, (word) => monthOf(word) ?? word);
  const groups = /^\d{8}$/.test(named)
    ? [
        [named.slice(0, 4), named.slice(4, 6), named.slice(6)],
        [named.slice(4), named.slice(2, 4), named.slice(0, 2)],
      ]
    : readingsOf(named.replace(/[t ][\d.+-]*:[\d:.+-]*z?$/, '').split(/[-/._ ,]+/));
  for (const [year = '', month = '', day = ''] of groups) {
    const date = parseIstDate(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`);
    if (date !== null) return date;
  }
  return null;
}

function readingsOf(parts: readonly string[]): readonly (readonly string[])[] {
  const [a = '', b = '', c = ''] = parts.filter((part) => part !== '');
  if (parts.length < 3) return [];
  return a.length === 4
    ? [[a, b, c]]
    : [
        [c, b, a],
        [c, a, b],
      ];
}

function monthOf(word: string): string | null {
  const index = MONTHS.indexOf(word.slice(0, 3));
  return index === -1 ? null : `-${String(index + 1)}-`;
}

function withPlainDashes(text: string): string {
  return text.trim().replaceAll(/[\u2010-\u2015\u2212]/g, '-');
}
