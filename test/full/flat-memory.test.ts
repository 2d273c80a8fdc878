// Runs a month of sessions in one process on a virtual clock, with the feed over HTTP and uploads of segments, and compares
// the used memory at the end with that of the first days.
import { createServer } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { restDepth } from '../../adapters/fyers/depth-feed.ts';
import type { DepthFeed } from '../../core/ports.ts';
import { type Instant, istDate, istInstant } from '../../core/time.ts';
import { harvest } from '../../harvester/loop.ts';
import { depthOf } from '../support/depth-server.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { loopOptions } from '../support/loop-options.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ', 'NSE:M&M-EQ'];
const SESSIONS = 22;
/** Code and caches have settled by then. */
const SETTLED = 4;
const EVERY_SECONDS = 60;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Returns the used heap in megabytes, after a garbage collection. */
function usedHeap(): number {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}

/** Starts a broker without state, so that its memory does not grow. */
async function startStatelessBroker() {
  const server = createServer((request, response) => {
    const symbol = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams.get('symbol') ?? '';
    response.end(JSON.stringify(depthOf(symbol).body));
  });
  return listenOnLoopback(server);
}

const folder = makeFolderPerTest();

test(
  'The used heap grows by less than 3 MB over a month of sessions',
  { timeout: 300_000 },
  async () => {
    const megabytes: number[] = [];
    let now = istInstant(istDate('2026-06-01'), '08:00');
    const clock = {
      now: () => now,
      sleepUntil: (at: Instant) => {
        if (at > now) now = at;
        return Promise.resolve();
      },
    };
    const shared = loopOptions({ clock, symbols: SYMBOLS, everySeconds: EVERY_SECONDS });
    const { sampling, token } = shared;
    await using broker = await startStatelessBroker();
    const strikes = { read: () => Promise.resolve(0), write: () => Promise.resolve() };
    const rest = restDepth({
      ...{ apiUrl: broker.url, appId: token.appId, sampling, clock, strikes },
    });
    let [books, pieces] = [0, 0];
    const feed: DepthFeed = {
      ...rest,
      async *observe(...asked) {
        for await (const batch of rest.observe(...asked)) {
          books += batch.filter(({ kind }) => kind === 'book').length;
          yield batch;
        }
        megabytes.push(usedHeap());
      },
    };
    await harvest({
      ...shared,
      feed,
      // No day is closed.
      days: { ...dayFolders(folder.path), dates: () => Promise.resolve([]) },
      compact: () => Promise.resolve(),
      objects: {
        putOnce: () => {
          pieces += 1;
          return Promise.resolve('stored');
        },
        get: () => Promise.resolve(false),
      },
      sessions: SESSIONS,
    });
    expect(megabytes).toHaveLength(SESSIONS);
    expect(books).toBe(SESSIONS * 7 * 60 * SYMBOLS.length);
    // Uploads run next to the slots, so the virtual clock skips some of them.
    expect(pieces).toBeGreaterThan(SESSIONS * 10);
    const [settled = 0, last = 0] = [megabytes[SETTLED], megabytes.at(-1)];
    expect(last - settled, megabytes.map((mb) => mb.toFixed(1)).join(' ')).toBeLessThan(3);
  },
);
