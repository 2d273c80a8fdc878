// Forwards requests to an AWS endpoint, and cuts the connection at the n-th change, before or after AWS has made it.
import { createServer, type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback } from './loopback.ts';

export interface FaultyProxy extends AsyncDisposable {
  readonly url: string;
  /** @param when the n-th change from now on is lost on its way there, or its answer on the way back */
  cutAt(nth: number, when: 'before' | 'after'): void;
  /** How many changes have passed since the last cut was set. */
  changes(): number;
}

/** Longer than a test. */
const KEEP_ALIVE_MS = 300_000;

export async function faultyProxy(endpoint: string): Promise<FaultyProxy> {
  const target = new URL(endpoint);
  let cut: { readonly nth: number; readonly when: 'before' | 'after' } | null = null;
  let changes = 0;
  // An idle connection that either side closes would be one more cut, so none is reused late.
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
    void buffer(incoming).then((body) => {
      const isChange = changesSomething(incoming, body.toString('utf8'));
      if (isChange) changes += 1;
      const isCut = isChange && cut?.nth === changes;
      if (isCut && cut?.when === 'before') return incoming.socket.destroy();
      const { method = 'GET', url: path = '/', headers } = incoming;
      const forwarded = request(
        { host: target.hostname, port: target.port, method, path, headers, agent: false },
        (answer) => {
          if (isCut) {
            answer.resume().on('end', () => incoming.socket.destroy());
            return;
          }
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        },
      );
      forwarded.on('error', () => incoming.socket.destroy());
      forwarded.end(body);
      return undefined;
    });
  });
  return {
    ...(await listenOnLoopback(server)),
    cutAt(nth, when) {
      [cut, changes] = [{ nth, when }, 0];
    },
    changes: () => changes,
  };
}

/** By the action's name, wherever the service's protocol carries it. */
function changesSomething({ method, headers }: IncomingMessage, body: string): boolean {
  const action =
    String(headers['x-amz-target'] ?? '')
      .split('.')
      .at(-1) ?? '';
  const query = /(?:^|&)Action=(\w+)/.exec(body)?.[1] ?? '';
  return method === 'DELETE' || /^(?:Delete|Remove|Disable)/.test(action === '' ? query : action);
}
