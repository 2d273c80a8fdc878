// The event of a schedule, with one of the slots that the schedules have.
import * as z from 'zod/mini';

/** @param slots the slots of one function; an event with any other is not an event of its schedules */
export function slotEvent<Trigger extends string, Slot extends string>(
  trigger: Trigger,
  slots: readonly Slot[],
) {
  return z.object({ trigger: z.literal(trigger), slot: z.enum(slots) });
}
