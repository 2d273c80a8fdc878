// Faults on the way to a stand-in: one loopback proxy before the simulator or the emulator, and rows that say which request
// fares how. It passes on what it was sent, the Host header too, so that signed requests stay what was signed.
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
  /** Which requests the row is about; an absent part fits all. */
  readonly match: {
    readonly method?: string;
    /** Of the path without its query. */
    readonly path?: RegExp;
    /** Of the header `X-Amz-Target`, such as `AmazonSSM.PutParameter`. */
    readonly target?: RegExp;
    /** Of what was sent, such as a parameter's name. */
    readonly body?: RegExp;
  };
  /** Which of the matching requests, from 1; absent: each. */
  readonly nth?: readonly number[];
  readonly effect: Effect;
}

export type Effect =
  /** Passed on, later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Answered here. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Answered here as Cloudflare turns an agent away: 403 and no JSON. */
  | { readonly kind: 'garbage' }
  /** Answered here as AWS's JSON protocols hold a caller back. */
  | { readonly kind: 'throttle' }
  /** Taken and never answered, until the client gives up; `worked`: passed on all the same. */
  | { readonly kind: 'half-open'; readonly worked?: boolean }
  /** The connection is torn down without an answer; `worked`: after it was passed on. */
  | { readonly kind: 'reset'; readonly worked?: boolean }
  /** Passed on; of the answer come the headers and half of the body, then the connection is torn down. */
  | { readonly kind: 'cut' };

export interface Faults {
  /** In place of the stand-in's own. */
  readonly url: string;
  /** Goes before the rows that are there. What it returns tells how often the row took effect. */
  readonly add: (fault: Fault) => () => number;
  readonly clear: () => void;
  /** Ends whatever still hangs. */
  readonly close: () => Promise<void>;
}

interface Row {
  readonly fault: Fault;
  seen: number;
  done: number;
}

interface Taken {
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
/** They belong to one connection, and are the proxy's own business. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'expect', 'proxy-connection']);

/**
 * A row that comes first in the list decides. Where nothing listens upstream, the client's connection is torn down.
 * @param upstream the stand-in's URL, on loopback
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
      await perform(effectFor(rows, taken), taken, upstream, closing.signal);
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

/** Every row that matches counts the request; the first that is due decides. */
function effectFor(rows: readonly Row[], taken: Taken): Effect | null {
  const matching = rows.filter(({ fault }) => matches(fault, taken));
  for (const row of matching) row.seen += 1;
  const due = matching.find(({ fault: { nth }, seen }) => nth?.includes(seen) ?? true);
  if (due === undefined) return null;
  due.done += 1;
  return due.fault.effect;
}

function matches({ match }: Fault, { request, body }: Taken): boolean {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const target = String(request.headers['x-amz-target'] ?? '');
  return (
    (match.method ?? request.method) === request.method &&
    (match.path?.test(path) ?? true) &&
    (match.target?.test(target) ?? true) &&
    (match.body?.test(body.toString()) ?? true)
  );
}

async function perform(
  effect: Effect | null,
  taken: Taken,
  upstream: string,
  signal: AbortSignal,
): Promise<void> {
  const { request, response } = taken;
  switch (effect?.kind) {
    case undefined:
      await passThrough(taken, upstream, signal);
      break;
    case 'delay':
      await sleep(effect.ms, undefined, { signal });
      await passThrough(taken, upstream, signal);
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
      if (effect.worked === true) await buffer(await passOn(taken, upstream, signal));
      if (effect.kind === 'reset') request.socket.destroy();
      break;
    case 'cut':
      await cut(taken, await passOn(taken, upstream, signal));
  }
}

async function passThrough(taken: Taken, upstream: string, signal: AbortSignal): Promise<void> {
  const answered = await passOn(taken, upstream, signal);
  taken.response.writeHead(answered.statusCode ?? 502, withoutHops(answered.rawHeaders));
  await pipeline(answered, taken.response);
}

async function passOn(
  { request, body }: Taken,
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
    // A connection of its own: one that is kept may be closed under the next request, a fault that nobody asked for.
    agent: false,
    signal,
  });
  // Before the answer `once` throws it; after it, reading the answer fails.
  sent.on('error', () => undefined);
  sent.end(body);
  const [answered] = (await once(sent, 'response')) as [IncomingMessage];
  return answered;
}

function answer(
  response: ServerResponse,
  { status, body, headers = {} }: Omit<Extract<Effect, { kind: 'answer' }>, 'kind'>,
): void {
  // The stand-in keeps its own time; this machine's would contradict it.
  response.sendDate = false;
  response.writeHead(status, headers).end(body);
}

async function cut({ request, response }: Taken, answered: IncomingMessage): Promise<void> {
  const body = await buffer(answered);
  // One more than there is, so that even an empty body has a part that never comes.
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
