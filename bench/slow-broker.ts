// Simulates a broker on loopback whose answers take time on a virtual clock, and provides that
// clock.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Clock } from '../core/ports.ts';
import { type Instant, plus } from '../core/time.ts';

export interface SlowBroker extends AsyncDisposable {
  readonly url: string;
  readonly clock: Clock;
  /** Number of calls received. */
  readonly calls: () => number;
}

export interface Manners {
  /** Time from a call to its answer, in virtual time. */
  readonly callMs: number;
  /**
   * Number of concurrent calls of a fast collector; if they all arrive, there is no wait in real
   * time.
   */
  readonly together: number;
  /**
   * The answer to a call that arrives at an instant; default `book`. `nothing` keeps the connection
   * open.
   */
  readonly answer?: (at: Instant) => 'book' | 'refused' | 'nothing';
}

/**
 * Calls that arrived before this pause count as concurrent. Real time, only waited if fewer than
 * `together` arrived.
 */
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

/** A minimal depth answer (Fyers API v3, "Market Depth"). */
function depthOf(symbol: string): string {
  const side = [{ price: 500, volume: 10, ord: 1 }];
  return JSON.stringify({ s: 'ok', d: { [symbol]: { bids: side, ask: side, ltp: 500 } } });
}

const REFUSED = JSON.stringify({
  s: 'error',
  code: -16,
  message: 'Could not authenticate the user',
});
