import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { METRICS } from '../../core/config/names.ts';
import type { Override } from '../../core/market/calendar-data.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import { istDate, parseInstant, plus } from '../../core/time.ts';
import { OPENS_AT, calendarOf, shortSession } from '../support/depth.ts';
import { operatorToken } from '../support/operator-token.ts';
import { stopAt } from '../support/recorded-session.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import {
  AFTERWARDS,
  TODAY,
  TOKEN,
  type HarvesterRun,
  bucket,
  runHarvester,
} from './harvester-harness.ts';

const folder = makeFolderPerTest();

const run = (options: HarvesterRun = {}) => runHarvester(folder.path, options);

describe('harvest', () => {
  test('records every slot of a session, and ships the day with the manifest last', async () => {
    const objects = bucket();
    const { manifest, eventNames } = await run({ objects });
    expect(manifest).toMatchObject({ expected: 24, received: 24, explained: 0, unexplained: 0 });
    expect(manifest?.phases.map(({ received }) => received)).toEqual([12, 12]);
    const dayFiles = objects.dayFiles();
    expect([...objects.stored.keys()].slice(-4)).toEqual(dayFiles);
    expect(dayFiles).toEqual(
      ['parquet/depth.parquet', 'day.log.gz', 'events.jsonl.gz', 'manifest.json'].map(
        (name) => `depth/v2/date=2026-11-25/shard=0/${name}`,
      ),
    );
    expect(eventNames).toContain('day-shipped');
  });

  test('does not change a shipped day in a later run', async () => {
    const objects = bucket();
    await run({ objects });
    const before = new Map(objects.stored);
    const startsAt = plus(shortSession().closesAt, 5 * MINUTE);
    const { eventNames } = await run({
      objects,
      startsAt,
      loop: { until: plus(startsAt, MINUTE) },
    });
    expect(objects.stored).toEqual(before);
    expect(eventNames).not.toContain('day-compacted');
  });

  test('ships a day that was recorded before there was a bucket', async () => {
    const objects = bucket();
    await run();
    await run({ objects, startsAt: plus(OPENS_AT, 10 * MINUTE) });
    expect(objects.dayFiles()).toHaveLength(8);
  });

  test('logs ship-conflict once and overwrites nothing if the bucket has another recording', async () => {
    const objects = bucket('different');
    objects.stored.set('depth/v2/date=2026-11-25/shard=0/parquet/depth.parquet', 'another');
    const { eventNames } = await run({ objects });
    expect(eventNames).toContain('ship-conflict');
    expect(objects.dayFiles().map((key) => objects.stored.get(key))).toEqual(['another']);
    // Logged once, and tried again until the operator moves one of the two.
    expect((await run({ objects, startsAt: AFTERWARDS })).eventNames).not.toContain(
      'ship-conflict',
    );
    const settled = await run({ objects: bucket(), startsAt: AFTERWARDS });
    expect(settled.eventNames).toContain('day-shipped');
  });

  test('keeps a day whose compaction fails, and compacts it in the next run', async () => {
    const failed = await run({ compactFails: true });
    expect(failed.eventNames).toContain('step-failed');
    expect(failed.manifest).toBeNull();
    const again = await run({ startsAt: AFTERWARDS });
    expect(again.manifest).toMatchObject({ received: 24, unexplained: 0 });
  });

  test('waits through a holiday and records the next trading day', async () => {
    const { days, eventNames } = await run({
      startsAt: parseInstant('2026-11-23T08:00:00+05:30'),
      everySeconds: 60,
      stored: (now) => operatorToken('access_token', new Date(now - MINUTE).toISOString()),
      loop: { sessions: 2, calendar: {}, compact: () => Promise.resolve() },
    });
    expect(await days.dates()).toEqual(['2026-11-23', '2026-11-25']);
    expect(eventNames.filter((event) => event === 'recording')).toHaveLength(2);
  });

  test('resolves aliases before the opening, and records and logs the symbols', async () => {
    let lookups = 0;
    const fact = {
      alias: null,
      isin: 'INE062A01020',
      fyToken: '1010000000001',
      tick: 0.05,
      lot: 1,
    };
    const { days, eventNames, manifest } = await run({
      startsAt: plus(OPENS_AT, -45 * MINUTE),
      loop: {
        resolveNames: () => {
          lookups += 1;
          return Promise.resolve({
            symbols: ['NSE:SBIN-EQ', 'NSE:NIFTY26DECFUT'],
            unknown: [{ alias: 'FUT:NOSUCH', why: 'there is none' }],
            facts: [
              { ...fact, symbol: 'NSE:SBIN-EQ', auction: true, lastClose: 425 },
              {
                ...fact,
                symbol: 'NSE:NIFTY26DECFUT',
                alias: 'FUT:NIFTY',
                auction: null,
                lastClose: null,
              },
            ],
            problems: ['NSE_CM.csv: answered HTTP 503'],
            mayImprove: false,
          });
        },
      },
    });
    // The answer is incomplete each time: 30, 20 and 10 minutes before the opening.
    expect(lookups).toBe(3);
    expect(eventNames).toEqual(
      expect.arrayContaining(['symbols-named', 'alias-unknown', 'symbol-master']),
    );
    expect(manifest?.symbols.map(({ symbol, received }) => [symbol, received])).toEqual([
      ['NSE:SBIN-EQ', 12],
      ['NSE:NIFTY26DECFUT', 12],
      ['FUT:NOSUCH', 0],
    ]);
    const events = await days.folder(TODAY).events();
    expect(events.filter(({ event }) => event === 'symbol')).toMatchObject([
      { symbol: 'NSE:SBIN-EQ', auction: true, lastClose: 425 },
      { symbol: 'NSE:NIFTY26DECFUT', alias: 'FUT:NIFTY' },
    ]);
    expect(events.filter(({ event }) => event === 'symbol-master')).toHaveLength(2);
  });

  test('waits for the next session if the operator closes the day', async () => {
    const closure = { date: istDate('2026-11-25'), closed: true as const, why: 'an election' };
    let overrides: readonly Override[] = [];
    const { eventNames, days } = await run({
      startsAt: parseInstant('2026-11-25T05:00:00+05:30'),
      everySeconds: 60,
      stored: (now) => operatorToken('access_token', new Date(now - MINUTE).toISOString()),
      loop: {
        compact: () => Promise.resolve(),
        calendar: {
          get overrides() {
            return overrides;
          },
          refresh: () => {
            const hasChanged = overrides.length === 0;
            overrides = [closure];
            return Promise.resolve(hasChanged);
          },
        },
      },
    });
    expect(await days.dates()).toEqual(['2026-11-26']);
    expect(eventNames.filter((event) => event === 'session-awaited')).toHaveLength(2);
  });

  test('finishes the slot on a stop signal, and continues the same day after a restart', async () => {
    const first = await run(stopAt(3));
    expect(first.manifest).toBeNull();
    expect(first.events.find(({ event }) => event === 'stopping')?.message).toContain(
      'after the current slot',
    );
    const { manifest } = await run({ startsAt: plus(OPENS_AT, 38 * SECOND) });
    expect(manifest).toMatchObject({
      expected: 24,
      received: (4 + 4) * 2,
      holes: { stopped: 4 * 2 },
      unexplained: 0,
    });
  });

  test('records the first slot although waking up and reading the store take time', async () => {
    const { manifest } = await run({ takesMs: 40 });
    expect(manifest).toMatchObject({ expected: 24, received: 24, unexplained: 0 });
  });

  test('explains a slot that passes between two batches as late', async () => {
    const { manifest } = await run({
      onSlot: (index, clock) => {
        if (index === 3) clock.set(plus(clock.now(), 6 * SECOND));
      },
    });
    expect(manifest).toMatchObject({ received: 22, holes: { late: 2 }, unexplained: 0 });
  });

  test('compacts a stopped day in a run after its close', async () => {
    await run(stopAt(0));
    const { manifest } = await run({ startsAt: plus(OPENS_AT, 10 * MINUTE) });
    expect(manifest).toMatchObject({ received: 2, holes: { stopped: 22 }, unexplained: 0 });
  });

  test('records holes without a token, reads the store once a minute, and records books with a new token', async () => {
    const arrivesAt = plus(OPENS_AT, 90 * SECOND);
    const long = { ...shortSession(), closesAt: plus(OPENS_AT, 3 * MINUTE) };
    const { reads, eventNames, days } = await run({
      stored: (now) => (now < arrivesAt ? null : TOKEN),
      loop: {
        calendar: calendarOf(long),
      },
    });
    expect(reads.map((at) => (at - OPENS_AT) / SECOND)).toEqual([
      -300, -240, -180, -120, -60, -15, 45, 105,
    ]);
    expect(eventNames.filter((event) => event === 'token-in-use')).toHaveLength(1);
    let rows = 0;
    for await (const block of days.folder(TODAY).rows()) {
      for (const row of block) rows += row === null ? 0 : 1;
    }
    expect(rows).toBe(((180 - 105) / 5) * 2);
    const holes = (await days.folder(TODAY).events()).filter(({ event }) => event === 'hole');
    expect(holes).toHaveLength(105 / 5);
  });

  test.each([
    { everySeconds: 5, takesMs: 0 },
    { everySeconds: 5, takesMs: 30 },
    { everySeconds: 60, takesMs: 0 },
  ])(
    'uses a token within a minute of its publication, at one read a minute: $everySeconds s, $takesMs ms',
    async ({ everySeconds, takesMs }) => {
      const session = { ...shortSession(), closesAt: plus(OPENS_AT, 5 * MINUTE) };
      let longest = 0;
      for (let after = 0; after <= 60; after += 15) {
        // A millisecond too late for the read at that instant.
        const publishedAt = plus(OPENS_AT, (105 + after) * SECOND + 2 * takesMs + 1);
        const { reads, days } = await runHarvester(await mkdtemp(path.join(folder.path, 'day-')), {
          everySeconds,
          takesMs,
          stored: (now) => (now < publishedAt ? null : TOKEN),
          loop: { calendar: calendarOf(session) },
        });
        const events = await days.folder(TODAY).events();
        const holes = events.filter(({ event }) => event === 'hole').length;
        const usedAt = plus(OPENS_AT, holes * everySeconds * SECOND + 2 * takesMs);
        longest = Math.max(longest, usedAt - publishedAt);
        const inSession = reads.filter((at) => at >= OPENS_AT);
        const gaps = inSession.slice(1).map((at, n) => at - (inSession[n] ?? at));
        expect(Math.min(...gaps)).toBeGreaterThanOrEqual(MINUTE - takesMs);
      }
      expect(longest).toBeGreaterThan(MINUTE - SECOND);
      expect(longest).toBeLessThanOrEqual(MINUTE);
    },
  );

  test('does not use an expired token', async () => {
    const { manifest } = await run({
      stored: () => operatorToken('access_token', '2026-11-23T07:00:00+05:30'),
    });
    expect(manifest).toMatchObject({ received: 0, holes: { 'no-token': 24 } });
  });

  test('stops at once on a stop signal while it waits', async () => {
    const { events, eventNames } = await run({ signal: AbortSignal.abort() });
    expect(events.find(({ event }) => event === 'stopping')?.message).toBe(
      'Stopped by a signal. No session was being recorded.',
    );
    expect(eventNames).not.toContain('recording');
  });
});

