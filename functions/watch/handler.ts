// FyersWatch: wires the ports and hands over: a look at the token for its schedules, a message for a read that
// CloudTrail reports (`watchReads`). It throws where the alarm is to ring.
import type { Context } from 'aws-lambda';
import { FyersError } from '../../core/errors.ts';
import { REGION } from '../../core/config/names.ts';
import { slotEvent, WATCH_SLOTS } from '../../core/schedule.ts';
import { outsideReadIn } from '../../core/token/outside-read.ts';
import { type Looked, tellOfRead, type Told, watch } from '../../keeper/watch.ts';
import { deadline, thrownFailure, wiringOf } from '../wiring.ts';

const Slot = slotEvent('watch', WATCH_SLOTS);

/** @throws FyersError as {@link watch} says, and `operator.usage` for an event of another kind */
export async function handler(event: unknown, context: Context): Promise<Looked | Told> {
  const { log, ports, settings } = wiringOf(process.env);
  try {
    const read = outsideReadIn(event);
    if (read !== null) return await tellOfRead(ports, read);
    const slot = Slot.safeParse(event);
    if (!slot.success) {
      throw new FyersError(
        'operator.usage',
        'The event is none that this function knows.',
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
