// Defines when the functions run. The schedules run on every day of the year; the functions check whether the day trades.
import * as z from 'zod/mini';
import { type Instant, type IstDate, istInstant } from './time.ts';

/** Times of day in India at which the keeper checks the token, earliest first. The reference runs at 07:00. */
export const REFRESH_SLOTS = ['07:00', '07:30', '08:15'] as const;

export type RefreshSlot = (typeof REFRESH_SLOTS)[number];

/**
 * When the watch checks. 07:20 only reports problems that the operator cannot notice (no subscription); later slots are
 * increasingly urgent.
 */
export const WATCH_SLOTS = ['07:20', '08:45', '09:05', '09:30'] as const;

export type WatchSlot = (typeof WATCH_SLOTS)[number];

/** Before this slot, waiting for the operator's login is not a failure. */
const LOGIN_DUE: WatchSlot = '08:45';

/** A token from before 06:00 IST ends at 06:00, and Fyers documents 06:30. */
const FIRST_LOGIN_TIME = '06:30';

/** From this instant on, a login gives a token that lasts for the sessions of the day. */
export function firstLoginAt(date: IstDate): Instant {
  return istInstant(date, FIRST_LOGIN_TIME);
}

/** Texts of the form HH:MM sort like the times. */
export function isLoginDue(slot: WatchSlot): boolean {
  return slot >= LOGIN_DUE;
}

/** EventBridge Scheduler's name of the time zone. */
export const SCHEDULE_TIME_ZONE = 'Asia/Kolkata';

/** After the day's last slot the keeper stops waiting for the broker and asks the operator. */
export function isLastSlot(slot: string): boolean {
  return slot === REFRESH_SLOTS.at(-1);
}

/** EventBridge Scheduler's expression, read in {@link SCHEDULE_TIME_ZONE}: `cron(0 7 * * ? *)`. */
export function scheduleExpression(slot: RefreshSlot | WatchSlot): string {
  const [hour, minute] = slot.split(':').map(Number);
  return `cron(${String(minute)} ${String(hour)} * * ? *)`;
}

/** Schema of a schedule's event. @param slots the slots of one function; an event with any other slot is invalid */
export function slotEvent<Trigger extends string, Slot extends string>(
  trigger: Trigger,
  slots: readonly Slot[],
) {
  return z.object({ trigger: z.literal(trigger), slot: z.enum(slots) });
}
