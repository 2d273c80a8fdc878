// Closed days by hand, over days that the harvester's own code recorded.
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { lockFolder } from '../../adapters/files/harvest-lock.ts';
import { istDate, istInstant, parseInstant } from '../../core/time.ts';
import { shortSession } from '../support/depth.ts';
import { recordDay } from '../support/recorded-day.ts';
import { stage } from './stage.ts';

describe('fyers compact', () => {
  test('closes every day that waits for it, and says when none does', async () => {
    await using cli = await stage({ now: istInstant(istDate('2026-11-26'), '08:00') });
    const dataDir = path.join(cli.folder, 'harvested_data');
    await recordDay({ dataDir, state: 'ended' });
    expect((await cli.run('compact')).out).toContain(
      '2026-11-25: 24 of 24 slots, 0 explained, 0 unexplained.',
    );
    expect((await cli.run('compact')).out).toContain('waits for it');
    expect((await cli.run('compact', '2026-11-25')).out).toContain('has its manifest');
  });

  test('leaves a day alone that is being recorded', async () => {
    await using cli = await stage({ now: istInstant(istDate('2026-11-25'), '12:00') });
    const dataDir = path.join(cli.folder, 'harvested_data');
    await recordDay({ dataDir, state: 'running' });
    const early = await cli.run('compact', '2026-11-25');
    expect(early.err).toContain('is not over');
    expect((await cli.run('compact')).out).toContain('waits for it');
    expect((await cli.run('compact', 'monday')).err).toContain('"monday" is no day of');
    await using _held = await lockFolder(dataDir);
    expect((await cli.run('compact')).err).toContain('Another harvester records into');
  });

  test('leaves a closed day alone until its date is over, as the harvester does', async () => {
    const holiday = istDate('2026-11-24');
    for (const [now, said] of [
      ['2026-11-24T23:59:59+05:30', 'waits for it'],
      ['2026-11-25T00:00:00+05:30', '2026-11-24: 24 of 24 slots'],
    ] as const) {
      await using cli = await stage({ now: parseInstant(now) });
      const session = shortSession(istInstant(holiday, '09:15'));
      const dataDir = path.join(cli.folder, 'harvested_data');
      await recordDay({ dataDir, session, state: 'ended' });
      expect((await cli.run('compact')).out).toContain(said);
      const named = await cli.run('compact', holiday);
      expect(named.out + named.err).toMatch(/is not over|has its manifest/);
    }
  });
});
