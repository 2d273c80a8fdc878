// Tests the loop's progress, metrics and market check, and how it frees disk space.
import { describe, expect, test } from 'vitest';
import type { Status } from '../../core/recording/columns.ts';
import { slotsOf } from '../../core/market/phases.ts';
import type { DepthFeed } from '../../core/ports.ts';
import { DAY, MINUTE, SECOND, parseInstant, plus } from '../../core/time.ts';
import { OPENS_AT, calendarOf, shortSession, taken } from '../support/depth.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { stopAt } from '../support/recorded-session.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import { AFTERWARDS, TODAY, type HarvesterRun, bucket, runHarvester } from './harvester-harness.ts';

const folder = makeFolderPerTest();

const run = (options: HarvesterRun = {}) => runHarvester(folder.path, options);
const LONG = { ...shortSession(), closesAt: plus(OPENS_AT, 3 * MINUTE) };
const secondsOf = (clock: VirtualClock): number => (clock.now() - OPENS_AT) / SECOND;

/** Requests each slot three milliseconds late, the eleventh seven. One of two symbols has no book in the first five. */
function unevenFeed(clock: VirtualClock): DepthFeed {
  return {
    name: 'rest',
    async *observe(session, _token, signal) {
      for (const [index, slot] of slotsOf(session, 5).entries()) {
        await clock.sleepUntil(slot, signal);
        const sentAt = plus(slot, index === 10 ? 7 : 3);
        const symbol = 'NSE:INFY-EQ';
        yield [
          { ...taken('NSE:SBIN-EQ', slot), sentAt },
          index < 5
            ? { kind: 'hole', reason: 'timeout', symbol, slot, sentAt, receivedAt: sentAt }
            : { ...taken(symbol, slot), sentAt },
        ];
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

describe('harvest, while it waits and records,', () => {
  test('reports progress at least once a minute in a wait, for every slot, and at its end', async () => {
    const reported: Status['doing'][] = [];
    let stops = 0;
    await run({
      ...stopAt(11),
      loop: {
        listeners: [
          { progress: ({ doing }) => void reported.push(doing), stopping: () => void (stops += 1) },
        ],
      },
    });
    // From ten minutes before the opening until fifteen seconds before it, once a minute at least.
    expect(reported.filter(({ kind }) => kind === 'waiting').length).toBeGreaterThanOrEqual(10);
    const slots = reported.flatMap((doing) => (doing.kind === 'recording' ? [doing] : []));
    expect(slots.map(({ slot }) => slot)).toEqual(slotsOf(shortSession(), 5));
    expect(slots[0]).toMatchObject({ filled: 2, symbols: 2, lagMs: 3 });
    expect(stops).toBe(1);
  });

  test('measures heartbeat, missed slots, lag and disk each minute', async () => {
    const measured: (readonly [string, number])[] = [];
    const sentAt: number[] = [];
    const { events } = await run({
      startsAt: plus(OPENS_AT, -MINUTE),
      diskUsedPercent: () => 42.5,
      loop: (clock) => ({
        feed: unevenFeed(clock),
        calendar: calendarOf(LONG),
        metrics: {
          measure: (...given) => void measured.push(given),
          flush: () => Promise.resolve(void sentAt.push(secondsOf(clock))),
        },
      }),
    });
    const of = (name: string) => measured.flatMap((each) => (each[0] === name ? [each[1]] : []));
    // The day is closed at 180, after a heartbeat. The last flush sends the remaining measurements.
    expect(sentAt).toEqual([0, 60, 120, 180, 180]);
    expect(of('SlotsMissed')).toEqual([1, 4, 0, 0]);
    expect(of('SlotLag')).toEqual([3, 7, 3, 3]);
    expect(of('DiskUsedPercent')).toEqual([42.5, 42.5, 42.5, 42.5]);
    const beats = events.flatMap(({ metric }) => (metric?.name === 'Heartbeat' ? [metric] : []));
    expect(beats.map(({ value }) => value)).toEqual([1, 1, 1, 1]);
  });

  test('warns if the calendar has a notice, and not otherwise', async () => {
    const opensAt = parseInstant('2026-12-15T09:00:00+05:30');
    const { events } = await run({
      startsAt: plus(opensAt, -MINUTE),
      loop: { calendar: calendarOf(shortSession(opensAt)) },
    });
    expect(events.filter(({ event }) => event === 'calendar-runs-out')).toMatchObject([
      { level: 'warn', message: expect.stringContaining('known until 2026-12-31') as unknown },
    ]);
    const { eventNames } = await run();
    expect(eventNames).not.toContain('calendar-runs-out');
  });

  test('reads the market status, and notes a difference in the day', async () => {
    const askedAt: number[] = [];
    const { days, eventNames } = await run({
      loop: (clock) => ({
        calendar: {
          overrides: [
            {
              date: TODAY,
              phases: [
                { name: 'PREOPEN_ENTRY', from: '09:00', to: '09:01' },
                { name: 'CONTINUOUS', from: '09:01', to: '09:07' },
                { name: 'POSTCLOSE', from: '09:07', to: '09:08' },
              ],
            },
          ],
        },
        marketStatus: () => {
          askedAt.push(secondsOf(clock));
          return Promise.resolve('CLOSED');
        },
      }),
    });
    expect(askedAt).toEqual([6 * 60]);
    expect(eventNames.filter((event) => event === 'market-differs')).toHaveLength(1);
    const noted = (await days.folder(TODAY).events()).map(({ event }) => event);
    expect(noted.filter((event) => event === 'market-status')).toHaveLength(1);
  });
});

describe('A disk that is more than 80 % full', () => {
  /** Records and ships yesterday, then runs today. */
  async function runToday(options: HarvesterRun) {
    const objects = bucket();
    const session = shortSession(plus(OPENS_AT, -DAY));
    await run({
      objects,
      startsAt: plus(session.opensAt, -MINUTE),
      loop: { calendar: calendarOf(session) },
    });
    const { days, eventNames } = await run({ objects, ...options });
    return { dates: await days.dates(), eventNames };
  }
  /** Yesterday's day brings the disk over 80 %. */
  const full = (days: number): number => (days > 1 ? 80.5 : 40);

  test('loses the oldest shipped day with the next heartbeat, and no other day', async () => {
    const { dates, eventNames } = await runToday({ diskUsedPercent: full });
    expect(dates).toEqual([TODAY]);
    expect(eventNames.filter((event) => event === 'room-made')).toHaveLength(1);
    expect(eventNames.indexOf('room-made')).toBeLessThan(eventNames.indexOf('day-compacted'));
  });

  test('loses the oldest shipped day after the close of a session', async () => {
    let isClosed = false;
    const { dates, eventNames } = await runToday({
      diskUsedPercent: (days) => (isClosed ? full(days) : 40),
      loop: {
        compact: () => {
          isClosed = true;
          return Promise.reject(new Error('out of memory'));
        },
      },
    });
    expect(dates).toEqual([TODAY]);
    expect(eventNames.slice(-2)).toEqual(['step-failed', 'room-made']);
  });

  test('keeps a day that is not in the bucket', async () => {
    await run();
    const { days, eventNames } = await run({ startsAt: AFTERWARDS, diskUsedPercent: () => 95 });
    expect(await days.dates()).toContain(TODAY);
    expect(eventNames).not.toContain('room-made');
  });

  test.each([
    [80, false],
    [80.1, true],
  ])('loses a day at %d percent: %s', async (used, loses) => {
    const { eventNames } = await runToday({ diskUsedPercent: () => used });
    expect(eventNames.includes('room-made')).toBe(loses);
  });
});
