// Runs FyersWatch: checks the token for its schedules, and reports a read of a secret that CloudTrail recorded (`watchReads`).
// It throws in order to raise the function's alarm.
import type { Context } from 'aws-lambda';
import { FyersError } from '../../core/errors.ts';
import { REGION } from '../../core/config/names.ts';
import { slotEvent, WATCH_SLOTS } from '../../core/schedule.ts';
import { outsideReadIn } from '../../core/token/outside-read.ts';
import {
  type WatchReport,
  reportOutsideRead,
  type OutsideReadReport,
  watch,
} from '../../keeper/watch.ts';
import { deadline, thrownFailure, wiringOf } from '../wiring.ts';

const Slot = slotEvent('watch', WATCH_SLOTS);

/** @throws FyersError like {@link watch}, and `operator.usage` for an unknown event */
export async function handler(
  event: unknown,
  context: Context,
): Promise<WatchReport | OutsideReadReport> {
  const { log, ports, settings } = wiringOf(process.env);
  try {
    const read = outsideReadIn(event);
    if (read !== null) return await reportOutsideRead(ports, read);
    const slot = Slot.safeParse(event);
    if (!slot.success) {
      throw new FyersError(
        'operator.usage',
        'Unknown event.',
        howToInvoke(settings.names.function('watch')),
      );
    }
    return await watch(ports, settings, slot.data.slot, deadline(context));
  } catch (caught) {
    throw thrownFailure(caught, log, 'watch');
  }
}

function howToInvoke(functionName: string): string {
  const payload = JSON.stringify({ trigger: 'watch', slot: WATCH_SLOTS[0] });
  return `Invoke it as its schedule does: \`aws lambda invoke --function-name ${functionName} --region ${REGION} --cli-binary-format raw-in-base64-out --payload '${payload}' /dev/stdout\`.`;
}
