// What is worth a word before the list of holidays runs out: after it, every weekday counts as a trading day.
import { type IstDate, addDays } from '../time.ts';
import { COVERED_UNTIL, type CalendarOptions } from './calendar.ts';

/** Long enough to take a release, or to write next year's holidays down; the exchange publishes them in mid-December. */
const NOTICE_DAYS = 30;

export interface CalendarNotice {
  /** Part of a sentence. */
  readonly problem: string;
  readonly nextStep: string;
}

/** Null while the list reaches far enough, and once the operator has written days of their own after its end. */
export function calendarNotice(
  today: IstDate,
  { overrides = [] }: CalendarOptions,
): CalendarNotice | null {
  if (addDays(today, NOTICE_DAYS) <= COVERED_UNTIL) return null;
  if (overrides.some(({ date }) => date > COVERED_UNTIL && date >= today)) return null;
  return {
    problem: `holidays are known until ${COVERED_UNTIL}; after it every weekday counts as a trading day, marked provisional`,
    nextStep:
      "Take a newer release of this project, or write the exchange's holidays into calendar.json (`npx --no-install fyers calendar --help` shows how); then run `pulumi up`.",
  };
}
