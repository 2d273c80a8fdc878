// Compacts a whole day of a stream in the memory of a small machine: each message that was sent is an update of the
// file, with the whole book as it was then, or in a gap with a reason. The frame logs are written directly, with the
// frames of the simulator's encoder and the faults of a bad day; the way from a socket to such a log is tested with the
// harvester itself (`stream-frames.test.ts`). TBT has the largest day that the storage is designed for, 3.4 million
// messages. HSM has a thousand symbols for a whole session, with a twentieth of the estimated rate of each, and a few
// minutes of more symbols with the whole rate: memory depends on symbols and rate, not on the day's length.
import path from 'node:path';
import { expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { compactionFlags, lastLineOf, PEAK_KIB } from '../../bench/child.ts';
import { writeStreamDay } from '../../bench/stream-day.ts';
import { istDate, istInstant, SECOND } from '../../core/time.ts';
import { matchSentBooks, UNCHANGED } from '../support/sent-books.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const MAIN = path.join(import.meta.dirname, '..', '..', 'harvester', 'main.ts');
const DATE = istDate('2026-11-25');
const FLAGS = compactionFlags(`process._rawDebug(${PEAK_KIB})`);
const MAX_MIB = 256;
const SESSION_SECONDS = 22_500;

const folder = makeFolderPerTest();

async function compactedMiB(): Promise<number> {
  const args = ['compact', '--data', folder.path, '--date', DATE, '--shard', '0'];
  return Number(await lastLineOf(process.execPath, [...FLAGS, MAIN, ...args])) / 1_024;
}

const OF_ALL = ['stopped', 'closed', 'lost', 'unreadable', 'damaged'];
const OF_TBT = [...OF_ALL, 'sequence-gap', UNCHANGED];

test.each([
  { feed: 'tbt', symbols: 15, seconds: SESSION_SECONDS, perSecond: 10 },
  { feed: 'hsm', symbols: 1_000, seconds: SESSION_SECONDS, perSecond: 0.05 },
  { feed: 'hsm', symbols: 2_500, seconds: 150, perSecond: 1 },
] as const)(
  '$seconds s of $symbols symbols of $feed are updates or in gaps, within 256 MiB',
  async ({ feed, symbols, seconds, perSecond }) => {
    const opensAt = istInstant(DATE, '09:15');
    const { ledger, messages } = await writeStreamDay({
      ...{ dataDir: folder.path, date: DATE, opensAt, feed, symbols, seconds, perSecond },
      hasFaults: true,
    });
    expect(messages).toBeGreaterThan(symbols * seconds * perSecond);
    const mib = await compactedMiB();
    const day = dayFolders(folder.path).folder(DATE);
    const manifest = await day.manifest();
    const levels = feed === 'tbt' ? 50 : 5;
    const { found, inGaps } = await matchSentBooks(day.pathOf('updates.parquet'), ledger, levels);
    const listed = manifest?.updates?.symbols.map(({ symbol, updates }) => [symbol, updates]);
    expect(listed).toEqual([...found]);
    const [updates, missing] = [found, inGaps].map((of) =>
      [...of.values()].reduce((sum, each) => sum + each, 0),
    ) as [number, number];
    expect(updates + missing).toBe(messages);
    const reasons = feed === 'tbt' ? OF_TBT : OF_ALL;
    expect([...inGaps.keys()].toSorted()).toEqual(reasons.toSorted());
    // The faults take less than a tenth of the day.
    if (seconds === SESSION_SECONDS) expect(missing).toBeLessThan(messages / 10);
    expect(mib).toBeLessThan(MAX_MIB);
  },
  20 * 60 * SECOND,
);
