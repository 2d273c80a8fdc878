// Converts between instants, Indian dates and the broker's day, and reads a date that a person typed. India has used +05:30
// without daylight saving since 1945.

declare const instantBrand: unique symbol;
declare const istDateBrand: unique symbol;

/** Epoch milliseconds, whole. */
export type Instant = number & { readonly [instantBrand]: true };
/** A calendar date in India, `YYYY-MM-DD`. */
export type IstDate = string & { readonly [istDateBrand]: true };

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const IST_OFFSET_MS = 5 * HOUR + 30 * MINUTE;
/** Access tokens expire at this IST hour (the `exp` claim of every token seen so far). */
const BROKER_DAY_START_MS = 6 * HOUR;

const WEEKDAYS = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ');
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** @throws RangeError if `ms` is not a whole number in the range of a Date */
export function instant(ms: number): Instant {
  if (!isInstant(ms)) {
    throw new RangeError(`not an instant in epoch milliseconds: ${String(ms)}`);
  }
  return ms;
}

export function isInstant(ms: number): ms is Instant {
  return Number.isInteger(ms) && Math.abs(ms) <= 8.64e15;
}

const ISO_INSTANT = /^(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * Parses an ISO-8601 text with an offset, such as `2026-11-25T09:00:00+05:30`; a space may replace the T. Rejects every other
 * form: Date.parse alone would read 01/02/2026 as an American date, and 30 February as 2 March.
 * @throws RangeError
 */
export function parseInstant(iso: string): Instant {
  const date = ISO_INSTANT.exec(iso)?.[1];
  if (date === undefined || parseIstDate(date) === null) {
    throw new RangeError(`not an ISO-8601 time with a UTC offset: "${iso}"`);
  }
  return instant(Date.parse(iso.replace(' ', 'T')));
}

/** The value of a `Date` header (RFC 9110, 5.6.7); null for any other text. */
export function parseHttpDate(text: string): Instant | null {
  const ms = /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : instant(ms);
}

/** For APIs that require a Date, such as the AWS clients. */
export function dateOf(at: Instant): Date {
  return new Date(at);
}

export function plus(at: Instant, ms: number): Instant {
  return instant(at + ms);
}

/** Returns null unless `text` is a real date `YYYY-MM-DD`. */
export function parseIstDate(text: string): IstDate | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text
    ? null
    : (text as IstDate);
}

/** For literals and checked data. @throws RangeError if the text is not a real date */
export function istDate(text: string): IstDate {
  const date = parseIstDate(text);
  if (date === null) throw new RangeError(`not a date (YYYY-MM-DD): "${text}"`);
  return date;
}

/** The date in India at an instant. */
export function istDateAt(at: Instant): IstDate {
  return new Date(at + IST_OFFSET_MS).toISOString().slice(0, 10) as IstDate;
}

/** The instant of a wall-clock time in India; `time` is `HH:MM`, `HH:MM:SS` or `HH:MM:SS.sss`. @throws RangeError */
export function istInstant(date: IstDate, time: string): Instant {
  if (!/^\d\d:\d\d(?::\d\d(?:\.\d{3})?)?$/.test(time)) {
    throw new RangeError(`not a time of day (HH:MM[:SS[.sss]]): "${time}"`);
  }
  return parseInstant(`${date}T${time.length === 5 ? `${time}:00` : time}+05:30`);
}

/** The instant of a time of day as people write it: `9:30`, `09:30` or `09:30:05`; null for any other text. */
export function timeOfDay(date: IstDate, text: string): Instant | null {
  const time = /^\d:/.test(text) ? `0${text}` : text;
  return /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$/.test(time) ? istInstant(date, time) : null;
}

export function addDays(date: IstDate, days: number): IstDate {
  return istDateAt(plus(istInstant(date, '12:00'), days * DAY));
}

/** 0 is Sunday. */
export function weekday(date: IstDate): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}

/** `Wed` */
export function weekdayName(date: IstDate): string {
  return WEEKDAYS[weekday(date)] ?? '';
}

/** The broker day of an instant: the date on which that day starts at 06:00 IST. */
export function brokerDay(at: Instant): IstDate {
  return istDateAt(plus(at, -BROKER_DAY_START_MS));
}

/** The next 06:00 IST after an instant: the expiry of a token minted at that instant. */
export function brokerDayEnd(at: Instant): Instant {
  return plus(istInstant(addDays(brokerDay(at), 1), '00:00'), BROKER_DAY_START_MS);
}

/** `2026-11-25T09:00:00.000+05:30`, the reference's timestamp format. */
export function formatIso(at: Instant): string {
  return `${new Date(at + IST_OFFSET_MS).toISOString().slice(0, -1)}+05:30`;
}

/** `2026-11-25T03:30:00.000Z` */
export function formatUtc(at: Instant): string {
  return new Date(at).toISOString();
}

/** `09:00:05` in India. */
export function formatClock(at: Instant): string {
  return new Date(at + IST_OFFSET_MS).toISOString().slice(11, 19);
}

/** `06:00`, for people. */
export function formatHhMm(at: Instant): string {
  return formatClock(at).slice(0, 5);
}

/** `25 Nov 2026, 06:00 IST`, for people. */
export function formatIst(at: Instant): string {
  const text = formatIso(at);
  return `${String(Number(text.slice(8, 10)))} ${MONTHS[Number(text.slice(5, 7)) - 1] ?? ''} ${text.slice(0, 4)}, ${text.slice(11, 16)} IST`;
}

type ReadDate =
  | { readonly ok: true; readonly value: IstDate }
  /** A whole sentence without its full stop. */
  | { readonly ok: false; readonly problem: string };

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
  const problem = `"${text}" is not a date as YYYY-MM-DD, such as 2026-11-25`;
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
  const index = MONTHS.findIndex((month) => month.toLowerCase() === word.slice(0, 3));
  return index === -1 ? null : `-${String(index + 1)}-`;
}

function withPlainDashes(text: string): string {
  return text.trim().replaceAll(/[\u2010-\u2015\u2212]/g, '-');
}
