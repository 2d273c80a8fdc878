// Sets the clock back while the harvester waits in a session. The real feed calls a server on loopback.
import { describe, expect, test } from 'vitest';
import { METRICS } from '../../core/config/names.ts';
import { parseSampling } from '../../core/config/values.ts';
import { HOUR, MINUTE, SECOND, istDate, plus } from '../../core/time.ts';
import { every } from '../../harvester/interval.ts';
import { holdToken } from '../../harvester/token.ts';
import { askingFeed } from '../support/asking-feed.ts';
import { OPENS_AT } from '../support/depth.ts';
import { type Script, depthOf, refusal, startDepthServer } from '../support/depth-server.ts';
import {
  SYMBOLS,
  readDay,
  problemsOf,
  recordSession,
  stopAt,
} from '../support/recorded-session.ts';
import { must } from '../support/rest-feed.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts';

const TODAY = istDate('2026-11-25');

const folder = makeFolderPerTest();

/** Records a session of thirty slots of a minute; `set` schedules clock changes. The returned times are true times. */
async function recordWithClockChange(
  set: (clock: VirtualClock) => void,
  script: Script = ({ symbol }) => depthOf(symbol),
) {
  const requestTimes: number[] = [];
  const heartbeatTimes: number[] = [];
  const progressTimes: number[] = [];
  let trueTime = (): number => 0;
  await using server = await startDepthServer((call) => {
    requestTimes.push(trueTime());
    return script(call);
  });
  const { acknowledged, eventNames, clock } = await recordSession({
    dataDir: folder.path,
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
          if (name === METRICS.slotsMissed) heartbeatTimes.push(trueTime());
        },
        flush: () => Promise.resolve(),
      },
      listeners: [
        { progress: () => void progressTimes.push(trueTime()), stopping: () => undefined },
      ],
    }),
  });
  const found = await readDay(folder.path, TODAY);
  expect(problemsOf(found, acknowledged)).toEqual([]);
  return { requestTimes, heartbeatTimes, progressTimes, eventNames, clock, ...found };
}

/** Returns the longest gap between two consecutive times, in minutes. */
function longestGap(moments: readonly number[]): number {
  const gaps = moments.map((at, index) => at - (moments[index - 1] ?? at));
  return Math.max(...gaps) / MINUTE;
}

describe('After the clock is set back by an hour in a session, the harvester', () => {
  // Twenty and a half minutes after the opening, in the middle of a wait for a slot.
  const back = (clock: VirtualClock) => {
    clock.setAfter(21.5 * MINUTE, -HOUR);
  };

  test('requests books, measures heartbeats and reports progress without a gap', async () => {
    const { requestTimes, heartbeatTimes, progressTimes, eventNames, clock } =
      await recordWithClockChange(back);
    // The hour repeats, and its first forty minutes are before the opening.
    expect(clock.waitedMs() / MINUTE).toBeCloseTo(31 + 60, 0);
    expect(requestTimes).toHaveLength(2 * (21 + 30));
    expect(longestGap(heartbeatTimes)).toBeLessThan(2.1);
    expect(longestGap(progressTimes)).toBeLessThan(1.1);
    expect(eventNames.filter((event) => event === 'time-fault')).toHaveLength(1);
  });

  test('keeps the rows of repeated slots in the day log, and each slot once in the Parquet', async () => {
    const { manifest, events, keys } = await recordWithClockChange(back);
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

  test('does not pause for the repeated hour after a refused token', async () => {
    const { requestTimes } = await recordWithClockChange(back, ({ symbol, nth }) =>
      nth === 40 || nth === 41 ? refusal(401, -15) : depthOf(symbol),
    );
    expect(requestTimes).toHaveLength(2 * (21 + 30));
  });

  test('explains the slots that a forward correction skips as clock-jump', async () => {
    const { manifest } = await recordWithClockChange((clock) => {
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

test('A clock that is set back after the last slot ends the session with session-over, and not with stopped', async () => {
  const { manifest, events } = await recordWithClockChange((clock) => {
    clock.setAfter(30.9 * MINUTE, -3 * MINUTE);
  });
  expect(manifest).toMatchObject({ received: 60, leftOut: { duplicate: 2 * 2 } });
  expect(events.map(({ event }) => event)).not.toContain('stopped');
  expect(events.at(-1)?.event).toBe('session-over');
});

/** Records from half a minute after the first minute to the slot of the second, or to the end. */
async function run(fromMinute: number, untilMinute: number | null, symbols = SYMBOLS.join()) {
  const sampling = must(parseSampling(symbols, '60'));
  await recordSession({
    dataDir: folder.path,
    minutes: 30,
    startsAt: plus(OPENS_AT, fromMinute * MINUTE + 30 * SECOND),
    ...(untilMinute === null ? {} : stopAt(untilMinute)),
    loop: () => ({ sampling }),
  });
}

test('A day with several starts after the clock was set back expects each slot once', async () => {
  await run(-1, 10);
  await run(20, 22);
  await run(15, 17);
  await run(16, null);
  const { manifest } = await readDay(folder.path, TODAY);
  expect(manifest).toMatchObject({ expected: 60, unexplained: 0 });
  expect(manifest?.received).toBe(2 * (11 + 14));
});

test('A start with another symbol after the clock was set back plans it from that start on', async () => {
  const [first = '', second = ''] = SYMBOLS;
  await run(-1, 5, first);
  await run(20, 22, first);
  await run(10, 12);
  await run(13, null);
  const { manifest } = await readDay(folder.path, TODAY);
  // From the slot of minute 11 on; in that of minute 13 no harvester ran.
  expect(manifest?.symbols.find(({ symbol }) => symbol === second)).toMatchObject({
    ...{ expected: 19, received: 18, unexplained: 0 },
  });
});

test('holdToken reads the store again after the clock was set back', async () => {
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

describe('every', () => {
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
      for (now of minutes) await step.runIfDue(at(now));
      return runs;
    };
    return { pass };
  };

  test('runs at once if the clock is set back before its last run, and continues from there', async () => {
    expect(await stepOf().pass(0, 5, 9, -60, -59, -56, -55)).toEqual([5, -60, -55]);
  });

  test('runs at once after the clock was set back only if its first time is an interval after a start', async () => {
    expect(await stepOf().pass(0, -60, 4, 5)).toEqual([5]);
    expect(await stepOf(0).pass(1, -60, -56, -55)).toEqual([-60, -55]);
  });
});
