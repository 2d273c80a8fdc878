// FyersTokenRefresh: wires the ports and hands over. A failure is always thrown: to AWS a returned 500 is a success.
import type { Context } from 'aws-lambda';
import { adopt } from '../../keeper/adopt.ts';
import { refresh } from '../../keeper/refresh.ts';
import { thrownFailure } from '../failure.ts';
import { deadline, wiringOf } from '../wiring.ts';
import { type Answer, adoptionAnswer, answerTo, parseEvent } from './event.ts';

/** @throws FyersError for everything but a live token, a day of rest and a login that is awaited. */
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
