// One app of one account, and requests as its owner sends them.
import { reply } from '../../../sandbox/fyers/reply.ts';
import {
  newState,
  type SimulatorOptions,
  type SimulatorState,
} from '../../../sandbox/fyers/state.ts';
import { mintToken, type SimulatedApp } from '../../../sandbox/fyers/tokens.ts';

export const SEED = 'test';
export const APP: SimulatedApp = {
  id: 'ABCD1234EF-100',
  secret: 'SECRET1234',
  pin: '4821',
  fyId: 'XA00001',
  redirectUri: 'https://trade.fyers.in/api-login/redirect-uri/index.html',
};
/** A Wednesday. */
export const SEVEN = Date.parse('2026-11-25T07:00:00+05:30');
export const NOON = Date.parse('2026-11-25T12:00:00+05:30');

export function simulator(options: Partial<SimulatorOptions> = {}): SimulatorState {
  return newState({ seed: SEED, apps: [APP], refresh: 'accepted', ...options });
}

export function authorizationAt(issuedAt: number, app: SimulatedApp = APP): string {
  return `${app.id}:${mintToken(SEED, app, 'access_token', issuedAt)}`;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export function get(
  state: SimulatorState,
  address: string,
  now: number,
  authorization = '',
): Answered {
  return call(state, 'GET', address, now, authorization, '');
}

export function post(
  state: SimulatorState,
  address: string,
  now: number,
  json: Readonly<Record<string, string>>,
): Answered {
  return call(state, 'POST', address, now, '', JSON.stringify(json));
}

function call(
  state: SimulatorState,
  method: string,
  address: string,
  now: number,
  authorization: string,
  body: string,
): Answered {
  const { pathname: path, searchParams: query } = new URL(address, 'http://127.0.0.1');
  const request = { method, path, query, authorization, userAgent: 'test', body };
  const answer = reply(state, request, now);
  return { ...answer, body: JSON.parse(answer.body) };
}
