// Tries both streams with a token, without a subscription: connects, waits for the answer that accepts
// it, and closes at once. A probe takes one of the account's sockets for a moment, so it must not run
// next to a harvester.
import WebSocket from 'ws';
import { decodeHsmLogin } from '../../../core/stream/hsm-fields.ts';
import { encodeHsmLogin } from '../../../core/stream/hsm-frame.ts';
import { SECOND } from '../../../core/time.ts';
import type { Target } from './connection.ts';

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

/** Accepted: the upgrade was. */
export function probeTbt(target: Target): Promise<Probed> {
  return probe(target, (_socket, finish) => {
    finish({ kind: 'accepted' });
  });
}

/** @param key the claim of the token */
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
    // After the end too: a socket that is terminated early reports an error.
    socket.on('error', ({ message }) => {
      fail(message);
    });
    socket.on('close', (code) => {
      fail(`closed with code ${String(code)}`);
    });
  });
}
