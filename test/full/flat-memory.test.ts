// Runs a month of sessions in one process on a virtual clock, with the feed over HTTP and uploads of segments, and compares
// the used memory at the end with that of the first days.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { restDepth } from '../../adapters/fyers/depth-feed.ts';
import { parseSampling } from '../../core/config/values.ts';
import type { DepthFeed } from '../../core/ports.ts';
import { type Instant, SECOND, istDate, istInstant, plus } from '../../core/time.ts';
import { harvest } from '../../harvester/loop.ts';
import { holdToken } from '../../harvester/token.ts';
import { depthOf } from '../support/depth-server.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { operatorToken } from '../support/operator-token.ts';

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

test(
  'The used heap grows by less than 3 MB over a month of sessions',
  { timeout: 300_000 },
  async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'fyers-flat-'));
    try {
      const megabytes: number[] = [];
      let now = istInstant(istDate('2026-06-01'), '08:00');
      const clock = {
        now: () => now,
        sleepUntil: (at: Instant) => {
          if (at > now) now = at;
          return Promise.resolve();
        },
      };
      const sampling = parseSampling(SYMBOLS.join(), String(EVERY_SECONDS));
      if (!sampling.ok) throw new Error(sampling.problem);
      const events = { log: () => undefined };
      const token = holdToken({
        clock,
        events,
        fingerprint: () => '',
        store: {
          read: (name) =>
            Promise.resolve(
              name === 'FYERS_CLIENT_ID'
                ? 'ABCD1234EF-100'
                : operatorToken('access_token', new Date(plus(now, -SECOND)).toISOString()),
            ),
          write: () => Promise.reject(new Error('the harvester stores no token')),
        },
      });
      await using broker = await startStatelessBroker();
      const strikes = { read: () => Promise.resolve(0), write: () => Promise.resolve() };
      const rest = restDepth({
        ...{ apiUrl: broker.url, appId: token.appId, sampling: sampling.value, clock, strikes },
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
        clock,
        signal: new AbortController().signal,
        feed,
        token,
        events,
        metrics: { measure: () => undefined, flush: () => Promise.resolve() },
        sampling: sampling.value,
        // No day is closed.
        days: { ...dayFolders(folder), dates: () => Promise.resolve([]) },
        compact: () => Promise.resolve(),
        objects: {
          putOnce: () => {
            pieces += 1;
            return Promise.resolve('stored');
          },
          get: () => Promise.resolve(false),
        },
        shard: 0,
        calendar: {},
        sessions: SESSIONS,
        until: null,
      });
      expect(megabytes).toHaveLength(SESSIONS);
      expect(books).toBe(SESSIONS * 7 * 60 * SYMBOLS.length);
      // Uploads run next to the slots, so the virtual clock skips some of them.
      expect(pieces).toBeGreaterThan(SESSIONS * 10);
      const [settled = 0, last = 0] = [megabytes[SETTLED], megabytes.at(-1)];
      expect(last - settled, megabytes.map((mb) => mb.toFixed(1)).join(' ')).toBeLessThan(3);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
