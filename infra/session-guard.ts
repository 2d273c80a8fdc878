// When the instance must not be touched: while it records, and until the day is whole in the bucket.
import { type CalendarOptions, dayOf } from '../core/market/calendar.ts';
import { type Instant, MINUTE, formatClock, istDateAt, plus } from '../core/time.ts';

/** A new instance needs some minutes until it records. */
const BEFORE_OPEN_MS = 15 * MINUTE;
/** The day is compacted and shipped after the close. */
const AFTER_CLOSE_MS = 30 * MINUTE;

/** What is wrong with replacing or stopping the instance now, and what to do; null when nothing is. */
export function sessionProblem(now: Instant, calendar: CalendarOptions = {}): string | null {
  const day = dayOf(istDateAt(now), calendar);
  if (day.kind === 'closed') return null;
  const from = plus(day.plan.opensAt, -BEFORE_OPEN_MS);
  const until = plus(day.plan.closesAt, AFTER_CLOSE_MS);
  if (now < from || until <= now) return null;
  return `This change replaces or stops the instance, and nobody records until the new one is ready, some minutes: from ${timeOf(from)} to ${timeOf(until)} IST that is refused. Run \`pulumi up\` after that, or \`pulumi config set replaceInSession true\` first.`;
}

function timeOf(at: Instant): string {
  return formatClock(at).slice(0, 'HH:MM'.length);
}
