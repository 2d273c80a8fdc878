// Answers a request with a page.
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { finishLogin } from '../../keeper/callback.ts';
import { type LoginOutcome, type LoginPorts, openLink } from '../../keeper/login.ts';
import type { KeeperSettings } from '../../keeper/ports.ts';
import { requestLink } from '../../keeper/request-link.ts';
import { SECOND, plus } from '../../core/time.ts';
import type { Kept } from './kept.ts';
import { NOT_FOUND, page } from './page.ts';
import { type LoginRequest, loginRequest, methodOf } from './request.ts';
import { wordsFor } from './words.ts';

/** How long a press is answered from memory if nobody can be reached: the owner may confirm a subscription meanwhile. */
const NO_LISTENER_KEPT_MS = 10 * SECOND;

/** @throws FyersError if the store, a channel or our own settings fail */
export async function answerLogin(
  ports: Omit<LoginPorts, 'memory'>,
  settings: KeeperSettings,
  event: APIGatewayProxyEventV2,
  signal: AbortSignal,
  kept: Kept,
): Promise<APIGatewayProxyStructuredResultV2> {
  const remembering = { ...ports, memory: kept.memory };
  const outcome = await outcomeOf(remembering, settings, loginRequest(event), signal, kept);
  return shown(outcome, methodOf(event));
}

/** A HEAD gets the headers alone. */
export function shown(outcome: LoginOutcome, method: string): APIGatewayProxyStructuredResultV2 {
  if (outcome.kind === 'unknown') return NOT_FOUND;
  const full = page(wordsFor(outcome));
  return method === 'HEAD' ? { ...full, body: '' } : full;
}

async function outcomeOf(
  ports: LoginPorts,
  settings: KeeperSettings,
  request: LoginRequest,
  signal: AbortSignal,
  kept: Kept,
): Promise<LoginOutcome> {
  switch (request.kind) {
    case 'junk':
      return { kind: 'unknown' };
    case 'home':
    case 'incomplete-link':
      return { kind: request.kind };
    case 'damaged-link':
      return { kind: 'damaged-link', path: request.path };
    case 'link':
      return openLink(ports, settings, request, signal);
    case 'ask':
      return answerPress(ports, settings, request.linkPath, signal, kept);
    case 'callback':
      return finishLogin(ports, settings, request.callback, signal);
  }
}

/** A press of the public button that follows too soon is answered from memory, without a read. */
async function answerPress(
  ports: LoginPorts,
  settings: KeeperSettings,
  linkPath: string | null,
  signal: AbortSignal,
  kept: Kept,
): Promise<LoginOutcome> {
  if (linkPath !== null) return requestLink(ports, settings, linkPath, signal);
  const last = kept.lastPress;
  if (last !== null && ports.clock.now() < last.until) return last.outcome;
  const outcome = await requestLink(ports, settings, null, signal);
  if (outcome.kind === 'too-soon') {
    kept.lastPress = { outcome, until: outcome.at };
  } else if (outcome.kind === 'no-listener') {
    kept.lastPress = { outcome, until: plus(ports.clock.now(), NO_LISTENER_KEPT_MS) };
  }
  return outcome;
}
