// Finds the addresses of the streams, and tries them. If another server replaces Fyers' API, that server also has the
// streams, so that nothing reaches Fyers by accident. A probe connects with a token, without a subscription, waits for
// the answer that accepts it, and closes at once. It takes one of the account's sockets for a moment, so it must not
// run next to a harvester.
import WebSocket from 'ws';
import * as z from 'zod/mini';
import { FYERS_API_URL, FYERS_HSM_URL, FYERS_TBT_URL } from '../../../core/config/names.ts';
import { decodeHsmLogin } from '../../../core/stream/hsm-fields.ts';
import { encodeHsmLogin } from '../../../core/stream/hsm-frame.ts';
import { SECOND } from '../../../core/time.ts';
import { callFyers } from '../http.ts';
import type { Target } from './connection.ts';

export function hsmTarget(apiUrl: string): Target {
  // No `Authorization` header: with one, the stream accepts the connection and then sends nothing.
  const url = apiUrl === FYERS_API_URL ? FYERS_HSM_URL : streamUrl(apiUrl, '/hsm/v1-5/prod');
  return { url, headers: {} };
}

const ASK_TIMEOUT_MS = 5 * SECOND;

interface TbtTarget extends Target {
  /** True if Fyers' answer has the address; false for the default address. */
  readonly isNamed: boolean;
}

/** @param authorization `<app id>:<access token>` */
export async function tbtTarget(apiUrl: string, authorization: string): Promise<TbtTarget> {
  const reply = await callFyers({
    url: `${apiUrl}/indus/home/tbtws`,
    method: 'GET',
    authorization,
    timeoutMs: ASK_TIMEOUT_MS,
    // Not aborted by the caller: after the timeout the default address is used.
    signal: new AbortController().signal,
  });
  const isFyers = apiUrl === FYERS_API_URL;
  const found = reply.kind === 'answered' ? socketUrlIn(reply.body, isFyers) : null;
  const url = found ?? (isFyers ? FYERS_TBT_URL : streamUrl(apiUrl, '/versova'));
  return { url, headers: { Authorization: authorization }, isNamed: found !== null };
}

const AddressAnswer = z.object({ data: z.object({ socket_url: z.string() }) });

/** The token goes to this address, so it must be the broker's, or this machine's in a sandbox. */
function socketUrlIn(body: unknown, isFyers: boolean): string | null {
  const parsed = AddressAnswer.safeParse(body);
  const text = parsed.success ? parsed.data.data.socket_url : '';
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, hash } = new URL(text);
  if (hash !== '') return null;
  if (isFyers) return protocol === 'wss:' && hostname.endsWith('.fyers.in') ? text : null;
  return protocol === 'ws:' && hostname === '127.0.0.1' ? text : null;
}

function streamUrl(apiUrl: string, path: string): string {
  return `${apiUrl.replace(/^http/, 'ws')}${path}`;
}

export type Probed =
  | { readonly kind: 'accepted' }
  /** The stream refuses the token or the app. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** All sockets of the account are in use. */
  | { readonly kind: 'in-use'; readonly detail: string }
  /** The fields of HSM differ from the ones that this program reads. */
  | { readonly kind: 'changed'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };

const WITHIN_MS = 15 * SECOND;

/** TBT accepts a token by accepting the WebSocket upgrade. */
export function probeTbt(target: Target): Promise<Probed> {
  return probe(target, (_socket, finish) => {
    finish({ kind: 'accepted' });
  });
}

/** @param key the key in the token's claims */
export function probeHsm(target: Target, key: string): Promise<Probed> {
  return probe(target, (socket, finish) => {
    socket.on('message', (data: Buffer, isBinary) => {
      const answer = isBinary ? decodeHsmLogin(data) : null;
      if (answer === null) return;
      const changed = answer.map?.changed ?? [];
      if (!answer.isAccepted) finish({ kind: 'refused', detail: 'the login was not accepted' });
      else if (changed.length > 0) finish({ kind: 'changed', detail: changed.join(', ') });
      else finish({ kind: 'accepted' });
    });
    socket.send(encodeHsmLogin(key, 'JS_API'));
  });
}

function probe(
  { url, headers }: Target,
  opened: (socket: WebSocket, finish: (probed: Probed) => void) => void,
): Promise<Probed> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, {
      ...{ headers, perMessageDeflate: false, handshakeTimeout: WITHIN_MS },
    });
    const finish = (probed: Probed): void => {
      clearTimeout(late);
      resolve(probed);
      socket.terminate();
    };
    const fail = (detail: string): void => {
      finish({ kind: 'unreachable', detail });
    };
    const late = setTimeout(() => {
      fail('no answer in 15 s');
    }, WITHIN_MS);
    socket.on('open', () => {
      opened(socket, finish);
    });
    socket.on('unexpected-response', (_request, { statusCode = 0 }) => {
      const detail = `HTTP ${String(statusCode)}`;
      if (statusCode === 401 || statusCode === 403) finish({ kind: 'refused', detail });
      else if (statusCode === 429) finish({ kind: 'in-use', detail });
      else fail(detail);
    });
    // Keep this listener after the end, because a socket that is terminated early reports an error.
    socket.on('error', ({ message }) => {
      fail(message);
    });
    socket.on('close', (code) => {
      fail(`closed with code ${String(code)}`);
    });
  });
}
