// A day that is not closed yet, as far as it can be judged: nobody can have recorded the future.
import type { DayEvent, PlanEvent } from '../core/depth/day-events.ts';
import { type Instant, SECOND, plus } from '../core/time.ts';

/** What the last word of a process makes of the slots after it. */
export function reasonAfter(events: readonly DayEvent[]): 'stopped' | 'not-running' {
  const last = events.findLast(({ event }) => event === 'stopped' || event === 'started');
  return last?.event === 'stopped' ? 'stopped' : 'not-running';
}

/**
 * The day's events with its plans ended where a slot's answers may still be on their way, within two slots of now; after
 * a harvester that was told to stop also with the holes that the next start would write. One that died wrote no word, and
 * might still be at work: its slots stay without a reason.
 */
export function soFar(events: readonly DayEvent[], now: Instant): readonly DayEvent[] {
  // The harvester itself saw the close, whatever this machine's clock says.
  const last = events.findLast(({ event }) => event === 'session-over' || event === 'plan');
  if (last?.event === 'session-over') return events;
  const judged = events.map((event) => (event.event === 'plan' ? endedBy(event, now) : event));
  const reason = reasonAfter(events);
  if (reason !== 'stopped') return judged;
  const holes = judged.flatMap((event): readonly DayEvent[] => {
    if (event.event !== 'plan') return [];
    const { symbols, from, closesAt: to } = event;
    return to <= from ? [] : [{ event: 'hole', at: now, reason, symbols, from, to }];
  });
  return [...judged, ...holes];
}

function endedBy(plan: PlanEvent, now: Instant): PlanEvent {
  const until = plus(now, -2 * plan.everySeconds * SECOND);
  return until < plan.closesAt ? { ...plan, closesAt: until } : plan;
}
