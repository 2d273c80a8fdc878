// The compaction of large days of streams fits into the memory of a small machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { crc32, zstdCompress } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { dayOf } from '../../core/market/calendar.ts';
import { encodeMark, frameLogHeader, startFrameBatch } from '../../core/stream/frame-log.ts';
import { istDate, type Instant, MINUTE, plus, SECOND } from '../../core/time.ts';
import { tbtFrame } from '../../sandbox/fyers/stream-frames.ts';

const MAIN = path.join(import.meta.dirname, '..', '..', 'harvester', 'main.ts');
const DATE = istDate('2026-11-25');
/** The limits that the harvester gives its child. */
const LIMITS = ['--max-old-space-size=128', '--max-semi-space-size=2'];
const REPORT = 'process.on("exit",()=>process._rawDebug(process.resourceUsage().maxRSS))';
const MAX_MIB = 256;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'fyers-memory-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function opensAt(): Instant {
  const day = dayOf(DATE);
  if (day.kind === 'closed') throw new RangeError(day.why);
  return day.plan.opensAt;
}

/** Segments of a minute, each with so many messages of each symbol. */
async function writeDay(symbols: readonly string[], minutes: number, each: number): Promise<void> {
  const logs = await dayFolders(folder).open(DATE);
  const start = opensAt();
  const plan = { symbols: [...symbols], everySeconds: 5, opensAt: start, from: start };
  const of = { feed: 'tbt', session: 'normal', certainty: 'sourced', source: 'test' };
  await logs.record([
    { event: 'plan', at: start, ...plan, closesAt: plus(start, minutes * MINUTE), ...of },
  ]);
  await logs.close();
  const batch = startFrameBatch(crc32);
  let count = 0;
  for (let minute = 0; minute < minutes; minute += 1) {
    const at = (n: number) => plus(start, minute * MINUTE + Math.floor((n * MINUTE) / each));
    if (minute === 0) {
      const bytes = encodeMark({ mark: 'opened', name: 'tbt 1' });
      batch.add({ kind: 'mark', receivedAt: start, socket: 1, bytes });
    }
    for (let n = 0; n < each; n += 1) {
      for (const symbol of symbols) {
        const isFirst = minute === 0 && n === 0;
        count += 1;
        const level = (num: number) => ({
          num,
          level: { pricePaise: 80_000 + num, quantity: 1 + (count % 5_000), orders: 1 },
        });
        const places = isFirst ? Array.from({ length: 50 }, (_, num) => num) : [0, count % 50, 7];
        const bids = [...new Set(places)].map(level);
        const bytes = tbtFrame({
          ...{ symbol, token: 'token', sequence: minute * each + n + 1, at: at(n) },
          ...{ isSnapshot: isFirst, bids, asks: isFirst ? bids : [] },
          totals: { totalBuyQuantity: count, totalSellQuantity: count },
        });
        batch.add({ kind: 'frame', receivedAt: at(n), socket: 1, bytes });
      }
    }
    const packed = await promisify(zstdCompress)(Buffer.concat([frameLogHeader(), batch.take()]));
    const number = String(minute + 1).padStart(4, '0');
    const place = dayFolders(folder).folder(DATE).pathOf(`frames-090000-${number}.bin.zst`);
    await writeFile(place, packed);
  }
}

async function compactedMiB(): Promise<number> {
  const flags = [...LIMITS, '--import', `data:text/javascript,${REPORT}`];
  const args = ['compact', '--data', folder, '--date', DATE, '--shard', '0'];
  const child = spawn(process.execPath, [...flags, MAIN, ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { MALLOC_ARENA_MAX: '1' },
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  await once(child, 'close');
  expect(child.exitCode, words).toBe(0);
  return Number(words.trim().split('\n').at(-1)) / 1024;
}

test.each([
  // Rates of a busy day, for a part of its time: memory depends on the rate and on the symbols.
  { symbols: 15, minutes: 40, each: 600 },
  { symbols: 1_000, minutes: 5, each: 60 },
])(
  '$symbols symbols take less than 256 MiB',
  async ({ symbols, minutes, each }) => {
    const names = Array.from({ length: symbols }, (_, n) => `NSE:MANY${String(n)}-EQ`);
    await writeDay(names, minutes, each);
    const mib = await compactedMiB();
    const manifest = await dayFolders(folder).folder(DATE).manifest();
    expect(manifest?.updates?.updates).toBe(symbols * minutes * each);
    expect(mib).toBeLessThan(MAX_MIB);
    console.log(`${String(symbols)} symbols: ${mib.toFixed(0)} MiB`);
  },
  10 * 60 * SECOND,
);
