// Tests sessions on days that are closed by the calendar, with the market status of the simulated broker.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { openRecording } from '../../adapters/recordings/open-recording.ts';
import { marketStatus } from '../../adapters/fyers/market-status.ts';
import type { Override } from '../../core/market/calendar-data.ts';
import { type Instant, type IstDate, formatClock, istDate, istInstant } from '../../core/time.ts';
import { audit } from '../../harvester/audit.ts';
import { compactDay } from '../../harvester/compact.ts';
import { sessionsOn } from '../../harvester/calendar.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { type SimulatedApp, mintToken } from '../../sandbox/fyers/tokens.ts';
import { SIMULATED_APP } from '../support/keeper-fixture.ts';
import { UNGUARDED } from '../support/rest-feed.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { stopAt } from '../support/recorded-session.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { type HarvesterRun, runHarvester } from './harvester-harness.ts';

/** Guru Nanak's birthday, a Tuesday. */
const HOLIDAY = istDate('2026-11-24');
const SUNDAY = istDate('2026-11-29');
/** Five minutes into each special session of the shipped calendar. */
const CHECK_TIMES = ['09:20', '11:35', '11:50', '13:50', '18:05', '18:20'];
/** Slots of a minute of two symbols. */
const WHOLE_DAY = 2 * (16 * 60 - (9 * 60 + 21));

let fyers: FyersSimulator;
const folder = makeFolderPerTest();
beforeAll(async () => {
  fyers = await startFyers({
    seed: 'surprise',
    apps: [SIMULATED_APP],
    refresh: 'refused',
    startsAt: istInstant(HOLIDAY, '00:00'),
  });
});
afterAll(() => fyers.close());

interface Day extends Pick<HarvesterRun, 'onSlot' | 'objects' | 'signal'> {
  readonly date?: IstDate;
  readonly from?: string;
  /** The broker's market status at a time of day. */
  readonly market?: (time: string) => string;
  readonly app?: Partial<SimulatedApp>;
  readonly hasToken?: boolean;
  readonly overrides?: readonly Override[];
  readonly in?: string;
}

/** Runs a closed day to the end of its first session, or to its last minute. */
async function runDay(day: Day = {}) {
  const {
    date = HOLIDAY,
    market = () => 'OPEN',
    overrides = [],
    in: place = folder.path,
    onSlot,
  } = day;
  fyers.state.apps[0] = { ...SIMULATED_APP, ...day.app };
  fyers.state.requests.splice(0);
  const token = mintToken('surprise', SIMULATED_APP, 'access_token', istInstant(date, '07:00'));
  const evening = new AbortController();
  const days = dayFolders(place);
  let now: Instant = istInstant(date, day.from ?? '07:30');
  const { eventNames } = await runHarvester(place, {
    startsAt: now,
    everySeconds: 60,
    stored: () => (day.hasToken === false ? null : token),
    signal: AbortSignal.any([evening.signal, day.signal ?? evening.signal]),
    objects: day.objects ?? null,
    ...(onSlot === undefined ? {} : { onSlot }),
    loop: {
      calendar: { overrides },
      compact: async (each) => {
        await compactDay({
          folder: days.folder(each),
          date: each,
          shard: 0,
          ...sessionsOn(each, {}),
        });
      },
      marketStatus: (bounds) => {
        fyers.setClock(now);
        fyers.state.market = market(formatClock(now));
        const authorization = `${SIMULATED_APP.id}:${token}`;
        return marketStatus({ apiUrl: fyers.url, authorization, guard: UNGUARDED, ...bounds });
      },
      listeners: [
        {
          progress: ({ at }) => {
            now = at;
            if (at >= istInstant(date, '23:50')) evening.abort();
          },
          stopping: () => undefined,
        },
      ],
    },
  });
  const recorded = await days.dates();
  return {
    eventNames,
    recorded,
    checkedAt: fyers.requests().map(({ at }) => formatClock(at as Instant).slice(0, 5)),
    manifest: recorded.includes(date) ? await days.folder(date).manifest() : null,
    events: recorded.includes(date) ? await days.folder(date).events() : [],
  };
}

const NOTHING = { recorded: [], manifest: null };

