// A broker on loopback whose answers take their time on a virtual clock, and the clock that they move.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Clock } from '../core/ports.ts';
import { type Instant, plus } from '../core/time.ts';

export interface SlowBroker extends AsyncDisposable {
  readonly url: string;
  readonly clock: Clock;
  /** How many calls it got. */
  readonly calls: () => number;
}

export interface Manners {
  /** From a call to its answer, virtual time. */
  readonly callMs: number;
  /** Calls that a collector has in flight at once, if it is quick: then nothing waits in real time. */
  readonly together: number;
  /** What a call gets that arrives at an instant; default `book`. `nothing` keeps the connection open. */
  readonly answer?: (at: Instant) => 'book' | 'refused' | 'nothing';
}

/** Calls that have all arrived are in flight together; real time, and only waited for when fewer than `together` came. */
const QUIET_MS = 50;

export async function slowBroker(start: Instant, manners: Manners): Promise<SlowBroker> {
  const { callMs, together, answer = () => 'book' } = manners;
  let [now, calls] = [start, 0];
  let waiting: (() => void)[] = [];
  let quiet: NodeJS.Timeout | undefined;
  const answerAll = (): void => {
    clearTimeout(quiet);
    now = plus(now, callMs);
    const answers = waiting;
    waiting = [];
    for (const send of answers) send();
  };
  const server = createServer((request, response) => {
    calls += 1;
    const kind = answer(now);
    if (kind === 'nothing') return;
    const symbol = new URL(request.url ?? '', 'http://loopback').searchParams.get('symbol') ?? '';
    waiting.push(() => {
      if (kind === 'book') response.end(depthOf(symbol));
      else response.writeHead(401).end(REFUSED);
    });
    clearTimeout(quiet);
    if (waiting.length === together) answerAll();
    else quiet = setTimeout(answerAll, QUIET_MS);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    calls: () => calls,
    clock: {
      now: () => now,
      sleepUntil: (at) => {
        if (at > now) now = at;
        return Promise.resolve();
      },
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Fyers API v3, "Market Depth", as far as a book needs it. */
function depthOf(symbol: string): string {
  const side = [{ price: 500, volume: 10, ord: 1 }];
  return JSON.stringify({ s: 'ok', d: { [symbol]: { bids: side, ask: side, ltp: 500 } } });
}

const REFUSED = JSON.stringify({
  s: 'error',
  code: -16,
  message: 'Could not authenticate the user',
});
