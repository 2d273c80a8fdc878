import { mkdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { lockFolder } from '../../adapters/recordings/data-folder.ts';
import { unscheduledPlan } from '../../core/market/unscheduled.ts';
import { SECOND, istDate, istInstant, plus } from '../../core/time.ts';
import { recordDay } from '../support/recorded-day.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest(() => ({ now: istInstant(istDate('2026-11-26'), '08:00') }));

describe('fyers compact', () => {
  test('compacts every ended day, and reports if no day needs compaction', async () => {
    const { dataDir } = cli;
    await recordDay({ dataDir, state: 'ended' });
    expect((await cli.run('compact')).out).toContain(
      '2026-11-25: 24 of 24 slots, 0 explained, 0 unexplained.',
    );
    expect((await cli.run('compact')).out).toContain('needs compaction');
    expect((await cli.run('compact', '2026-11-25')).out).toContain('has its manifest');
  });

  test('refuses a day that is still being recorded, an invalid argument, and a locked folder', async () => {
    await cli.reopen({ now: istInstant(istDate('2026-11-25'), '12:00') });
    const { dataDir } = cli;
    await recordDay({ dataDir, state: 'running' });
    const early = await cli.run('compact', '2026-11-25');
    expect(early.err).toContain('is not over');
    expect((await cli.run('compact')).out).toContain('needs compaction');
    for (const [args, message] of [
      [['monday'], '"monday" is not a date as YYYY-MM-DD'],
      [['2026-11-23'], 'harvested_data, which has one day, 2026-11-25.'],
      [['--shard', 'x'], '--shard "x" must be a whole number'],
    ] as const) {
      expect((await cli.run('compact', ...args)).err).toContain(message);
    }
    await using _held = await lockFolder(dataDir);
    expect((await cli.run('compact')).err).toContain('Another harvester is recording into');
  });

  test('reports a disk error as platform.disk', async () => {
    const { dataDir } = cli;
    const { folder } = await recordDay({ dataDir, state: 'ended' });
    await mkdir(folder.pathOf('depth.parquet.partial'));
    const { code, err } = await cli.run('compact');
    expect(err).toMatch(
      /^platform\.disk: The disk refuses: EISDIR.*`ls -ld .*2026-11-25` shows it/,
    );
    expect(code).toBe(4);
    cli.write('file', '');
    expect((await cli.run('compact', '--data', 'file/data')).err).toMatch(
      /^platform\.disk: .*ENOT/,
    );
  });

  test('waits for the end of the session if the calendar lists the recorded day as closed', async () => {
    const sunday = istDate('2026-11-29');
    const session = unscheduledPlan(sunday, istInstant(sunday, '15:58'));
    if (session === null) throw new Error('no session');
    const clock = virtualClock(plus(session.opensAt, 30 * SECOND));
    await cli.reopen({ clock });
    const { dataDir } = cli;
    await recordDay({ dataDir, session, state: 'ended' });
    expect((await cli.run('compact', sunday)).err).toContain('is not over');
    expect((await cli.run('check')).out).not.toContain('outside-session');
    clock.set(session.closesAt);
    expect((await cli.run('compact')).out).toContain(
      '2026-11-29: 24 of 24 slots, 0 explained, 0 unexplained.',
    );
    const checked = await cli.run('check');
    expect([checked.code, checked.out.includes('outside-session')]).toEqual([0, false]);
    expect((await cli.run('report')).code).toBe(0);
  });
});