describe('On a day that is closed by the calendar', () => {
  test.each([HOLIDAY, SUNDAY])(
    'an open market is logged, and recorded to the usual close: %s',
    async (date) => {
      const { eventNames, checkedAt, manifest, events } = await runDay({ date });
      expect(checkedAt).toEqual(['09:20']);
      expect(eventNames.filter((event) => event === 'surprise-session')).toHaveLength(1);
      expect(eventNames.indexOf('day-compacted')).toBeGreaterThan(eventNames.indexOf('recording'));
      expect(events.find(({ event }) => event === 'plan')).toMatchObject({
        session: 'surprise',
        certainty: 'provisional',
        opensAt: istInstant(date, '09:21'),
        closesAt: istInstant(date, '16:00'),
      });
      expect(manifest).toMatchObject({
        session: { name: 'surprise', certainty: 'provisional' },
        expected: WHOLE_DAY,
        received: WHOLE_DAY,
        explained: 0,
        unexplained: 0,
        phases: [{ name: 'UNKNOWN', certainty: 'provisional', received: WHOLE_DAY }],
        quality: { red: false },
      });
      const recording = await openRecording({ what: date, dataDir: folder.path, cwd: folder.path });
      const found = await audit({
        ...{ date, events, manifest, calendar: {} },
        rows: () => recording.rows(),
        now: istInstant(date, '20:00'),
        onRow: () => undefined,
      });
      expect(found).toMatchObject({ rows: WHOLE_DAY, faults: [], quality: { red: false } });
    },
  );

  test.each([
    ['afternoon', '13:45', '13:50', 2 * (16 * 60 - (13 * 60 + 51))],
    ['evening', '18:00', '18:05', 2 * (19 * 60 + 45 - (18 * 60 + 6))],
  ])('a session of the %s is noticed', async (_when, opens, noticed, slots) => {
    const { checkedAt, manifest } = await runDay({
      market: (time) => (time < opens ? 'CLOSED' : 'OPEN'),
    });
    expect(checkedAt.at(-1)).toBe(noticed);
    expect(manifest).toMatchObject({ expected: slots, received: slots, unexplained: 0 });
  });

  test('a closed market is checked at the hours of known special sessions, and nothing is recorded', async () => {
    const { eventNames, checkedAt, ...left } = await runDay({ market: () => 'CLOSED' });
    expect(checkedAt).toEqual(CHECK_TIMES);
    expect(left).toMatchObject(NOTHING);
    expect(eventNames.filter((event) => /token|surprise/.test(event))).toEqual(['token-in-use']);
  });

  test('the market is not checked without a token, and token-missing is not logged', async () => {
    const { eventNames, checkedAt, ...left } = await runDay({ hasToken: false });
    expect(checkedAt).toEqual([]);
    expect(left).toMatchObject(NOTHING);
    expect(eventNames).not.toContain('token-missing');
  });

  test('nothing is recorded if the market status may not be read or the broker is down', async () => {
    const refused = await runDay({ app: { mayReadMarketStatus: false } });
    expect([refused.checkedAt, refused.recorded]).toEqual([CHECK_TIMES, []]);
    fyers.state.isDown = true;
    const down = await runDay();
    fyers.state.isDown = false;
    expect(down).toMatchObject(NOTHING);
    expect(down.eventNames).not.toContain('surprise-session');
  });

  test('the market is not checked if the operator closes the day', async () => {
    const overrides: readonly Override[] = [{ date: SUNDAY, closed: true, why: 'a mock session' }];
    const { checkedAt, ...left } = await runDay({ date: SUNDAY, overrides });
    expect(checkedAt).toEqual([]);
    expect(left).toMatchObject(NOTHING);
  });

  test('a restart continues the session without a check', async () => {
    const first = await runDay(stopAt(99));
    expect([first.manifest, first.eventNames.includes('stopping')]).toEqual([null, true]);
    // 100 slots from 09:21 on are recorded, and the next one is 11:31.
    const again = await runDay({ from: '11:31' });
    expect(again.checkedAt).toEqual([]);
    expect(again.eventNames).not.toContain('surprise-session');
    expect(again.manifest).toMatchObject({
      expected: WHOLE_DAY,
      received: WHOLE_DAY - 2 * 30,
      holes: { stopped: 2 * 30 },
      unexplained: 0,
      leftOut: { duplicate: 0, unplanned: 0, malformed: 0 },
    });
  });

  test('another machine continues the session with the shipped segments', async () => {
    const objects = memoryBucket();
    await runDay({ objects, ...stopAt(99) });
    const other = await runDay({ objects, from: '11:30', in: path.join(folder.path, 'other') });
    expect(other.checkedAt).toEqual(['11:30']);
    expect(other.manifest).toMatchObject({
      expected: WHOLE_DAY,
      received: WHOLE_DAY - 2 * 30,
      holes: { stopped: 2 * 30 },
      unexplained: 0,
    });
  });

  test('a stopped session is compacted by a start in the same evening', async () => {
    await runDay(stopAt(99));
    const { manifest, checkedAt } = await runDay({ from: '16:30' });
    expect(manifest).toMatchObject({ expected: WHOLE_DAY, received: 2 * 100, unexplained: 0 });
    expect(checkedAt).toEqual([]);
  });
});
