// Logs in to a keeper's world: sends the requests of a browser, and reads the pages.
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { AuthCode } from '../../core/config/values.ts';
import { istDateAt, type Instant } from '../../core/time.ts';
import type { Signer } from '../../core/token/digest.ts';
import { linkPath, newState } from '../../core/token/login/link.ts';
import { parseLoginState } from '../../core/token/state.ts';
import type { ParameterName } from '../../core/config/names.ts';
import { cacheCredentials, newCache } from '../../keeper/login-memory.ts';
import { answerLogin } from '../../functions/login/router.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import {
  LIVE,
  SEVEN,
  SIGNER,
  SIMULATED_APP,
  type World,
  accessToken,
  refreshToken,
} from './keeper-fixture.ts';

export const NEW = accessToken(SEVEN, 1);
export const NEW_REFRESH = refreshToken(SEVEN, 2);

/** A request as a function URL hands it on (AWS Lambda, "Request and response payloads"). */
export function requestOf(method: string, url: string): APIGatewayProxyEventV2 {
  const { pathname, search } = new URL(url, 'https://login.example/');
  const http = {
    method,
    path: pathname,
    protocol: 'HTTP/1.1',
    sourceIp: '127.0.0.1',
    userAgent: '',
  };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: {},
    isBase64Encoded: false,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'login',
      domainName: 'login.example',
      domainPrefix: 'login',
      http,
      requestId: '1',
      routeKey: '$default',
      stage: '$default',
      time: '25/Nov/2026:01:30:00 +0000',
      timeEpoch: 0,
    },
  };
}

export interface Page {
  readonly status: number;
  readonly title: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** @param kept what the function's process remembers: nothing by default */
export async function visit(
  world: World,
  url: string,
  method = 'GET',
  kept = newCache(),
): Promise<Page> {
  const signal = new AbortController().signal;
  const request = requestOf(method, url);
  const answer = await answerLogin(world.ports, world.settings, request, signal, kept);
  const body = answer.body ?? '';
  return {
    status: answer.statusCode ?? 0,
    title: /<title>(.*)<\/title>/.exec(body)?.[1] ?? '',
    body,
    headers: answer.headers ?? {},
  };
}

/** One function's process, with the number of its reads and the secrets that the log must hide. */
export function processOf(world: World) {
  const reads: ParameterName[] = [];
  const hidden: string[] = [];
  const kept = newCache();
  const counting = {
    ...world.ports.store,
    read: (name: ParameterName) => {
      reads.push(name);
      return world.ports.store.read(name);
    },
  };
  const store = cacheCredentials(counting, world.clock, kept, (value) => hidden.push(value));
  const inside = { ...world, ports: { ...world.ports, store } };
  return {
    reads,
    hidden,
    visit: (url: string, method = 'GET') => visit(inside, url, method, kept),
  };
}

export const LINK = `/${linkPath(SIGNER, istDateAt(SEVEN))}`;

export const codeOf = (serial = 1, id: string = SIMULATED_APP.id) =>
  mintToken('test', { ...SIMULATED_APP, id }, 'auth_code', SEVEN, serial) as AuthCode;

export const stateAt = (at: Instant = SEVEN, nonce = 'cd'.repeat(16), signer: Signer = SIGNER) =>
  newState(signer, istDateAt(at), at, nonce);

/** What Fyers redirects to. */
export function callback(fields: Readonly<Record<string, string>> = {}): string {
  const query = {
    s: 'ok',
    code: '200',
    message: '',
    auth_code: codeOf(),
    state: stateAt(),
    ...fields,
  };
  return `/?${new URLSearchParams(query).toString()}`;
}

/** The broker takes the next code, and the token that it gives for it is live. */
export function exchanging(world: World, token = NEW): World {
  world.exchanges.push({ kind: 'minted', accessToken: token, refreshToken: NEW_REFRESH });
  world.proofs.set(token, LIVE);
  return world;
}

export const exchanges = (world: World) =>
  world.calls.filter((call) => call.startsWith('exchange')).length;

export const loginStateOf = (world: World) =>
  parseLoginState(world.parameters.get('FYERS_LOGIN_STATE') ?? '');