describe('Slots that pass while the harvester waits for the opening', () => {
  test.each([
    ['in the middle of a wait', 4.5 * MINUTE],
    ['seconds before the opening', 9 * MINUTE + 40 * SECOND],
  ])('are holes with clock-jump if the clock is set past the opening %s', async (_, after) => {
    const { manifest, eventNames } = await run({
      loop: (clock) => {
        // Half a minute into the session of one: six of the twelve slots of two symbols.
        clock.setAfter(after, 10 * MINUTE - after + 30 * SECOND);
        return {};
      },
    });
    expect(manifest).toMatchObject({ received: 6 * 2, holes: { 'clock-jump': 6 * 2 } });
    expect(manifest?.unexplained).toBe(0);
    expect(eventNames).not.toContain('step-failed');
  });

  test('are holes with clock-jump, and counted as missed, if the clock is set past the whole session', async () => {
    const missed: number[] = [];
    const { manifest } = await run({
      loop: (clock) => {
        clock.setAfter(5 * MINUTE, 3 * 60 * MINUTE);
        return {
          metrics: {
            measure: (name, value) => {
              if (name === METRICS.slotsMissed) missed.push(value);
            },
            flush: () => Promise.resolve(),
          },
          sessions: 2,
          until: plus(OPENS_AT, 12 * 60 * MINUTE),
        };
      },
    });
    expect(manifest).toMatchObject({ received: 0, holes: { 'clock-jump': 12 * 2 } });
    expect(Math.max(...missed)).toBe(12 * 2);
  });

  test('are holes with late if reading the store lasts past the opening', async () => {
    let machine: VirtualClock | null = null;
    const { manifest } = await run({
      loop: (clock) => {
        machine = clock;
        return {};
      },
      stored: (now) => {
        const isLastRead = now >= plus(OPENS_AT, -15 * SECOND) && now < OPENS_AT;
        if (isLastRead) machine?.set(plus(OPENS_AT, 7 * SECOND));
        return TOKEN;
      },
    });
    expect(manifest).toMatchObject({ received: 10 * 2, holes: { late: 2 * 2 } });
  });

  test('are holes with not-running if the harvester starts after it', async () => {
    const { manifest } = await run({ startsAt: plus(OPENS_AT, 30 * SECOND) });
    expect(manifest).toMatchObject({ received: 6 * 2, holes: { 'not-running': 6 * 2 } });
  });
});
