// Reports years whose holidays are not all known: before the list runs out, and whenever a day of such a year is used.
import { type IstDate, addDays } from '../time.ts';
import { CALENDAR } from './calendar-data.ts';
import { type CalendarOptions, closuresIn, coveredUntil, hasWholeList } from './calendar.ts';

/** Long enough to take a release, or to write next year's holidays down; the exchange publishes them in mid-December. */
const NOTICE_DAYS = 30;

export interface CalendarNotice {
  /** Part of a sentence. */
  readonly problem: string;
  readonly nextStep: string;
}

/**
 * Null while the list reaches far enough. Own days alone do not end the notice, because a few of them are not a list: the
 * operator states that a year is complete.
 */
export function calendarNotice(today: IstDate, options: CalendarOptions): CalendarNotice | null {
  if (!hasWholeList(today, options)) return yearNotice([today], options);
  const ahead = addDays(today, NOTICE_DAYS);
  if (hasWholeList(ahead, options)) return null;
  const year = ahead.slice(0, 4);
  return {
    problem: `holidays are known until ${coveredUntil(options)}; after it every weekday counts as a trading day, marked provisional${exceptFor(year, options)}`,
    nextStep: nextStepFor(year),
  };
}

/** Of the years of some dates, such as those that a command was asked for; null if each of them is complete. */
export function yearNotice(
  dates: readonly IstDate[],
  options: CalendarOptions,
): CalendarNotice | null {
  const missing = dates.filter((date) => !hasWholeList(date, options));
  const [year, ...others] = new Set(missing.map((date) => date.slice(0, 4)));
  if (year === undefined) return null;
  return {
    problem: `holidays of ${[year, ...others].join(' and ')} are not all known, so every weekday counts as a trading day, marked provisional${exceptFor(year, options)}`,
    nextStep: nextStepFor(year),
  };
}

/** More than these are counted. */
const CLOSURES_NAMED_AT_MOST = 4;

function exceptFor(year: string, options: CalendarOptions): string {
  const known = closuresIn(year, options);
  if (known.length === 0) return '';
  return known.length > CLOSURES_NAMED_AT_MOST
    ? `, except ${String(known.length)} known holidays of ${year}`
    : `, except ${known.map(([date, why]) => `${date} (${why})`).join(', ')}`;
}

const SHOWS_HOW = '(`npx --no-install fyers calendar --help` shows how)';

function nextStepFor(year: string): string {
  const complete = `{"year": ${String(Number(year))}, "complete": true}`;
  return year < CALENDAR.coveredFrom
    ? `Check the date against the exchange's own list. To settle the year, write its holidays into calendar.json, and ${complete} when all are there ${SHOWS_HOW}.`
    : `Take a newer release of this project, or write the exchange's holidays into calendar.json, and ${complete} when all are there ${SHOWS_HOW}; then run \`pulumi up\`.`;
}
