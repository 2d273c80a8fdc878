// A clock that is set back while the harvester sleeps in a session: the real feed asks a real server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { METRICS } from '../../core/config/names.ts';
import { HOUR, MINUTE, SECOND, istDate, plus } from '../../core/time.ts';
import { every } from '../../harvester/interval.ts';
import { holdToken } from '../../harvester/token.ts';
import { askingFeed } from '../support/asking-feed.ts';
import { OPENS_AT } from '../support/depth.ts';
import { type Script, depthOf, refusal, startDepthServer } from '../support/depth-server.ts';
import { foundDay, problemsOf, recordDay } from '../support/recorded-session.ts';
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts';

const TODAY = istDate('2026-11-25');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-clock-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A session of thirty minutes, each a slot; `set` says when the clock is set. What is measured has its true time. */
async function live(
  set: (clock: VirtualClock) => void,
  script: Script = ({ symbol }) => depthOf(symbol),
) {
  const asked: number[] = [];
  const beats: number[] = [];
  const told: number[] = [];
  let trueTime = (): number => 0;
  await using server = await startDepthServer((call) => {
    asked.push(trueTime());
    return script(call);
  });
  const { acknowledged, said, clock } = await recordDay({
    dataDir: folder,
    minutes: 30,
    feed: (virtual, everySeconds) => {
      trueTime = virtual.waitedMs;
      set(virtual);
      return askingFeed({ apiUrl: server.url, clock: virtual, everySeconds });
    },
    loop: ({ timepiece }) => ({
      timepiece,
      metrics: {
        measure: (name) => {
          if (name === METRICS.slotsMissed) beats.push(trueTime());
        },
        flush: () => Promise.resolve(),
      },
      onlookers: [{ progress: () => void told.push(trueTime()), stopping: () => undefined }],
    }),
  });
  const found = await foundDay(folder, TODAY);
  expect(problemsOf(found, acknowledged)).toEqual([]);
  return { asked, beats, told, said, clock, ...found };
}

/** The longest while between two moments, in minutes. */
function longest(moments: readonly number[]): number {
  const gaps = moments.map((at, index) => at - (moments[index - 1] ?? at));
  return Math.max(...gaps) / MINUTE;
}

describe('With a clock that is set back by an hour in a session', () => {
  // Twenty and a half minutes after the opening, in the middle of a wait for a slot.
  const back = (clock: VirtualClock) => {
    clock.setAfter(21.5 * MINUTE, -HOUR);
  };

  test('books are asked for, hearts beat and systemd hears of it as if nothing had been', async () => {
    const { asked, beats, told, said, clock } = await live(back);
    // Once more the hour, of which the first forty minutes are before the opening.
    expect(clock.waitedMs() / MINUTE).toBeCloseTo(31 + 60, 0);
    expect(asked).toHaveLength(2 * (21 + 30));
    expect(longest(beats)).toBeLessThan(2.1);
    expect(longest(told)).toBeLessThan(1.1);
    expect(said.filter((event) => event === 'time-fault')).toHaveLength(1);
  });

  test('the day holds each slot once, and what was taken again stays in the day log alone', async () => {
    const { manifest, events, keys } = await live(back);
    expect(manifest).toMatchObject({
      expected: 60,
      received: 60,
      holes: {},
      rows: 60,
      leftOut: { duplicate: 2 * 21 },
    });
    expect(keys).toHaveLength(2 * (21 + 30));
    const faults = events.flatMap((event) => (event.event === 'time-fault' ? [event.message] : []));
    expect(faults).toEqual(['The clock was set back by 3600.0 s']);
  });

  test('a refusal is not believed for an hour more', async () => {
    const { asked } = await live(back, ({ symbol, nth }) =>
      nth === 40 || nth === 41 ? refusal(401, -15) : depthOf(symbol),
    );
    expect(asked).toHaveLength(2 * (21 + 30));
  });

  test('what passes when it is set right again is explained as a jump', async () => {
    const { manifest } = await live((clock) => {
      clock.setAfter(15.5 * MINUTE, -5 * MINUTE);
      clock.setAfter(25.5 * MINUTE, 5 * MINUTE);
    });
    expect(manifest).toMatchObject({
      received: 2 * 26,
      holes: { 'clock-jump': 2 * 4 },
      leftOut: { duplicate: 2 * 4 },
    });
  });
});

test('A clock that is set back after the last slot has more slots, and nobody says that he was asked to stop', async () => {
  const { manifest, events } = await live((clock) => {
    clock.setAfter(30.9 * MINUTE, -3 * MINUTE);
  });
  expect(manifest).toMatchObject({ received: 60, leftOut: { duplicate: 2 * 2 } });
  expect(events.map(({ event }) => event)).not.toContain('stopped');
  expect(events.at(-1)?.event).toBe('session-over');
});

test('However often it starts after the clock was set back, the day expects each slot once', async () => {
  const run = async (fromMinute: number, untilMinute: number, over = false) => {
    const stop = new AbortController();
    await recordDay({
      dataDir: folder,
      minutes: 30,
      startsAt: plus(OPENS_AT, fromMinute * MINUTE + 30 * SECOND),
      signal: stop.signal,
      onSlot: (index) => {
        if (!over && index === untilMinute) stop.abort();
      },
    });
  };
  await run(-1, 10);
  await run(20, 22);
  await run(15, 17);
  await run(16, 30, true);
  const { manifest } = await foundDay(folder, TODAY);
  expect(manifest).toMatchObject({ expected: 60, unexplained: 0 });
  expect(manifest?.received).toBe(2 * (11 + 14));
});

test('A store that was read before the clock was set back is read again', async () => {
  const clock = virtualClock(OPENS_AT);
  let reads = 0;
  const token = holdToken({
    clock,
    events: { log: () => undefined },
    fingerprint: () => 'fingerprint',
    store: {
      read: () => Promise.resolve(String((reads += 1))),
      write: () => Promise.reject(new Error('never')),
    },
  });
  await token.read('if-due');
  await token.read('if-due');
  expect(reads).toBe(2);
  clock.set(plus(OPENS_AT, -HOUR));
  await token.read('if-due');
  expect(reads).toBe(4);
});

describe('A step that falls due', () => {
  const at = (minutes: number) => plus(OPENS_AT, minutes * MINUTE);
  const stepOf = (since?: number) => {
    const runs: number[] = [];
    let now = 0;
    const step = every(
      at(5),
      5 * MINUTE,
      () => Promise.resolve(void runs.push(now)),
      since === undefined ? null : at(since),
    );
    const pass = async (...minutes: readonly number[]) => {
      for (now of minutes) await step.pass(at(now));
      return runs;
    };
    return { pass };
  };

  test('runs at once when the clock is set back behind its last time, and goes on from there', async () => {
    expect(await stepOf().pass(0, 5, 9, -60, -59, -56, -55)).toEqual([5, -60, -55]);
  });

  test('waits for its first time where that is a time of day, and not where it is an interval away', async () => {
    expect(await stepOf().pass(0, -60, 4, 5)).toEqual([5]);
    expect(await stepOf(0).pass(1, -60, -56, -55)).toEqual([-60, -55]);
  });
});
