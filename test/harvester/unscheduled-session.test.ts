// Sessions on days that the calendar has as closed, beside the simulated broker's market status.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { openRecording } from '../../adapters/recordings/open-recording.ts';
import { marketStatus } from '../../adapters/fyers/market-status.ts';
import type { Override } from '../../core/market/calendar-data.ts';
import { nextSession } from '../../core/market/calendar.ts';
import { mayHaveUnscheduledSession } from '../../core/market/unscheduled.ts';
import {
  type Instant,
  type IstDate,
  formatClock,
  istDate,
  istDateAt,
  istInstant,
} from '../../core/time.ts';
import { audit } from '../../harvester/audit.ts';
import { compactDay } from '../../harvester/compact.ts';
import { sessionsOn } from '../../harvester/calendar.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { type SimulatedApp, mintToken } from '../../sandbox/fyers/tokens.ts';
import { SIMULATED_APP } from '../support/keeper-world.ts';
import { UNGUARDED } from '../support/rest-feed.ts';
import { memoryBucket } from '../support/memory-bucket.ts';
import { type World, liveIn } from './harvester-harness.ts';

/** Guru Nanak's birthday, a Tuesday. */
const HOLIDAY = istDate('2026-11-24');
const SUNDAY = istDate('2026-11-29');
/** By the sessions of the shipped calendar, five minutes into each. */
const ASKED = ['09:20', '11:35', '11:50', '13:50', '18:05', '18:20'];
/** Slots of a minute, of two symbols. */
const WHOLE_DAY = 2 * (16 * 60 - (9 * 60 + 21));

let fyers: FyersSimulator;
let folder = '';
beforeAll(async () => {
  fyers = await startFyers({
    seed: 'surprise',
    apps: [SIMULATED_APP],
    refresh: 'refused',
    startsAt: istInstant(HOLIDAY, '00:00'),
  });
});
afterAll(() => fyers.close());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-surprise-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Day extends Pick<World, 'onSlot' | 'objects' | 'signal'> {
  readonly date?: IstDate;
  readonly from?: string;
  /** What the broker's market status says at a time of day. */
  readonly market?: (time: string) => string;
  readonly app?: Partial<SimulatedApp>;
  readonly hasToken?: boolean;
  readonly own?: readonly Override[];
  readonly in?: string;
}

