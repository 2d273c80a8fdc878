// Runs FyersTokenRefresh: creates the ports, parses the event and calls the keeper. A failure is always thrown, because AWS
// counts a returned 500 as a success.
import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { FyersError } from '../../core/errors.ts';
import { REFRESHED_BODY, REGION } from '../../core/config/names.ts';
import { isLastSlot, REFRESH_SLOTS, slotEvent } from '../../core/schedule.ts';
import type { Trigger } from '../../core/token/decide.ts';
import { adopt, type AdoptionReport, type Offer } from '../../keeper/adopt.ts';
import { type Outcome, refresh } from '../../keeper/refresh.ts';
import { deadline, thrownFailure, wiringOf } from '../wiring.ts';

/** @throws FyersError unless the token is live, the day needs none, or the operator has to log in */
export async function handler(event: unknown, context: Context): Promise<Answer> {
  const { log, ports, settings } = wiringOf(process.env);
  try {
    const signal = deadline(context);
    const request = parseEvent(event, settings.names.function('refresh'));
    if (request.kind === 'refresh') {
      return answerTo(await refresh(ports, settings, request.trigger, signal));
    }
    const { accessToken, refreshToken } = request.offer;
    for (const token of [accessToken, refreshToken]) if (token !== null) log.hide(token);
    return adoptionAnswer(await adopt(ports, settings, request.offer, signal));
  } catch (caught) {
    throw thrownFailure(caught, log, 'refresh');
  }
}

type Request =
  | { readonly kind: 'refresh'; readonly trigger: Trigger }
  | { readonly kind: 'adopt'; readonly offer: Offer };

/** `aws lambda invoke` prints this. `body` is JSON text, as for an HTTP gateway. */
export interface Answer {
  readonly statusCode: 200 | 202;
  readonly body: string;
}

const token = z.nullable(z.string());
const Slot = slotEvent('slot', REFRESH_SLOTS);
const Adopt = z.strictObject({
  adopt: z.strictObject({ accessToken: token, refreshToken: token }),
});
const Operator = z.object({
  trigger: z.optional(z.never()),
  adopt: z.optional(z.never()),
  probe: z.optional(z.boolean()),
});

/**
 * An event without a known key counts as an operator's invocation.
 * @param functionName for the command in the error's next step
 * @throws FyersError `operator.usage`
 */
export function parseEvent(event: unknown, functionName: string): Request {
  const slot = Slot.safeParse(event);
  if (slot.success) {
    const { slot: name } = slot.data;
    return { kind: 'refresh', trigger: { kind: 'slot', slot: name, last: isLastSlot(name) } };
  }
  const adopt = Adopt.safeParse(event);
  if (adopt.success) return { kind: 'adopt', offer: adopt.data.adopt };
  const operator = Operator.safeParse(event ?? {});
  if (operator.success) {
    return {
      kind: 'refresh',
      trigger: { kind: 'operator', probe: operator.data.probe ?? false },
    };
  }
  throw new FyersError(
    'operator.usage',
    'Unknown event.',
    `Invoke it without a payload: \`aws lambda invoke --function-name ${functionName} --region ${REGION} /dev/stdout\`.`,
  );
}

export function answerTo(outcome: Outcome): Answer {
  switch (outcome.kind) {
    case 'live':
      return { statusCode: 200, body: REFRESHED_BODY };
    case 'rested':
      return { statusCode: 200, body: JSON.stringify({ message: outcome.message }) };
    case 'login-needed':
      return { statusCode: 202, body: JSON.stringify({ message: outcome.message }) };
  }
}

function adoptionAnswer(report: AdoptionReport): Answer {
  return { statusCode: 200, body: JSON.stringify(report) };
}
