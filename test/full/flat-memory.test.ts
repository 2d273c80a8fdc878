// A month of sessions in one process, on a clock that jumps: what it holds at the end is what it held after the first days.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { dayFolders } from '../../adapters/files/days.ts';
import { parseSampling } from '../../core/config.ts';
import { nextSession } from '../../core/market/calendar.ts';
import { slotsOf } from '../../core/market/slots.ts';
import type { DepthFeed } from '../../core/ports.ts';
import { type Instant, SECOND, istDate, istInstant, plus } from '../../core/time.ts';
import { harvest } from '../../harvester/loop.ts';
import { holdToken } from '../../harvester/token.ts';
import { taken } from '../support/depth.ts';
import { operatorToken } from '../support/operator-token.ts';

const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ', 'NSE:M&M-EQ'];
const SESSIONS = 22;
/** Code and caches have settled by then. */
const SETTLED = 4;
const EVERY_SECONDS = 30;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Megabytes that are still in use. */
function held(): number {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}

test('Memory is flat over a month of sessions', { timeout: 300_000 }, async () => {
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
    const events = { emit: () => undefined };
    const feed: DepthFeed = {
      name: 'rest',
      async *observe(session) {
        for (const slot of slotsOf(session, EVERY_SECONDS)) {
          await clock.sleepUntil(slot);
          yield SYMBOLS.map((symbol) => taken(symbol, slot));
        }
        megabytes.push(held());
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    await harvest({
      clock,
      signal: new AbortController().signal,
      feed,
      token: holdToken({
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
      }),
      events,
      metrics: { measure: () => undefined, flush: () => Promise.resolve() },
      sampling: sampling.value,
      days: dayFolders(folder),
      compact: () => Promise.resolve(),
      objects: null,
      shard: 0,
      isOver: () => false,
      nextSession,
      sessions: SESSIONS,
      until: null,
    });
    expect(megabytes).toHaveLength(SESSIONS);
    const [settled = 0, last = 0] = [megabytes[SETTLED], megabytes.at(-1)];
    expect(last - settled, megabytes.map((mb) => mb.toFixed(1)).join(' ')).toBeLessThan(3);
  } finally {
    await rm(folder, { recursive: true });
  }
});
