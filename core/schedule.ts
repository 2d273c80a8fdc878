// When the functions run, every day of the year; whether a day trades is theirs to ask.
import * as z from 'zod/mini';

/** Times of day in India at which the keeper looks at the token, earliest first. 07:00 is the reference's. */
export const REFRESH_SLOTS = ['07:00', '07:30', '08:15'] as const;

export type RefreshSlot = (typeof REFRESH_SLOTS)[number];

/** When the watch looks: 07:20 only for what the operator can't know (nobody is subscribed), then with rising urgency. */
export const WATCH_SLOTS = ['07:20', '08:45', '09:05', '09:30'] as const;

export type WatchSlot = (typeof WATCH_SLOTS)[number];

/** Waiting for the human is no failure before. */
const LOGIN_DUE: WatchSlot = '08:45';

/** Clock texts of one form sort as the times do. */
export function isLoginDue(slot: WatchSlot): boolean {
  return slot >= LOGIN_DUE;
}

/** EventBridge Scheduler's name of the time zone. */
export const SCHEDULE_TIME_ZONE = 'Asia/Kolkata';

/** The day's last slot, after which the keeper stops waiting for the broker and asks the human. */
export function isLastSlot(slot: string): boolean {
  return slot === REFRESH_SLOTS.at(-1);
}

/** EventBridge Scheduler's expression, read in {@link SCHEDULE_TIME_ZONE}: `cron(0 7 * * ? *)`. */
export function scheduleExpression(slot: RefreshSlot | WatchSlot): string {
  const [hour, minute] = slot.split(':').map(Number);
  return `cron(${String(minute)} ${String(hour)} * * ? *)`;
}

// The event of a schedule, with one of the slots that the schedules have.

/** @param slots the slots of one function; an event with any other is not an event of its schedules */
export function slotEvent<Trigger extends string, Slot extends string>(
  trigger: Trigger,
  slots: readonly Slot[],
) {
  return z.object({ trigger: z.literal(trigger), slot: z.enum(slots) });
}
