// Kills a real harvester repeatedly: between slots, inside a call, inside an upload, and during compaction. Compares the
// recorded day with the acknowledged rows.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { dayOf } from '../../core/market/calendar.ts';
import {
  type Instant,
  MINUTE,
  SECOND,
  formatIso,
  instant,
  istDate,
  plus,
} from '../../core/time.ts';
import { depthOf, startDepthServer } from '../support/depth-server.ts';
import { operatorToken } from '../support/operator-token.ts';
import { readDay } from '../support/recorded-session.ts';
import { startS3 } from '../support/s3-server.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';

const CHILD = path.join(import.meta.dirname, '..', 'support', 'acknowledging-child.ts');
/** The shortest session of the calendar: 13:15 to 15:05. */
const MUHURAT = istDate('2025-10-21');
const EVERY = 10 * SECOND;
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:M&M-EQ'];

const folder = makeFolderPerTest();
beforeEach(async () => {
  await writeFile(path.join(folder.path, '.env'), 'FYERS_CLIENT_ID=ABCD1234EF-100\n');
  const token = operatorToken('access_token', `${MUHURAT}T07:00:00+05:30`);
  await writeFile(path.join(folder.path, 'access_token.txt'), `${token}\n`);
});

/** A signal at the nth jump of the clock, call to the broker, or upload (before or after it is stored). */
interface Kill {
  readonly at: 'jump' | 'call' | 'upload' | 'stored';
  readonly nth: number;
  /** After SIGTERM the harvester finishes the slot and uploads the last segment. */
  readonly signal: 'SIGKILL' | 'SIGTERM';
  /** Slots until the next start. */
  readonly pauseSlots: number;
}

const falls = {
  signal: fc.constantFrom('SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGTERM'),
  pauseSlots: fc.nat(3),
} as const;
const kill: fc.Arbitrary<Kill> = fc.oneof(
  fc.record({ at: fc.constant('jump'), nth: fc.integer({ min: 1, max: 60 }), ...falls }),
  fc.record({ at: fc.constant('call'), nth: fc.integer({ min: 1, max: 90 }), ...falls }),
  fc.record({
    at: fc.constantFrom('upload', 'stored'),
    nth: fc.integer({ min: 1, max: 3 }),
    ...falls,
  }),
);

function sessionOfDay() {
  const day = dayOf(MUHURAT);
  if (day.kind !== 'open') throw new Error(`${MUHURAT} is closed`);
  return day.plan;
}

test.each([1, 2])(
  'Kills lose no acknowledged row, duplicate no row, and leave no unexplained slot (seed %i)',
  async (seed) => {
    const plannedKills = fc.sample(kill, { seed, numRuns: 14 });
    const { opensAt, closesAt } = sessionOfDay();
    let child: ChildProcess | null = null;
    let armed: Kill | null = null;
    let counted = 0;
    const count = (at: Kill['at']): void => {
      if (armed?.at !== at) return;
      counted += 1;
      if (counted === armed.nth) child?.kill(armed.signal);
    };
    await using broker = await startDepthServer(({ symbol }) => {
      count('call');
      return depthOf(symbol);
    });
    await using s3 = await startS3(
      (method) => {
        if (method === 'PUT') count('upload');
        return 'answer';
      },
      () => {
        count('stored');
      },
    );
    const output: string[] = [];
    let kills = 0;
    const isShipped = () => output.some((line) => line.includes('"event":"day-shipped"'));
    /** Runs the harvester until the kill, or until it logs `last`. Returns the jumps of its clock. */
    const runHarvester = async (start: Instant, last = 'nothing'): Promise<readonly Instant[]> => {
      counted = 0;
      child = spawn(process.execPath, [CHILD, formatIso(start), ...harvestArguments()], {
        cwd: folder.path,
        env: {
          FYERS_API_URL: broker.url,
          FYERS_BUCKET: 'bucket',
          AWS_ENDPOINT_URL: s3.endpoint,
          AWS_ACCESS_KEY_ID: 'test',
          AWS_SECRET_ACCESS_KEY: 'test',
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      if (child.stdout === null) throw new Error('no pipe');
      const ended = once(child, 'close');
      const jumps: Instant[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        const [, ms] = /^at (\d+)$/.exec(line) ?? [];
        if (ms === undefined) output.push(line);
        else {
          jumps.push(instant(Number(ms)));
          count('jump');
        }
        if (line.includes(`"event":"${last}"`)) child.kill('SIGKILL');
      }
      await ended;
      if (child.signalCode === 'SIGKILL') kills += 1;
      else {
        expect(child.exitCode, output.slice(-5).join('\n')).toBe(0);
        expect(s3.lines('day')).toEqual(await logLines());
      }
      return jumps;
    };

    const acknowledged = new Set<Instant>();
    let start = plus(opensAt, -MINUTE);
    for (const next of plannedKills) {
      armed = next;
      const jumps = await runHarvester(start);
      const slots = jumps.filter((at) => at >= opensAt && at < closesAt);
      // The last slot may or may not be acknowledged.
      for (const slot of slots.slice(0, -1)) acknowledged.add(slot);
      // The next process starts later than the previous one ended.
      start = plus(jumps.at(-1) ?? start, next.pauseSlots * EVERY + SECOND);
      if (start >= closesAt || isShipped()) break;
    }
    // With an even seed the harvester does not run for the rest of the session, and the kills hit the compaction.
    const uploads = seed % 2 === 0 && !isShipped() ? [1, 3, 5] : [];
    for (const nth of uploads) {
      armed = { at: 'upload', nth, signal: 'SIGKILL', pauseSlots: 0 };
      start = plus(closesAt, MINUTE);
      await runHarvester(start);
    }
    armed = null;
    expect(kills).toBeGreaterThan(2 + uploads.length);
    if (!isShipped())
      await runHarvester(start < closesAt ? start : plus(closesAt, MINUTE), 'day-shipped');

    const found = await readDay(path.join(folder.path, 'data'), MUHURAT);
    expect(found.shipped).toBe('shipped');
    expect(acknowledged.size).toBeGreaterThan(100);
    const expected = [...acknowledged].flatMap((slot) =>
      SYMBOLS.map((symbol) => `${symbol} ${String(slot)}`),
    );
    const present = new Set(found.keys);
    expect(expected.filter((key) => !present.has(key))).toEqual([]);
    expect(found.keys).toHaveLength(present.size);
    expect(found.manifest).toMatchObject({
      expected: (2 * (closesAt - opensAt)) / EVERY,
      received: present.size,
      rows: present.size,
      unexplained: 0,
      leftOut: { duplicate: 0, unplanned: 0, malformed: 0 },
    });
    const reasons = Object.keys(found.manifest?.holes ?? {});
    expect(reasons.filter((reason) => !['not-running', 'stopped'].includes(reason))).toEqual([]);

    // Interrupted uploads are not treated as those of another harvester.
    expect(
      output.filter((line) => /"event":"(?:ship-conflict|bug\.unexpected)"/.test(line)),
    ).toEqual([]);
    expect(s3.lines('day')).toEqual(await logLines());
  },
);

async function logLines(): Promise<readonly string[]> {
  const log = path.join(folder.path, 'data', 'days', MUHURAT, 'day-0.v2.csv');
  return (await readFile(log, 'utf8')).trimEnd().split('\n').slice(1);
}

function harvestArguments(): readonly string[] {
  const symbols = ['--symbols', SYMBOLS.join(), '--every', '10s'];
  return ['--data', path.join(folder.path, 'data'), ...symbols, '--days', '1'];
}
