// Every minute of 2025 and 2026, lived by the harvester's own loop on a clock that jumps, with the simulated broker in
// this process. The days and hours below are typed from the exchange's circulars, not taken from our calendar.
import { beforeAll, describe, expect, test } from 'vitest';
import { parseSampling } from '../../core/config.ts';
import { dayOf, nextSession } from '../../core/market/calendar.ts';
import { mayOpenAfterAll } from '../../core/market/surprise.ts';
import { slotsOf } from '../../core/market/slots.ts';
import type { DepthFeed, Taken } from '../../core/ports.ts';
import {
  type Instant,
  MINUTE,
  addDays,
  formatClock,
  istDate,
  istDateAt,
  istInstant,
  weekday,
} from '../../core/time.ts';
import { harvest } from '../../harvester/loop.ts';
import { holdToken } from '../../harvester/token.ts';
import { reply } from '../../sandbox/fyers/reply.ts';
import { newState } from '../../sandbox/fyers/state.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { taken } from '../support/depth.ts';
import { memoryDays } from '../infra/alarms/memory-days.ts';
import { SIMULATED_APP } from '../support/keeper-world.ts';

const SYMBOL = 'NSE:SBIN-EQ';
/** NSE's lists of December 2024 and 2025, and the election in Mumbai that was added in January 2026. */
const HOLIDAYS = `
2025-02-26 2025-03-14 2025-03-31 2025-04-10 2025-04-14 2025-04-18 2025-05-01 2025-08-15 2025-08-27 2025-10-02
2025-10-22 2025-11-05 2025-12-25
2026-01-15 2026-01-26 2026-03-03 2026-03-26 2026-03-31 2026-04-03 2026-04-14 2026-05-01 2026-05-28 2026-06-26
2026-09-14 2026-10-02 2026-10-20 2026-11-10 2026-11-24 2026-12-25`
  .trim()
  .split(/\s+/);
/** The budgets, a Saturday and a Sunday, in full; the hour of Diwali in the afternoon, and in an evening. */
const SESSIONS: Readonly<Record<string, readonly [first: string, last: string]>> = {
  '2025-02-01': ['09:00', '15:59'],
  '2026-02-01': ['09:00', '15:59'],
  '2025-10-21': ['13:15', '15:04'],
  '2026-11-08': ['18:00', '19:44'],
};

/** Date, first and last minute with a row. */
function expected(): readonly string[] {
  const days: string[] = [];
  for (let date = istDate('2025-01-01'); date <= '2026-12-31'; date = addDays(date, 1)) {
    const isWeekend = weekday(date) === 0 || weekday(date) === 6;
    const hours =
      SESSIONS[date] ?? (isWeekend || HOLIDAYS.includes(date) ? null : ['09:00', '15:59']);
    if (hours !== null) days.push([date, ...hours].join(' '));
  }
  return days;
}

const rows = new Map<string, Instant[]>();
/** How often the broker was asked for the status of its market, which it says is closed, by date. */
const asked = new Map<string, number>();

