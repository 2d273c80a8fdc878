import { describe, expect, test } from 'vitest';
import { MINUTE, SECOND, formatIso, parseInstant, plus } from '../../core/time.ts';
import { parseSettings, refusePast } from '../../harvester/settings.ts';
import { stage } from '../cli/cli-harness.ts';
import { OPENS_AT, shortSession } from '../support/depth.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { TODAY, type HarvesterRun, bucket, runHarvester } from './harvester-harness.ts';

const folder = makeFolderPerTest();

const CLOSES_AT = shortSession().closesAt;

function runUntil(until: number, options: HarvesterRun = {}, sessions: number | null = null) {
  return runHarvester(folder.path, {
    ...options,
    loop: { sessions, until: parseInstant(formatIso(plus(OPENS_AT, until))) },
  });
}

/** Counts the rows of today: two symbols, a slot every five seconds. */
async function rowsOf({ days }: Awaited<ReturnType<typeof runHarvester>>): Promise<number> {
  let rows = 0;
  for await (const block of days.folder(TODAY).rows()) for (const row of block) rows += row ? 1 : 0;
  return rows;
}

describe('A recording with --until', () => {
  test.each([
    ['on a slot', 20 * SECOND, 4],
    ['between two slots', 22 * SECOND, 5],
    ['after the first slot', 1, 1],
    ['at the last slot', CLOSES_AT - OPENS_AT - 5 * SECOND, 11],
    ['a millisecond before the close', CLOSES_AT - OPENS_AT - 1, 12],
  ])('stops inside a session, %s', async (_, until, slots) => {
    const run = await runUntil(until);
    expect(await rowsOf(run)).toBe(slots * 2);
    expect(run.clock.now()).toBe(plus(OPENS_AT, until));
    expect(run.eventNames).toContain('until-reached');
    expect(run.eventNames).not.toContain('stopping');
    // The day is not compacted, because another start may continue it.
    expect(run.manifest).toBeNull();
    expect((await run.days.folder(TODAY).events()).at(-1)).toMatchObject({ event: 'stopped' });
  });

  test('leaves the rest of the day to another start', async () => {
    const objects = bucket();
    await runUntil(20 * SECOND, { objects });
    expect(objects.dayFiles()).toEqual([]);
    const { manifest } = await runHarvester(folder.path, {
      objects,
      startsAt: plus(OPENS_AT, 38 * SECOND),
    });
    expect(manifest).toMatchObject({
      expected: 24,
      received: (4 + 4) * 2,
      holes: { stopped: 4 * 2 },
      unexplained: 0,
    });
  });

  test.each([
    ['at the close', 0],
    ['after the close', MINUTE],
  ])('records the whole session if until is %s, and compacts the day', async (_, later) => {
    const { manifest, days } = await runUntil(CLOSES_AT - OPENS_AT + later);
    expect(manifest).toMatchObject({ expected: 24, received: 24, unexplained: 0 });
    expect(await days.dates()).toEqual([TODAY]);
  });

  test.each([
    ['before the opening', -MINUTE],
    ['at the opening', 0],
  ])('records nothing if until is %s, and does not wait', async (_, until) => {
    const { days, clock, eventNames } = await runUntil(until);
    expect(await days.dates()).toEqual([]);
    expect(clock.now()).toBe(plus(OPENS_AT, -10 * MINUTE));
    expect(eventNames).toEqual(['until-reached']);
  });

  test.each([
    [1, 20 * SECOND, 8],
    [1, 24 * 60 * MINUTE + 20 * SECOND, 24],
    [2, 24 * 60 * MINUTE + 20 * SECOND, 24],
  ])('ends at the earlier of --days %i and --until', async (sessions, until, rows) => {
    const run = await runUntil(until, {}, sessions);
    expect(await rowsOf(run)).toBe(rows);
    expect(await run.days.dates()).toHaveLength(sessions === 2 ? 2 : 1);
    const endsByDays = until > 24 * 60 * MINUTE && sessions === 1;
    expect(run.eventNames.includes('until-reached')).toBe(!endsByDays);
  });

  test('ends at once on a holiday', async () => {
    const { days, eventNames } = await runHarvester(folder.path, {
      startsAt: parseInstant('2026-11-24T08:00:00+05:30'),
      loop: { sessions: null, calendar: {}, until: parseInstant('2026-11-24T12:00:00+05:30') },
    });
    expect(await days.dates()).toEqual([]);
    expect(eventNames).toEqual(['until-reached']);
  });
});

describe('refusePast', () => {
  const NOON = '2026-11-25T12:00:00+05:30';

  test.each([
    ['2026-11-25T11:59:59+05:30', true],
    [NOON, true],
    ['2026-11-25T06:30:00Z', true],
    ['2026-11-25T12:00:01+05:30', false],
    ['2026-11-25T06:30:01Z', false],
  ])('refuses --until %s at noon: %s', (until, isRefused) => {
    const settings = parseSettings(['--until', until], {});
    if (settings.kind !== 'harvest') throw new Error('other settings');
    const check = () => {
      refusePast(settings, parseInstant(NOON));
    };
    if (isRefused) expect(check).toThrow(expect.objectContaining({ code: 'operator.usage' }));
    else expect(check).not.toThrow();
  });

  test('makes the command exit 2 before it records', async () => {
    await using cli = await stage({ now: parseInstant(NOON) });
    const { code, err } = await cli.run('harvest', '--until', '2026-11-25T09:00:00+05:30');
    expect(code).toBe(2);
    expect(err).toContain('--until');
  });
});
