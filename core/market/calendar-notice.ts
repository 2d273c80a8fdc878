// Reports years whose holidays are not all known: before the list ends, and when a command uses a day of such a year.
import { type IstDate, addDays } from '../time.ts';
import { CALENDAR } from './calendar-data.ts';
import { type CalendarOptions, closuresIn, coveredUntil, hasWholeList } from './calendar.ts';

/** Enough time to install a release, or to write down next year's holidays, which the exchange publishes in mid-December. */
const NOTICE_DAYS = 30;

export interface CalendarNotice {
  /** Part of a sentence. */
  readonly problem: string;
  readonly nextStep: string;
}

/**
 * Returns null if the list covers the next {@link NOTICE_DAYS} days. Own days alone do not end the notice, because a few of
 * them are not a complete list: the operator must state that a year is complete.
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

/** Notice for the years of some dates, such as those of a command; null if all these years are complete. */
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

/** If there are more, the text gives only their number. */
const MAX_NAMED_CLOSURES = 4;

function exceptFor(year: string, options: CalendarOptions): string {
  const known = closuresIn(year, options);
  if (known.length === 0) return '';
  return known.length > MAX_NAMED_CLOSURES
    ? `, except ${String(known.length)} known holidays of ${year}`
    : `, except ${known.map(([date, why]) => `${date} (${why})`).join(', ')}`;
}

const SHOWS_HOW = '(`./fyers calendar --help` shows how)';

function nextStepFor(year: string): string {
  const complete = `{"year": ${String(Number(year))}, "complete": true}`;
  return year < CALENDAR.coveredFrom
    ? `Check the date against the exchange's own list. To settle the year, write its holidays into calendar.json, and ${complete} when all are there ${SHOWS_HOW}.`
    : `Take a newer release of this project, or write the exchange's holidays into calendar.json, and ${complete} when all are there ${SHOWS_HOW}; then run \`pulumi up\`.`;
}
