// What the loop tells of itself while it waits and records, and what it asks; and the room that it makes on its disk.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Status } from '../../core/recording/columns.ts';
import { slotsOf } from '../../core/market/slots.ts';
import type { DepthFeed } from '../../core/ports.ts';
import { DAY, MINUTE, SECOND, plus } from '../../core/time.ts';
import { OPENS_AT, shortSession, taken } from '../support/depth.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import { AFTERWARDS, TODAY, type World, bucket, liveIn } from './harvester-harness.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-telling-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const live = (world: World = {}) => liveIn(folder, world);
const LONG = { ...shortSession(), closesAt: plus(OPENS_AT, 3 * MINUTE) };
const secondsOf = (clock: VirtualClock): number => (clock.now() - OPENS_AT) / SECOND;

/** Asks for each slot three milliseconds late, for the eleventh seven. One of two symbols has no book in the first five. */
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

describe('While it waits and records, the harvester', () => {
  test('tells those who look on of every step of a wait, of every slot, and of its end', async () => {
    const told: Status['doing'][] = [];
    let stops = 0;
    const stop = new AbortController();
    await live({
      signal: stop.signal,
      onSlot: (index) => {
        if (index === 11) stop.abort();
      },
      loop: {
        onlookers: [
          { progress: ({ doing }) => void told.push(doing), stopping: () => void (stops += 1) },
        ],
      },
    });
    // From ten minutes before the opening until fifteen seconds before it, once a minute at least.
    expect(told.filter(({ kind }) => kind === 'waiting').length).toBeGreaterThanOrEqual(10);
    const slots = told.flatMap((doing) => (doing.kind === 'recording' ? [doing] : []));
    expect(slots.map(({ slot }) => slot)).toEqual(slotsOf(shortSession(), 5));
    expect(slots[0]).toMatchObject({ filled: 2, symbols: 2, lagMs: 3 });
    expect(stops).toBe(1);
  });

  test('measures its heart, the slots it missed, its lag and its disk, each minute anew', async () => {
    const measured: (readonly [string, number])[] = [];
    const sentAt: number[] = [];
    const { events } = await live({
      startsAt: plus(OPENS_AT, -MINUTE),
      diskUsedPercent: () => 42.5,
      loop: (clock) => ({
        feed: unevenFeed(clock),
        nextSession: () => LONG,
        isOver: () => false,
        metrics: {
          measure: (...given) => void measured.push(given),
          flush: () => Promise.resolve(void sentAt.push(secondsOf(clock))),
        },
      }),
    });
    const of = (name: string) => measured.flatMap((each) => (each[0] === name ? [each[1]] : []));
    // The last one, at the end, sends what there is.
    expect(sentAt).toEqual([0, 60, 120, 180]);
    expect(of('SlotsMissed')).toEqual([1, 4, 0]);
    expect(of('SlotLag')).toEqual([3, 7, 3]);
    expect(of('DiskUsedPercent')).toEqual([42.5, 42.5, 42.5]);
    const beats = events.flatMap(({ metric }) => (metric?.name === 'Heartbeat' ? [metric] : []));
    expect(beats.map(({ value }) => value)).toEqual([1, 1, 1]);
  });

  test('warns before the calendar runs out, and only then', async () => {
    const notice = { problem: 'holidays are known until 31 Dec', nextStep: 'Take a new release.' };
    const { events } = await live({
      loop: { calendarNotice: (date) => (date === TODAY ? notice : null) },
    });
    expect(events.filter(({ event }) => event === 'calendar-runs-out')).toMatchObject([
      { level: 'warn', message: 'The holidays are known until 31 Dec. Take a new release.' },
    ]);
    const { said } = await live({ startsAt: AFTERWARDS, loop: { calendarNotice: () => null } });
    expect(said).not.toContain('calendar-runs-out');
  });

  test('asks the broker whether the market is open, and notes in the day what differs', async () => {
    const askedAt: number[] = [];
    const [tradesAt, closesAt] = [plus(OPENS_AT, MINUTE), plus(OPENS_AT, 8 * MINUTE)];
    const { days, said } = await live({
      loop: (clock) => ({
        nextSession: () => ({
          ...LONG,
          closesAt,
          phases: [{ name: 'CONTINUOUS', from: tradesAt, to: closesAt, certainty: 'sourced' }],
        }),
        isOver: () => false,
        marketStatus: () => {
          askedAt.push(secondsOf(clock));
          return Promise.resolve('CLOSED');
        },
      }),
    });
    expect(askedAt).toEqual([6 * 60]);
    expect(said.filter((event) => event === 'market-differs')).toHaveLength(1);
    const noted = (await days.folder(TODAY).events()).map(({ event }) => event);
    expect(noted.filter((event) => event === 'market-status')).toHaveLength(1);
  });
});

describe('A disk that is more than 80 % full', () => {
  /** Yesterday goes to the bucket; today is recorded. */
  async function today(world: World) {
    const objects = bucket();
    const session = shortSession(plus(OPENS_AT, -DAY));
    await live({
      objects,
      startsAt: plus(session.opensAt, -MINUTE),
      loop: { nextSession: () => session, isOver: () => true },
    });
    const { days, said } = await live({ objects, ...world });
    return { dates: await days.dates(), said };
  }
  /** Without yesterday there is room. */
  const full = (days: number): number => (days > 1 ? 80.5 : 40);

  test('loses the oldest day that is in the bucket with the next heartbeat, and no other', async () => {
    const { dates, said } = await today({ diskUsedPercent: full });
    expect(dates).toEqual([TODAY]);
    expect(said.filter((event) => event === 'room-made')).toHaveLength(1);
    expect(said.indexOf('room-made')).toBeLessThan(said.indexOf('day-compacted'));
  });

  test('loses it when a day is closed', async () => {
    let isClosed = false;
    const { dates, said } = await today({
      diskUsedPercent: (days) => (isClosed ? full(days) : 40),
      loop: {
        compact: () => {
          isClosed = true;
          return Promise.reject(new Error('out of memory'));
        },
      },
    });
    expect(dates).toEqual([TODAY]);
    expect(said.slice(-2)).toEqual(['step-failed', 'room-made']);
  });

  test('keeps what is not in the bucket', async () => {
    await live();
    const { days, said } = await live({ startsAt: AFTERWARDS, diskUsedPercent: () => 95 });
    expect(await days.dates()).toContain(TODAY);
    expect(said).not.toContain('room-made');
  });

  test.each([
    [80, false],
    [80.1, true],
  ])('(%d %) loses days: %s', async (used, loses) => {
    const { said } = await today({ diskUsedPercent: () => used });
    expect(said.includes('room-made')).toBe(loses);
  });
});
