// Serves the simulator over HTTP: the simulated API on one loopback port, its control on another.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { control } from './control.ts';
import { serveStreams, type StreamServer } from './streams.ts';
import type { LedgerEntry } from './ledger.ts';
import { reply } from './reply.ts';
import {
  newState,
  type LoggedRequest,
  type SimulatedResponse,
  type SimulatorOptions,
  type SimulatorState,
} from './state.ts';

export interface ServerOptions extends SimulatorOptions {
  /** Epoch milliseconds. The clock flows from here until it is set. */
  readonly startsAt: number;
}

export interface FyersSimulator {
  /** Replaces `https://api-t1.fyers.in`. */
  readonly url: string;
  /** For other processes: see {@link control}. */
  readonly controlUrl: string;
  readonly now: () => number;
  /** The clock then stands still until it is set again; with `flows` it continues from there. */
  readonly setClock: (now: number, flows?: boolean) => void;
  /** State for this process, which may also be changed while it runs. */
  readonly state: SimulatorState;
  /** By symbol. */
  readonly ledger: () => Readonly<Record<string, LedgerEntry>>;
  readonly requests: () => readonly LoggedRequest[];
  /** The TBT and HSM sockets on the API's port, and their faults. */
  readonly streams: StreamServer;
  readonly close: () => Promise<void>;
}

type Answering = (
  request: IncomingMessage,
  body: string,
) => SimulatedResponse | Promise<SimulatedResponse>;

/** Longer than any pause between two calls of a client that keeps its connections. */
const KEEP_ALIVE_MS = 60_000;

export async function startFyers(options: ServerOptions): Promise<FyersSimulator> {
  const state = newState(options);
  let clock = { base: options.startsAt, since: performance.now(), flows: true };
  let streams: StreamServer | null = null;
  const base = {
    state,
    now: () => Math.floor(clock.base + (clock.flows ? performance.now() - clock.since : 0)),
    setClock: (now: number, flows = false) => {
      clock = { base: now, since: performance.now(), flows };
      streams?.tick();
    },
    ledger: () => Object.fromEntries(state.ledger),
    requests: () => state.requests,
  };
  const api = await listen((request, body) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const call = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization ?? '',
      userAgent: request.headers['user-agent'] ?? '',
      cookie: request.headers.cookie ?? '',
      body,
    };
    const now = base.now();
    const answer = reply(state, call, now);
    return { ...answer, headers: { date: new Date(now).toUTCString(), ...answer.headers } };
  });
  streams = serveStreams(api.server, state, base.now);
  const { settled } = streams;
  // The caller that sets the clock continues when every client has received its frames.
  const controls = await listen(async (request, body) => {
    const answer = control(base, `${request.method ?? ''} ${request.url ?? ''}`, body);
    await settled();
    return answer;
  });
  if (options.tbtUrl === undefined) state.tbtUrl = `${api.url.replace('http', 'ws')}/versova`;
  const { close } = streams;
  return {
    ...base,
    streams,
    url: api.url,
    controlUrl: controls.url,
    close: async () => {
      close();
      await Promise.all([closeServer(api.server), closeServer(controls.server)]);
    },
  };
}

async function listen(
  answer: Answering,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const send = (body: string): void => {
      const reply = ({ status, headers, body: answered }: SimulatedResponse): void => {
        response
          .writeHead(status, { ...headers, 'content-length': Buffer.byteLength(answered) })
          .end(answered);
      };
      const answered = answer(request, body);
      if (answered instanceof Promise) answered.then(reply, () => response.destroy());
      else reply(answered);
    };
    // GET requests have no body, so do not wait for one: depth calls are frequent.
    if (request.method === 'GET') send('');
    else text(request).then(send, () => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return { server, url: `http://127.0.0.1:${String(address.port)}` };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
