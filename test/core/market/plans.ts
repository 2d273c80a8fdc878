import fc from 'fast-check';
import { type CalendarOptions, type Eligibility, dayOf } from '../../../core/market/calendar.ts';
import type { SessionPlan } from '../../../core/market/phases.ts';
import { type IstDate, addDays, istDate } from '../../../core/time.ts';

/** @throws Error if the day is closed */
export function openPlan(date: string, options: CalendarOptions = {}): SessionPlan {
  const day = dayOf(istDate(date), options);
  if (day.kind === 'closed') throw new Error(`${date} is closed: ${day.why}`);
  return day.plan;
}

/** Any date of 2024 to 2027: the covered years and one on either side. */
export function anyDate(): fc.Arbitrary<IstDate> {
  return fc.integer({ min: 0, max: 1_460 }).map((days) => addDays(istDate('2024-01-01'), days));
}

export function anyEligibility(): fc.Arbitrary<Eligibility> {
  return fc.constantFrom('auction', 'plain', 'derivative', 'expiring', 'option', 'expiring-option');
}
