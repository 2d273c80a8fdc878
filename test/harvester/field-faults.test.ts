// Follows fields without a usable value in the broker's answers through day log, events and manifest.
import { afterEach, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { parseSampling } from '../../core/config/values.ts';
import type { DayEvent } from '../../core/recording/day-events.ts';
import { type DepthField, fieldFaultsIn } from '../../core/recording/field-faults.ts';
import type { LogRecord } from '../../core/ports.ts';
import { slotsOf } from '../../core/market/phases.ts';
import { METRICS } from '../../core/config/names.ts';
import { type Instant, MINUTE, SECOND, plus } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { openDay, closeDayLog } from '../../harvester/day.ts';
import { OPENS_AT, sampleRow, shortSession } from '../support/depth.ts';
import { must } from '../support/rest-feed.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const SYMBOL = 'NSE:SBIN-EQ';
const session = { ...shortSession(), closesAt: plus(OPENS_AT, 20 * MINUTE) };

const folder = makeFolderPerTest();
/** Closes the files of processes that the test treats as killed. */
const openDays: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of openDays.splice(0)) await close();
});

/** Records as one process; `null` is a slot without a row. A killed process does not close its day. */
async function record(
  from: Instant,
  to: Instant,
  faultsAt: (slot: Instant) => readonly DepthField[] | null,
  isKilled = false,
) {
  const sampling = must(parseSampling(SYMBOL, '5'));
  const days = dayFolders(folder.path);
  const clock = virtualClock(from);
  const logged: LogRecord[] = [];
  const events = { log: (event: LogRecord) => void logged.push(event) };
  const options = { days, clock, events, sampling, feed: 'rest' } as const;
  const day = await openDay(options, session);
  for (const slot of slotsOf(session, 5)) {
    if (slot < from || slot >= to) continue;
    clock.set(slot);
    const faults = faultsAt(slot);
    const at = { symbol: SYMBOL, slot, sentAt: slot, receivedAt: slot };
    const { book } = sampleRow(SYMBOL, slot);
    await day.take([
      faults === null
        ? { ...at, kind: 'hole', reason: 'timeout' }
        : { ...at, kind: 'book', book, faults },
    ]);
  }
  const written = await days.folder(session.date).events();
  if (isKilled) openDays.push(() => day.close());
  else {
    await day.note('session-over', 'The session closed');
    await day.close();
  }
  return { days, options, logged, written, lines: await days.folder(session.date).events() };
}

const linesOf = (events: readonly DayEvent[]) =>
  events.filter(({ event }) => event === 'field-faults');
const alarmEvents = (logged: readonly LogRecord[]) =>
  logged.filter(({ metric }) => metric?.name === METRICS.faults).map(({ event }) => event);

test('A day without a fault has no field-faults event', async () => {
  const { lines, logged } = await record(OPENS_AT, session.closesAt, () => []);
  expect([linesOf(lines), logged]).toEqual([[], []]);
});

test('Every row with a fault is counted in few events, and the alarm metric is sent once', async () => {
  const { lines, logged, days } = await record(OPENS_AT, session.closesAt, (slot) =>
    slot >= plus(OPENS_AT, 10 * MINUTE) ? ['ltt', 'bids.price'] : ['ltt'],
  );
  expect(fieldFaultsIn(lines)).toEqual([
    { field: 'bids.price', column: 'bid_px', rows: 120 },
    { field: 'ltt', column: 'last_trade_at', rows: 240 },
  ]);
  expect(linesOf(lines).length).toBeLessThanOrEqual(8);
  expect(alarmEvents(logged)).toEqual(['fields-unusable']);
  // The second field is logged as a warning.
  expect(logged.map(({ event, level }) => [event, level])).toEqual([
    ['fields-unusable', 'error'],
    ['fields-unusable', 'warn'],
  ]);
  expect(lines.at(-1)?.event).toBe('session-over');
  const { date } = session;
  const manifest = await compactDay({ folder: days.folder(date), date, shard: 0, session });
  expect(manifest.fieldFaults).toEqual(fieldFaultsIn(lines));
});

test('A killed process has written its first fault, and loses at most five minutes of later counts', async () => {
  const killedAt = plus(OPENS_AT, 12 * MINUTE);
  const { written } = await record(OPENS_AT, plus(OPENS_AT, 5 * SECOND), () => ['v'], true);
  expect(fieldFaultsIn(written)).toEqual([{ field: 'v', column: 'volume', rows: 1 }]);
  const later = await record(plus(OPENS_AT, 5 * SECOND), killedAt, () => ['v'], true);
  const [count] = fieldFaultsIn(later.written);
  expect(count?.rows).toBeGreaterThan(144 - 61);
  // The process before the restart has sent the alarm metric.
  expect(alarmEvents(later.logged)).toEqual([]);
  await closeDayLog(later.options, session.date);
});

test('A slot without a row adds nothing to the counts', async () => {
  const { lines } = await record(OPENS_AT, session.closesAt, (slot) =>
    slot === OPENS_AT ? ['o'] : null,
  );
  expect(fieldFaultsIn(lines)).toEqual([{ field: 'o', column: 'open', rows: 1 }]);
});
