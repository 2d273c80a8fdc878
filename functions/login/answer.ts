// From a request to the page that answers it.
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { finishLogin } from '../../keeper/callback.ts';
import { type LoginOutcome, type LoginPorts, openLink, requestLink } from '../../keeper/login.ts';
import type { KeeperSettings } from '../../keeper/ports.ts';
import { HOUR, plus } from '../../core/time.ts';
import type { Kept } from './kept.ts';
import { NOT_FOUND, page } from './page.ts';
import { type LoginRequest, loginRequest } from './request.ts';
import { wordsFor } from './words.ts';

/** @throws FyersError where the store, a channel or our own settings fail */
export async function answerLogin(
  ports: LoginPorts,
  settings: KeeperSettings,
  event: APIGatewayProxyEventV2,
  signal: AbortSignal,
  kept: Kept,
): Promise<APIGatewayProxyStructuredResultV2> {
  const request = loginRequest(event);
  const outcome =
    request.kind === 'ask'
      ? await askedOnce(ports, settings, signal, kept)
      : await outcomeOf(ports, settings, request, signal);
  return shown(outcome, event.requestContext.http.method);
}

/** A press too many is answered from memory. */
async function askedOnce(
  ports: LoginPorts,
  settings: KeeperSettings,
  signal: AbortSignal,
  kept: Kept,
): Promise<LoginOutcome> {
  const now = ports.clock.now();
  const at = kept.askAgainAt;
  if (at !== null && now < at) return { kind: 'too-soon', at };
  const outcome = await requestLink(ports, settings, signal);
  if (outcome.kind === 'too-soon') kept.askAgainAt = outcome.at ?? plus(now, HOUR);
  return outcome;
}

/** A HEAD gets the headers alone. */
export function shown(outcome: LoginOutcome, method: string): APIGatewayProxyStructuredResultV2 {
  if (outcome.kind === 'unknown') return NOT_FOUND;
  const full = page(wordsFor(outcome));
  return method === 'HEAD' ? { ...full, body: '' } : full;
}

function outcomeOf(
  ports: LoginPorts,
  settings: KeeperSettings,
  request: Exclude<LoginRequest, { kind: 'ask' }>,
  signal: AbortSignal,
): Promise<LoginOutcome> {
  switch (request.kind) {
    case 'junk':
      return Promise.resolve({ kind: 'unknown' });
    case 'home':
      return Promise.resolve({ kind: 'home' });
    case 'link':
      return openLink(ports, settings, request.path, signal);
    case 'callback':
      return finishLogin(ports, settings, request.callback, signal);
  }
}
