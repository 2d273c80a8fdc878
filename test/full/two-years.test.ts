// Runs the harvester's loop through every minute of 2025 and 2026 on a virtual clock, with the simulated broker. The days
// and hours below are from the exchange's circulars, not from the shipped calendar. The days on both sides of the
// last change of hours are written to files and compacted.
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { openParquet } from '../../adapters/recordings/parquet/rows.ts';
import { slotsOf } from '../../core/market/phases.ts';
import type { DepthFeed } from '../../core/ports.ts';
import {
  type Instant,
  type IstDate,
  MINUTE,
  addDays,
  formatClock,
  instant,
  istDate,
  istDateAt,
  istInstant,
} from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { harvest } from '../../harvester/loop.ts';
import type { Days } from '../../harvester/ports.ts';
import { sessionsOn } from '../../harvester/calendar.ts';
import type { ResolveNames } from '../../harvester/symbols.ts';
import { reply } from '../../sandbox/fyers/reply.ts';
import { newState } from '../../sandbox/fyers/state.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { taken } from '../support/depth.ts';
import { hoursOn } from '../support/exchange-days.ts';
import { memoryDays } from '../infra/alarms/memory-days.ts';
import { loopOptions } from '../support/loop-options.ts';
import { SIMULATED_APP } from '../support/keeper-fixture.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';

/** Recorded every day; it closes by auction since there is one. */
const SHARE = 'NSE:SBIN-EQ';
/** Also recorded when hours change: a share without derivatives, and one of these. */
const PLAIN_SHARE = 'NSE:SMALL-EQ';
/** Of a far month: only futures of the current one have a pre-open. */
const LATER_FUTURE = 'NSE:NIFTY27JUNFUT';

const NEW_PREOPEN =
  '09:00 PREOPEN_ENTRY, 09:05 PREOPEN_LIMIT, 09:10 PREOPEN_MATCH, 09:12 BUFFER, 09:15 CONTINUOUS';
const AUCTION =
  '15:15 CAS_REF, 15:20 CAS_ENTRY, 15:25 CAS_LIMIT, 15:30 CAS_MATCH, 15:35 TRANSITION, 15:50 POSTCLOSE';
const LATER_AUCTION =
  '15:30 CAS_REF, 15:31 CAS_ENTRY, 15:36 CAS_LIMIT, 15:40 CAS_MATCH, 15:45 TRANSITION, 15:50 POSTCLOSE';
/** No circular names what lies between: the closing price is made of the half hour before. */
const WITHOUT_AUCTION = '15:30 CLOSE_CALC, 15:50 POSTCLOSE';
/**
 * The last day before the last change and the first one under it: when each phase of each kind of symbol begins. Shares:
 * NSE/CMTR/76963; derivatives: SEBI's circular of 15 October. test/core/market/calendar.test.ts has the earlier changes.
 */
const CHANGES: Readonly<Record<string, readonly (readonly [symbol: string, phases: string])[]>> = {
  '2026-12-04': [
    [SHARE, `${NEW_PREOPEN}, ${AUCTION}`],
    [PLAIN_SHARE, `${NEW_PREOPEN}, ${WITHOUT_AUCTION}`],
    ['NSE:NIFTY26DECFUT', `${NEW_PREOPEN}, 15:40 none`],
    [LATER_FUTURE, '09:00 none, 09:15 CONTINUOUS, 15:40 none'],
  ],
  '2026-12-07': [
    [SHARE, `${NEW_PREOPEN}, ${LATER_AUCTION}`],
    [PLAIN_SHARE, `${NEW_PREOPEN}, ${WITHOUT_AUCTION}`],
    ['NSE:NIFTY26DECFUT', `${NEW_PREOPEN}, 15:45 none`],
    [LATER_FUTURE, '09:00 none, 09:15 CONTINUOUS, 15:45 none'],
  ],
};

/** Date, first and last minute with a row. */
function expected(): readonly string[] {
  const days: string[] = [];
  for (let date = istDate('2025-01-01'); date <= '2026-12-31'; date = addDays(date, 1)) {
    const hours = hoursOn(date);
    if (hours !== null) days.push([date, ...hours].join(' '));
  }
  return days;
}

const rows = new Map<string, Instant[]>();
/** Number of requests for the market status, by date; the broker answers that the market is closed. */
const asked = new Map<string, number>();
const dataDir = makeFolderPerFile();

