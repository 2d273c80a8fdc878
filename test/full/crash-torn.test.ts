// Cuts each log at every byte of its last two lines, as a power loss can do with unsynced data.
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { parseSampling } from '../../core/config/values.ts';
import { MINUTE, istDate, plus } from '../../core/time.ts';
import { openDay } from '../../harvester/day.ts';
import { OPENS_AT, taken } from '../support/depth.ts';
import {
  SYMBOLS,
  readDay,
  recordSession,
  problemsOf,
  sessionOf,
  stopAt,
} from '../support/recorded-session.ts';
import { must } from '../support/rest-feed.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const TODAY = istDate('2026-11-25');
const STOPPED_AFTER = 4;

const folder = makeFolderPerTest();

/** Records five slots of a day. */
async function recordFiveSlots(): Promise<string> {
  const dataDir = path.join(folder.path, 'begun');
  await recordSession({ dataDir, minutes: 10, ...stopAt(STOPPED_AFTER) });
  return dataDir;
}

/** Returns every possible cut of the log, and its number of complete lines. */
function cutsOf(text: string) {
  const lines = text.trimEnd().split('\n');
  const from = text.length - lines.slice(-2).join('\n').length - 1;
  return Array.from({ length: text.length - from + 1 }, (_, more) => {
    const kept = text.slice(0, from + more);
    return { kept, whole: kept.split('\n').length - 1 };
  });
}

test.each(['day-0.v2.csv', 'events.jsonl'])(
  'After a cut at any byte of the last two lines of %s, complete lines are kept, the next slot is recorded, and other slots have a reason',
  async (name) => {
    const from = await recordFiveSlots();
    const text = await readFile(path.join(from, 'days', TODAY, name), 'utf8');
    for (const { kept, whole } of cutsOf(text)) {
      const dataDir = path.join(folder.path, 'cut');
      await cp(from, dataDir, { recursive: true });
      await writeFile(path.join(dataDir, 'days', TODAY, name), kept);

      const session = sessionOf(10);
      const slot = plus(OPENS_AT, 7 * MINUTE);
      const days = dayFolders(dataDir);
      const day = await openDay(
        {
          days,
          clock: virtualClock(plus(slot, -1)),
          events: { log: () => undefined },
          sampling: must(parseSampling(SYMBOLS.join(), '60')),
          feed: 'rest',
        },
        session,
      );
      await day.take(SYMBOLS.map((symbol) => taken(symbol, slot)));
      await day.close();

      const found = await readDay(dataDir, TODAY);
      const rows = name.startsWith('day') ? whole - 1 : 2 * (STOPPED_AFTER + 1);
      expect(found.malformed).toBe(0);
      expect(found.keys).toHaveLength(rows + 2);
      expect(new Set(found.keys).size).toBe(found.keys.length);
      const explained = found.holes.reduce(
        (sum, { symbols, from: start, to }) => sum + (symbols.length * (to - start)) / MINUTE,
        0,
      );
      expect(explained).toBe(2 * 7 - rows);
      await rm(dataDir, { recursive: true });
    }
  },
);

test('A day with a cut log is compacted, and its lost slots have a reason', async () => {
  const from = await recordFiveSlots();
  const name = path.join('days', TODAY, 'day-0.v2.csv');
  const text = await readFile(path.join(from, name), 'utf8');
  const cuts = cutsOf(text);
  for (const at of [0, 1, Math.floor(cuts.length / 2), cuts.length - 2]) {
    const dataDir = path.join(folder.path, 'cut');
    await cp(from, dataDir, { recursive: true });
    await writeFile(path.join(dataDir, name), cuts[at]?.kept ?? '');
    const { acknowledged, eventNames } = await recordSession({
      dataDir,
      minutes: 10,
      startsAt: plus(OPENS_AT, 6 * MINUTE),
    });
    const found = await readDay(dataDir, TODAY);
    expect(problemsOf(found, acknowledged)).toEqual([]);
    expect(eventNames.includes('torn-tail-cut')).toBe(!(cuts[at]?.kept ?? '').endsWith('\n'));
    await rm(dataDir, { recursive: true });
  }
});
