// From a request to the page that answers it.
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { finishLogin } from '../../keeper/callback.ts';
import { type LoginOutcome, type LoginPorts, openLink, requestLink } from '../../keeper/login.ts';
import type { KeeperSettings } from '../../keeper/ports.ts';
import { NOT_FOUND, page } from './page.ts';
import { type LoginRequest, loginRequest } from './request.ts';
import { wordsFor } from './words.ts';

/** @throws FyersError where the store, a channel or our own settings fail */
export async function answerLogin(
  ports: LoginPorts,
  settings: KeeperSettings,
  event: APIGatewayProxyEventV2,
  signal: AbortSignal,
): Promise<APIGatewayProxyStructuredResultV2> {
  const request = loginRequest(event);
  const outcome = await outcomeOf(ports, settings, request, signal);
  return shown(outcome, event.requestContext.http.method);
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
  request: LoginRequest,
  signal: AbortSignal,
): Promise<LoginOutcome> {
  switch (request.kind) {
    case 'junk':
      return Promise.resolve({ kind: 'unknown' });
    case 'home':
      return Promise.resolve({ kind: 'home' });
    case 'link':
      return openLink(ports, settings, request.path, signal);
    case 'ask':
      return requestLink(ports, settings, signal);
    case 'callback':
      return finishLogin(ports, settings, request.callback, signal);
  }
}