/** The facts of the symbol master. */
const resolveNames: ResolveNames = (date) => {
  const changed = CHANGES[date]?.map(([symbol]) => symbol) ?? [];
  const symbols = [...new Set([SHARE, ...changed])];
  const nothing = { alias: null, isin: null, fyToken: null, tick: null, lot: null };
  const facts = symbols.map((symbol) => ({
    symbol,
    ...nothing,
    auction: symbol.endsWith('FUT') ? null : symbol === SHARE,
    lastClose: null,
  }));
  return Promise.resolve({ symbols, unknown: [], facts, problems: [], mayImprove: false });
};

/** Writes real files on the days when hours change; the files of all other days are not checked. */
function newDays() {
  const [files, memory] = [
    dayFolders(dataDir.path),
    memoryDays({ diskUsedPercent: () => 10, shipped: () => true }),
  ];
  const waiting = new Set<IstDate>();
  const days: Days = {
    ...memory,
    open: (date) => {
      if (!(date in CHANGES)) return memory.open(date);
      waiting.add(date);
      return files.open(date);
    },
    folder: (date) => (date in CHANGES ? files.folder(date) : memory.folder(date)),
    dates: () => Promise.resolve([...waiting]),
  };
  const compact = async (date: IstDate): Promise<void> => {
    await compactDay({ folder: days.folder(date), date, shard: 0, ...sessionsOn(date, {}) });
    waiting.delete(date);
  };
  return { days, compact };
}

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
  const feed: DepthFeed = {
    name: 'rest',
    async *observe(session, held, _signal, symbols = []) {
      for (const slot of slotsOf(session, 60)) {
        await clock.sleepUntil(slot);
        ask(slot, held() ?? '');
        yield symbols.map((symbol) => taken(symbol, slot));
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const ask = (slot: Instant, accessToken: string): void => {
    const answered = reply(
      state,
      {
        method: 'GET',
        path: '/data/depth',
        query: new URLSearchParams({ symbol: SHARE }),
        authorization: `${SIMULATED_APP.id}:${accessToken}`,
        userAgent: 'test',
        body: '',
      },
      now,
    );
    if (answered.status !== 200) throw new Error(`${String(slot)}: ${answered.body}`);
    const date = istDateAt(slot);
    const seen = rows.get(date) ?? [];
    seen.push(slot);
    rows.set(date, seen);
  };
  await harvest({
    ...loopOptions({
      clock,
      symbols: [SHARE],
      everySeconds: 60,
      stored: (at) => mintToken('years', SIMULATED_APP, 'access_token', at),
    }),
    feed,
    ...newDays(),
    resolveNames,
    marketStatus: () => {
      const date = istDateAt(now);
      asked.set(date, (asked.get(date) ?? 0) + 1);
      return Promise.resolve('CLOSED');
    },
    until,
  });
});

describe('In two years the harvester records', () => {
  test('each session from its first minute to its last, and no other row', () => {
    const recorded = [...rows].map(([date, slots]) => {
      const [first, last] = [slots.at(0), slots.at(-1)].map((at) =>
        at === undefined ? '' : formatClock(at).slice(0, 5),
      );
      return `${date} ${first ?? ''} ${last ?? ''}`;
    });
    expect(recorded).toEqual(expected());
  });

  test('every minute of a session once', () => {
    for (const [date, slots] of rows) {
      const gaps = slots.slice(1).map((slot, index) => slot - (slots[index] ?? 0));
      expect(new Set(gaps), date).toEqual(new Set([MINUTE]));
    }
  });

  describe.each(Object.entries(CHANGES))('under the rules of %s', (date, symbols) => {
    test.each(symbols)('%s', async (symbol, phases) => {
      expect(await phasesIn(date, symbol)).toBe(phases);
    });
  });
});

test('The harvester reads the market status once in each session, and six times on every other day', () => {
  for (let date = istDate('2025-01-01'); date <= '2026-12-31'; date = addDays(date, 1)) {
    expect(asked.get(date), date).toBe(rows.has(date) ? 1 : 6);
  }
});
/** When each phase begins, as the compacted day's Parquet has it. */
async function phasesIn(date: string, wanted: string): Promise<string> {
  const file = path.join(dataDir.path, 'days', date, 'depth.parquet');
  const begins: string[] = [];
  let [last, minutes] = ['', 0];
  for await (const group of (await openParquet(file)).groups(['symbol', 'slot', 'phase'])) {
    for (const [symbol, slot, phase] of group) {
      if (symbol !== wanted) continue;
      minutes += 1;
      const name = String(phase ?? 'none');
      if (name !== last) begins.push(`${formatClock(instant(Number(slot))).slice(0, 5)} ${name}`);
      last = name;
    }
  }
  expect(minutes).toBe(420);
  return begins.join(', ');
}
