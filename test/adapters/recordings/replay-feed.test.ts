import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRecording } from '../../../adapters/recordings/open-recording.ts';
import { replayFeed } from '../../../adapters/recordings/replay-feed.ts';
import { eventLine } from '../../../core/recording/day-events.ts';
import type { HoleReason } from '../../../core/recording/coverage.ts';
import { SECOND, plus } from '../../../core/time.ts';
import { OPENS_AT, shortSession } from '../../support/depth.ts';
import { recordDay } from '../../support/recorded-day.ts';
import { makeFolderPerTest } from '../../support/temporary-folder.ts';

const dataDir = makeFolderPerTest();

/** Returns lines like `SBIN 5 timeout` or `SBIN 5 book`: symbol, seconds since the opening, outcome. */
async function replayDay(): Promise<readonly string[]> {
  const recording = await openRecording({ what: null, dataDir: dataDir.path, cwd: dataDir.path });
  await using feed = replayFeed({ recording, pace: null });
  const { signal } = new AbortController();
  const batches = await Array.fromAsync(feed.observe(shortSession(), () => null, signal));
  return batches.flat().map((taken) => {
    const what = taken.kind === 'book' ? 'book' : taken.reason;
    return `${taken.symbol.slice(4, 8)} ${String((taken.slot - OPENS_AT) / SECOND)} ${what}`;
  });
}

async function recordHole(
  reason: HoleReason,
  fromSeconds: number,
  toSeconds: number,
): Promise<void> {
  const [from, to] = [fromSeconds, toSeconds].map((at) => plus(OPENS_AT, at * SECOND));
  if (from === undefined || to === undefined) throw new Error('two instants');
  const symbols = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];
  const line = eventLine({ event: 'hole', at: to, reason, symbols, from, to });
  const log = path.join(dataDir.path, 'days', '2026-11-25', 'events.jsonl');
  await appendFile(log, `${line}\n`);
}

describe('replayFeed', () => {
  test('returns the row of a slot that also has a hole', async () => {
    await recordDay({ dataDir: dataDir.path, stoppedAfter: 2 });
    await recordHole('disk', 0, 5);
    expect(await replayDay()).toEqual(['SBIN 0 book', 'INFY 0 book', 'SBIN 5 book', 'INFY 5 book']);
  });

  test('returns the first reason of a slot, and no slot outside of the plan', async () => {
    await recordDay({ dataDir: dataDir.path, stoppedAfter: 1, symbols: ['NSE:SBIN-EQ'] });
    await recordHole('timeout', 5, 10);
    await recordHole('stopped', 5, 15);
    await recordHole('not-running', 55, 90);
    expect(await replayDay()).toEqual([
      'SBIN 0 book',
      'SBIN 5 timeout',
      'SBIN 10 stopped',
      'SBIN 55 not-running',
    ]);
  });
});
