// Lists the days on which the exchange traded in 2025 and 2026, typed from its circulars and not taken from our
// calendar, and months of them that were chosen for their holidays.
import { type IstDate, istDate, weekday } from '../../core/time.ts';

/** NSE's lists of December 2024 and 2025, and the election in Mumbai that was added in January 2026. */
const HOLIDAYS = `
2025-02-26 2025-03-14 2025-03-31 2025-04-10 2025-04-14 2025-04-18 2025-05-01 2025-08-15 2025-08-27 2025-10-02
2025-10-22 2025-11-05 2025-12-25
2026-01-15 2026-01-26 2026-03-03 2026-03-26 2026-03-31 2026-04-03 2026-04-14 2026-05-01 2026-05-28 2026-06-26
2026-09-14 2026-10-02 2026-10-20 2026-11-10 2026-11-24 2026-12-25`
  .trim()
  .split(/\s+/);

type Hours = readonly [first: string, last: string];

const USUAL: Hours = ['09:00', '15:59'];
/** The budgets, a Saturday and a Sunday, in full; the hour of Diwali in the afternoon, and in an evening. */
const SESSIONS: Readonly<Record<string, Hours>> = {
  '2025-02-01': USUAL,
  '2026-02-01': USUAL,
  '2025-10-21': ['13:15', '15:04'],
  '2026-11-08': ['18:00', '19:44'],
};

/** The first and the last minute in which shares have a book; null where the exchange stays closed. */
export function hoursOn(date: IstDate): Hours | null {
  const isWeekend = weekday(date) === 0 || weekday(date) === 6;
  return SESSIONS[date] ?? (isWeekend || HOLIDAYS.includes(date) ? null : USUAL);
}

/** Where thirty days begin. */
export const MONTH_STARTS = {
  /** Laxmi Pujan, a Tuesday with an hour of trading in the afternoon, and the day after without any. */
  diwali: istDate('2025-10-10'),
  /** An election, Republic Day, the budget on a Sunday. */
  winter: istDate('2026-01-12'),
  /** Four holidays in four weeks, three of which make a long weekend. */
  spring: istDate('2026-03-20'),
  /** Dussehra, Diwali with a session on a Sunday evening, Balipratipada. */
  autumn: istDate('2026-10-18'),
  /** Balipratipada, Guru Nanak Jayanti, and the auction's new hours on 7 December. */
  lateAutumn: istDate('2026-11-09'),
} as const;