/** A closed day up to its first session's end, or to its last minute. */
async function lived(day: Day = {}) {
  const { date = HOLIDAY, market = () => 'OPEN', own = [], in: place = folder, onSlot } = day;
  fyers.state.apps[0] = { ...SIMULATED_APP, ...day.app };
  fyers.state.requests.splice(0);
  const token = mintToken('surprise', SIMULATED_APP, 'access_token', istInstant(date, '07:00'));
  const evening = new AbortController();
  const days = dayFolders(place);
  let now: Instant = istInstant(date, day.from ?? '07:30');
  const isOver = (each: IstDate): boolean => each < istDateAt(now);
  const { said } = await liveIn(place, {
    startsAt: now,
    everySeconds: 60,
    stored: () => (day.hasToken === false ? null : token),
    signal: AbortSignal.any([evening.signal, day.signal ?? evening.signal]),
    objects: day.objects ?? null,
    ...(onSlot === undefined ? {} : { onSlot }),
    loop: {
      nextSession: (after) => nextSession(after, { overrides: own }),
      isOver,
      mayOpenAfterAll: (each) => mayHaveUnscheduledSession(each, { overrides: own }),
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
      onlookers: [
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
    said,
    recorded,
    asked: fyers.requests().map(({ at }) => formatClock(at as Instant).slice(0, 5)),
    manifest: recorded.includes(date) ? await days.folder(date).manifest() : null,
    events: recorded.includes(date) ? await days.folder(date).events() : [],
  };
}

const NOTHING = { recorded: [], manifest: null };

describe('On a day that the calendar has as closed', () => {
  test.each([HOLIDAY, SUNDAY])(
    'a market that is open is told, and recorded to the usual close: %s',
    async (date) => {
      const { said, asked, manifest, events } = await lived({ date });
      expect(asked).toEqual(['09:20']);
      expect(said.filter((event) => event === 'surprise-session')).toHaveLength(1);
      expect(said.indexOf('day-compacted')).toBeGreaterThan(said.indexOf('recording'));
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
      const recording = await openRecording({ what: date, dataDir: folder, cwd: folder });
      const found = await audit({
        ...{ date, events, manifest, ownDays: {} },
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
    const { asked, manifest } = await lived({
      market: (time) => (time < opens ? 'CLOSED' : 'OPEN'),
    });
    expect(asked.at(-1)).toBe(noticed);
    expect(manifest).toMatchObject({ expected: slots, received: slots, unexplained: 0 });
  });

  test('a market that is closed is asked for at the hours of every session we know, and nothing is done', async () => {
    const { said, asked, ...left } = await lived({ market: () => 'CLOSED' });
    expect(asked).toEqual(ASKED);
    expect(left).toMatchObject(NOTHING);
    expect(said.filter((event) => /token|surprise/.test(event))).toEqual(['token-in-use']);
  });

  test('nothing is asked without a token, and none is missed', async () => {
    const { said, asked, ...left } = await lived({ hasToken: false });
    expect(asked).toEqual([]);
    expect(left).toMatchObject(NOTHING);
    expect(said).not.toContain('token-missing');
  });

  test('a status that may not be read, or that a broker in trouble does not tell, is no reason to record', async () => {
    const refused = await lived({ app: { mayReadMarketStatus: false } });
    expect([refused.asked, refused.recorded]).toEqual([ASKED, []]);
    fyers.state.isDown = true;
    const down = await lived();
    fyers.state.isDown = false;
    expect(down).toMatchObject(NOTHING);
    expect(down.said).not.toContain('surprise-session');
  });

  test('the operator who says that it is closed is not doubted', async () => {
    const own: readonly Override[] = [{ date: SUNDAY, closed: true, why: 'a mock session' }];
    const { asked, ...left } = await lived({ date: SUNDAY, own });
    expect(asked).toEqual([]);
    expect(left).toMatchObject(NOTHING);
  });

  test('a restart goes on with the same session, and asks nobody', async () => {
    const stop = new AbortController();
    const first = await lived({
      signal: stop.signal,
      onSlot: (index) => {
        if (index === 99) stop.abort();
      },
    });
    expect([first.manifest, first.said.includes('stopping')]).toEqual([null, true]);
    // 100 slots from 09:21 on are there, and the next one is 11:31.
    const again = await lived({ from: '11:31' });
    expect(again.asked).toEqual([]);
    expect(again.said).not.toContain('surprise-session');
    expect(again.manifest).toMatchObject({
      expected: WHOLE_DAY,
      received: WHOLE_DAY - 2 * 30,
      holes: { stopped: 2 * 30 },
      unexplained: 0,
      leftOut: { duplicate: 0, unplanned: 0, malformed: 0 },
    });
  });

  test('another machine goes on with what the lost one shipped', async () => {
    const objects = memoryBucket();
    const stop = new AbortController();
    await lived({
      objects,
      signal: stop.signal,
      onSlot: (index) => {
        if (index === 99) stop.abort();
      },
    });
    const other = await lived({ objects, from: '11:30', in: path.join(folder, 'other') });
    expect(other.asked).toEqual(['11:30']);
    expect(other.manifest).toMatchObject({
      expected: WHOLE_DAY,
      received: WHOLE_DAY - 2 * 30,
      holes: { stopped: 2 * 30 },
      unexplained: 0,
    });
  });

  test('a session that nobody came back for is closed in the same evening', async () => {
    const stop = new AbortController();
    await lived({
      signal: stop.signal,
      onSlot: (index) => {
        if (index === 99) stop.abort();
      },
    });
    const { manifest, asked } = await lived({ from: '16:30' });
    expect(manifest).toMatchObject({ expected: WHOLE_DAY, received: 2 * 100, unexplained: 0 });
    expect(asked).toEqual([]);
  });
});
