// Starts a broker with one endpoint that is scripted call by call.
import { createServer } from 'node:http';
import { DEPTH_SAMPLE } from './depth-sample.ts';
import { listenOnLoopback } from './loopback.ts';

interface Call {
  readonly symbol: string;
  readonly authorization: string;
  /** From 0, over all symbols. */
  readonly nth: number;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DepthServer extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly Call[];
}

/** Null leaves the call without an answer. */
export type Script = (call: Call) => Answer | null;

const BOOK = { bids: [{ price: 427.2, volume: 10, ord: 1 }], ask: [], v: 5, ltt: 0 };

export const depthOf = (symbol: string, ltp = 427.25): Answer => ({
  status: 200,
  body: {
    s: 'ok',
    d: { [symbol]: { ...DEPTH_SAMPLE, ...BOOK, ltp } },
    message: '',
  },
});
const otherwise = (route: string, status: string | Answer | undefined): Answer => {
  if (typeof status === 'object') return status;
  if (route !== '/data/marketStatus' || status === undefined) return { status: 404, body: null };
  const marketStatus = [{ exchange: 10, segment: 10, market_type: 'NORMAL', status }];
  return { status: 200, body: { s: 'ok', code: 200, message: '', marketStatus } };
};
export const refusal = (status: number, code: number, headers = {}): Answer => ({
  status,
  body: { s: 'error', code, message: 'refused' },
  headers,
});

/** @param market the market's status, or the answer to every other call; absent: neither */
export async function startDepthServer(
  script: Script,
  market?: string | Answer,
): Promise<DepthServer> {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    // Its clock is the real one, and a test's is not.
    response.sendDate = false;
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const call = {
      symbol: url.searchParams.get('symbol') ?? '',
      authorization: request.headers.authorization ?? '',
      nth: calls.length,
    };
    calls.push(call);
    const answer = url.pathname === '/data/depth' ? script(call) : otherwise(url.pathname, market);
    if (answer === null) return;
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    response.writeHead(answer.status, answer.headers).end(body);
  });
  return {
    ...(await listenOnLoopback(server)),
    calls,
  };
}