beforeAll(async () => {
  const start = istInstant(istDate('2025-01-01'), '00:00');
  const until = istInstant(istDate('2027-01-01'), '00:00');
  const state = newState({ seed: 'years', apps: [SIMULATED_APP], refresh: 'refused' });
  let now = start;
  const clock = {
    now: () => now,
    sleepUntil: (at: Instant) => {
      if (at > now) now = at;
      return Promise.resolve();
    },
  };
  const sampling = parseSampling(SYMBOL, '60');
  if (!sampling.ok) throw new Error(sampling.problem);
  const quiet = { emit: () => undefined };
  const token = holdToken({
    clock,
    events: quiet,
    fingerprint: () => '',
    store: {
      read: (name) =>
        Promise.resolve(
          name === 'FYERS_CLIENT_ID'
            ? SIMULATED_APP.id
            : mintToken('years', SIMULATED_APP, 'access_token', now),
        ),
      write: () => Promise.reject(new Error('the harvester stores no token')),
    },
  });
  const feed: DepthFeed = {
    name: 'rest',
    async *observe(session, held) {
      for (const slot of slotsOf(session, 60)) {
        await clock.sleepUntil(slot);
        yield [takenAt(slot, held() ?? '')];
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const takenAt = (slot: Instant, accessToken: string): Taken => {
    const answered = reply(
      state,
      {
        method: 'GET',
        path: '/data/depth',
        query: new URLSearchParams({ symbol: SYMBOL }),
        authorization: `${SIMULATED_APP.id}:${accessToken}`,
        userAgent: 'test',
        body: '',
      },
      now,
    );
    if (answered.status !== 200) throw new Error(`${String(slot)}: ${answered.body}`);
    const date = istDateAt(slot);
    rows.set(date, [...(rows.get(date) ?? []), slot]);
    return taken(SYMBOL, slot);
  };
  await harvest({
    clock,
    signal: new AbortController().signal,
    feed,
    token,
    events: quiet,
    metrics: { measure: () => undefined, flush: () => Promise.resolve() },
    sampling: sampling.value,
    // What is over is of no interest here, and a folder of two years would be looked through every ten minutes.
    days: {
      ...memoryDays({ diskUsedPercent: () => 10, shipped: () => true }),
      dates: () => Promise.resolve([]),
    },
    compact: () => Promise.resolve(),
    objects: null,
    shard: 0,
    isOver: () => false,
    nextSession,
    mayOpenAfterAll: (date) => mayOpenAfterAll(date, {}),
    marketStatus: () => {
      const date = istDateAt(now);
      asked.set(date, (asked.get(date) ?? 0) + 1);
      return Promise.resolve('CLOSED');
    },
    sessions: null,
    until,
  });
});

describe('In two years the harvester records', () => {
  test('each session from its first minute to its last, and not a row elsewhere', () => {
    const recorded = [...rows].map(([date, slots]) => {
      const [first, last] = [slots.at(0), slots.at(-1)].map((at) =>
        at === undefined ? '' : formatClock(at).slice(0, 5),
      );
      return `${date} ${first ?? ''} ${last ?? ''}`;
    });
    expect(recorded).toEqual(expected());
  });

  test('every minute between, once', () => {
    for (const [date, slots] of rows) {
      const gaps = slots.slice(1).map((slot, index) => slot - (slots[index] ?? 0));
      expect(new Set(gaps), date).toEqual(new Set([MINUTE]));
    }
  });

  test.each([
    ['2026-01-15', null],
    ['2026-07-31', 'CONTINUOUS 09:15–15:30, CLOSE_CALC 15:30–15:40'],
    ['2026-08-03', 'CONTINUOUS 09:15–15:15, CAS_REF 15:15–15:20'],
    ['2026-12-04', 'CONTINUOUS 09:15–15:15, CAS_REF 15:15–15:20'],
    ['2026-12-07', 'CONTINUOUS 09:15–15:30, CAS_REF 15:30–15:31'],
    ['2026-09-04', 'PREOPEN_ENTRY 09:00–09:08, PREOPEN_MATCH 09:08–09:12'],
    ['2026-09-07', 'PREOPEN_ENTRY 09:00–09:05, PREOPEN_LIMIT 09:05–09:10'],
  ])('under the rules of its day: %s', (date, phases) => {
    const day = dayOf(istDate(date));
    const text =
      day.kind === 'closed'
        ? null
        : day.plan.phases
            .map(
              ({ name, from, to }) =>
                `${name} ${formatClock(from).slice(0, 5)}–${formatClock(to).slice(0, 5)}`,
            )
            .join(', ');
    if (phases === null) expect([text, rows.has(date)]).toEqual([null, false]);
    else expect(text).toContain(phases);
  });
});

test('It asks for the status of the market once in each session, and a handful of times on each other day', () => {
  for (let date = istDate('2025-01-01'); date <= '2026-12-31'; date = addDays(date, 1)) {
    expect(asked.get(date), date).toBe(rows.has(date) ? 1 : 6);
  }
});
