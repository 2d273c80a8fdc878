// Makes the options of the harvester's loop that its tests share: a token in the store, and neither metrics, bucket nor end.
import { parseSampling } from '../../core/config/values.ts';
import type { Clock, Logger } from '../../core/ports.ts';
import { type Instant, formatIso, MINUTE, plus } from '../../core/time.ts';
import type { LoopOptions } from '../../harvester/loop.ts';
import { holdToken } from '../../harvester/token.ts';
import { operatorToken } from './operator-token.ts';
import { must } from './rest-feed.ts';

interface SharedOptions {
  readonly clock: Clock;
  readonly symbols: readonly string[];
  readonly everySeconds: number;
  readonly events?: Logger;
  /** Returns the access token in the store; default: one of a minute ago. */
  readonly stored?: (now: Instant) => string | null | Promise<string | null>;
}

export function loopOptions({
  clock,
  symbols,
  everySeconds,
  events = { log: () => undefined },
  stored = (now) => operatorToken('access_token', formatIso(plus(now, -MINUTE))),
}: SharedOptions): Omit<LoopOptions, 'feed' | 'days' | 'compact'> {
  return {
    clock,
    signal: new AbortController().signal,
    token: holdToken({
      clock,
      events,
      fingerprint: () => 'fingerprint',
      store: {
        read: async (name) =>
          name === 'FYERS_CLIENT_ID' ? 'ABCD1234EF-100' : await stored(clock.now()),
        write: () => Promise.reject(new Error('the harvester stores no token')),
      },
    }),
    events,
    metrics: { measure: () => undefined, flush: () => Promise.resolve() },
    sampling: must(parseSampling(symbols.join(), String(everySeconds))),
    objects: null,
    shard: 0,
    calendar: {},
    sessions: null,
    until: null,
  };
}
