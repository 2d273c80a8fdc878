// Injects faults between a client and a server: one loopback proxy in front of the simulator or the emulator, with
// rows that select requests and their fault. It forwards requests unchanged, including the Host header, so that
// signatures stay valid.
import { once, setMaxListeners } from 'node:events';
import {
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Fault {
  /** Selects the requests of the row; an absent part matches all. */
  readonly match: {
    readonly method?: string;
    /** Matches the path without its query. */
    readonly path?: RegExp;
    /** Matches the header `X-Amz-Target`, such as `AmazonSSM.PutParameter`. */
    readonly target?: RegExp;
    /** Matches the request body, such as a parameter's name. */
    readonly body?: RegExp;
  };
  /** Number of the matching request that gets the fault, from 1; absent for every one. */
  readonly nth?: readonly number[];
  readonly effect: Effect;
}

export type Effect =
  /** Forwarded after a delay. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Answered by the proxy. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Answered by the proxy as Cloudflare rejects a user agent: 403 and no JSON. */
  | { readonly kind: 'garbage' }
  /** Answered by the proxy as AWS's JSON protocols throttle a caller. */
  | { readonly kind: 'throttle' }
  /** Accepted and never answered, until the client gives up; `worked`: forwarded anyway. */
  | { readonly kind: 'half-open'; readonly worked?: boolean }
  /** Connection reset without an answer; `worked`: after forwarding. */
  | { readonly kind: 'reset'; readonly worked?: boolean }
  /** Forwarded; the connection is reset after the headers and half of the body. */
  | { readonly kind: 'cut' };

export interface Faults {
  /** Replaces the server's own URL. */
  readonly url: string;
  /** Adds a row before the existing ones. Returns a function that counts how often the row took effect. */
  readonly add: (fault: Fault) => () => number;
  readonly clear: () => void;
  /** Closes the proxy and all pending connections. */
  readonly close: () => Promise<void>;
}

interface Row {
  readonly fault: Fault;
  seen: number;
  done: number;
}

interface Received {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly response: ServerResponse;
}

const GARBAGE = {
  status: 403,
  body: 'error code: 1010',
  headers: { 'content-type': 'text/plain' },
};
const THROTTLED = {
  status: 400,
  body: '{"__type":"ThrottlingException","message":"Rate exceeded"}',
  headers: { 'content-type': 'application/x-amz-json-1.1' },
};
/** Headers of one connection, which the proxy handles itself. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'expect', 'proxy-connection']);

/**
 * The first matching row of the list applies. If the upstream does not listen, the client's connection is reset.
 * @param upstream the server's URL, on loopback
 */
export async function startFaults(
  upstream: string,
  faults: readonly Fault[] = [],
): Promise<Faults> {
  const rows: Row[] = [];
  const add = (fault: Fault) => {
    const row: Row = { fault, seen: 0, done: 0 };
    rows.unshift(row);
    return () => row.done;
  };
  for (const fault of faults.toReversed()) add(fault);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      const taken = { request, response, body: await buffer(request) };
      await applyEffect(effectFor(rows, taken), taken, upstream, closing.signal);
    };
    take().catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    add,
    clear: () => {
      rows.length = 0;
    },
    close: async () => {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Every matching row counts the request; the first row that is due applies. */
function effectFor(rows: readonly Row[], taken: Received): Effect | null {
  const matching = rows.filter(({ fault }) => matches(fault, taken));
  for (const row of matching) row.seen += 1;
  const due = matching.find(({ fault: { nth }, seen }) => nth?.includes(seen) ?? true);
  if (due === undefined) return null;
  due.done += 1;
  return due.fault.effect;
}

function matches({ match }: Fault, { request, body }: Received): boolean {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const target = String(request.headers['x-amz-target'] ?? '');
  return (
    (match.method ?? request.method) === request.method &&
    (match.path?.test(path) ?? true) &&
    (match.target?.test(target) ?? true) &&
    (match.body?.test(body.toString()) ?? true)
  );
}

async function applyEffect(
  effect: Effect | null,
  taken: Received,
  upstream: string,
  signal: AbortSignal,
): Promise<void> {
  const { request, response } = taken;
  switch (effect?.kind) {
    case undefined:
      await forward(taken, upstream, signal);
      break;
    case 'delay':
      await sleep(effect.ms, undefined, { signal });
      await forward(taken, upstream, signal);
      break;
    case 'answer':
      answer(response, effect);
      break;
    case 'garbage':
      answer(response, GARBAGE);
      break;
    case 'throttle':
      answer(response, THROTTLED);
      break;
    case 'half-open':
    case 'reset':
      if (effect.worked === true) await buffer(await sendUpstream(taken, upstream, signal));
      if (effect.kind === 'reset') request.socket.destroy();
      break;
    case 'cut':
      await cutAnswer(taken, await sendUpstream(taken, upstream, signal));
  }
}

async function forward(taken: Received, upstream: string, signal: AbortSignal): Promise<void> {
  const answered = await sendUpstream(taken, upstream, signal);
  taken.response.writeHead(answered.statusCode ?? 502, withoutHops(answered.rawHeaders));
  await pipeline(answered, taken.response);
}

async function sendUpstream(
  { request, body }: Received,
  upstream: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(upstream);
  const sent = sendRequest({
    hostname,
    port,
    method: request.method,
    path: request.url,
    headers: withoutHops(request.rawHeaders),
    // Use a new connection: a kept one may be closed during the next request, which would be an unwanted fault.
    agent: false,
    signal,
  });
  // Before the answer `once` throws this error; after it, reading the answer fails.
  sent.on('error', () => undefined);
  sent.end(body);
  const [answered] = (await once(sent, 'response')) as [IncomingMessage];
  return answered;
}

function answer(
  response: ServerResponse,
  { status, body, headers = {} }: Omit<Extract<Effect, { kind: 'answer' }>, 'kind'>,
): void {
  // The server may have a virtual time, which this machine's Date header would contradict.
  response.sendDate = false;
  response.writeHead(status, headers).end(body);
}

async function cutAnswer(
  { request, response }: Received,
  answered: IncomingMessage,
): Promise<void> {
  const body = await buffer(answered);
  // One byte more than the body, so that the answer is cut short even if the body is empty.
  const headers = { ...answered.headers, 'content-length': body.length + 1 };
  delete headers['transfer-encoding'];
  response.writeHead(answered.statusCode ?? 502, headers);
  response.write(body.subarray(0, body.length / 2), () => request.socket.destroy());
}

function withoutHops(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)] ?? '';
    return !HOP_BY_HOP.has(name.toLowerCase());
  });
}
