import { rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MINUTE, plus } from '../../core/time.ts';
import { openPlan } from '../core/market/plans.ts';
import { recordDay } from '../support/recorded-day.ts';
import { openStagePerTest } from './cli-harness.ts';

const cli = openStagePerTest();

/** Records one minute of the date into the folder. */
async function record(folder: string, date: string): Promise<void> {
  const plan = openPlan(date);
  const session = { ...plan, closesAt: plus(plan.opensAt, MINUTE) };
  await recordDay({ dataDir: path.join(cli.folder, folder), session });
}

/** Each reader command with the stream of its note. */
const READERS = [
  [['check'], 'out'],
  [['check', '--json'], 'err'],
  [['report', '--force'], 'out'],
  [['report', '--json'], 'err'],
  [['inspect', 'SBIN'], 'out'],
  [['inspect', 'SBIN', '--json'], 'err'],
  [['export', '--to', 'rows.csv', '--force'], 'err'],
  [['replay'], 'err'],
] as const;

describe.each(READERS)('fyers %j', (argv, stream) => {
  test(`reads the newest day of both folders, and prints the folder on ${stream}`, async () => {
    await record('harvested_data', '2026-11-20');
    const note = /^Reading (\S+) in (\S+), the newest recorded day\.$/m;
    const [found, other] = stream === 'out' ? (['out', 'err'] as const) : (['err', 'out'] as const);
    const read = async (): Promise<readonly (string | undefined)[]> => {
      const ran = await cli.run(...argv);
      expect(ran[other]).not.toMatch(/^Reading/m);
      return note.exec(ran[found])?.slice(1) ?? [];
    };
    expect(await read()).toEqual(['2026-11-20', 'harvested_data']);
    await record('demo', '2026-11-25');
    expect(await read()).toEqual(['2026-11-25', 'demo']);
    await record('harvested_data', '2026-11-25');
    expect(await read(), 'the own recording of the same day').toEqual([
      '2026-11-25',
      'harvested_data',
    ]);
    await rm(cli.dataDir, { recursive: true });
    expect(await read(), 'without a folder of the harvester').toEqual(['2026-11-25', 'demo']);
  });
});

describe('The folder of a reader command', () => {
  test('is the folder that has the given date', async () => {
    await record('harvested_data', '2026-11-25');
    await record('demo', '2026-11-20');
    const { code, out } = await cli.run('check', '2026-11-20');
    expect(out).toContain('Reading 2026-11-20 in demo.');
    expect(code).toBe(0);
    const missing = await cli.run('check', '2026-11-23');
    expect(missing).toMatchObject({ code: 2, out: '' });
    for (const part of ['harvested_data', 'demo', '2026-11-25', '2026-11-20'])
      expect(missing.err).toContain(part);
  });

  test('is only the folder of --data if it is given', async () => {
    await record('harvested_data', '2026-11-20');
    await record('demo', '2026-11-25');
    const { out, err } = await cli.run('check', '--data', 'harvested_data');
    expect(out).not.toContain('Reading');
    expect(out).toContain('2026-11-20');
    expect(err).toBe('');
    const absent = await cli.run('check', '--data', 'elsewhere');
    expect(absent.code).toBe(2);
    expect(absent.err).toContain('elsewhere');
  });

  test('is missing if neither folder has a day: both are named, with the commands that record', async () => {
    for (const argv of [['check'], ['check', '2026-11-25'], ['report'], ['replay']]) {
      const { code, out, err } = await cli.run(...argv);
      expect([code, out]).toEqual([2, '']);
      for (const part of ['harvested_data', 'demo', './fyers harvest', 'npm start', '--data'])
        expect(err).toContain(part);
    }
    expect((await cli.run('check', '2026-11-22')).err).toContain(
      'the market is closed on that day',
    );
  });
});
