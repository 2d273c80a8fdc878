import { expect, test } from 'vitest';
import type { LogRecord } from '../../core/ports.ts';
import { parseInstant } from '../../core/time.ts';
import { holdToken } from '../../harvester/token.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEED } from '../sandbox/fyers/simulator.ts';
import { virtualClock } from '../support/virtual-clock.ts';

test.each([
  [
    'on the evening before',
    '2026-11-29T13:08:00+05:30',
    ', until 30 Nov 2026, 06:00 IST: not for the session of 2026-11-30.',
  ],
  ['on the morning of the session', '2026-11-30T07:10:00+05:30', '(fp).'],
])(
  'token-in-use for a token that is read %s shows whether it is valid for the session',
  async (_when, at, ending) => {
    const now = parseInstant(at);
    const events: LogRecord[] = [];
    const stored = mintToken(SEED, APP, 'access_token', now);
    const token = holdToken({
      store: {
        read: (name) => Promise.resolve(name === 'FYERS_CLIENT_ID' ? APP.id : stored),
        write: () => Promise.reject(new Error('never')),
      },
      clock: virtualClock(now),
      events: { log: (event) => events.push(event) },
      fingerprint: () => 'fp',
      calendar: {},
    });
    await token.read('always');
    expect(events.map(({ event }) => event)).toEqual(['token-in-use']);
    expect(events[0]?.message.endsWith(ending)).toBe(true);
  },
);
