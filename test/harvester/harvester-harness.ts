// Runs the loop with real files on a virtual clock.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { type Disk, THIS_DISK } from '../../adapters/recordings/disk.ts';
import type { DepthFeed, LogRecord, ObjectStore, SlotResult } from '../../core/ports.ts';
import { slotsOf } from '../../core/market/phases.ts';
import { DAY, type Instant, MINUTE, istDate, plus } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { type LoopOptions, harvest } from '../../harvester/loop.ts';
import { OPENS_AT, calendarOf, shortSession, taken } from '../support/depth.ts';
import { loopOptions } from '../support/loop-options.ts';
import { operatorToken } from '../support/operator-token.ts';
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts';

export const TODAY = istDate('2026-11-25');
export const AFTERWARDS = plus(OPENS_AT, 10 * MINUTE);
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];
export const TOKEN = operatorToken('access_token', '2026-11-25T07:00:00+05:30');

export interface HarvesterRun {
  readonly startsAt?: Instant;
  readonly signal?: AbortSignal;
  readonly everySeconds?: number;
  /** Returns the stored token at an instant. */
  readonly stored?: (now: Instant) => string | null;
  readonly onSlot?: (index: number, clock: VirtualClock) => void;
  /** How long the machine takes to wake up after a wait, and to read the store. */
  readonly takesMs?: number;
  readonly objects?: ObjectStore | null;
  readonly compactFails?: boolean;
  /** Returns the use of the disk by the number of days on it; default: the real disk. */
  readonly diskUsedPercent?: (days: number) => number;
  readonly loop?: Partial<LoopOptions> | ((clock: VirtualClock) => Partial<LoopOptions>);
}

/** Runs the loop over a feed that has a book for every symbol if there is a token. */
export async function runHarvester(folder: string, options: HarvesterRun = {}) {
  const takesMs = options.takesMs ?? 0;
  const clock = virtualClock(options.startsAt ?? plus(OPENS_AT, -10 * MINUTE), (now) => {
    clock.set(plus(now, takesMs));
  });
  const events: LogRecord[] = [];
  const reads: Instant[] = [];
  const days = dayFolders(folder, diskOf(folder, options));
  const shared = loopOptions({
    clock,
    symbols: SYMBOLS,
    everySeconds: options.everySeconds ?? 5,
    events: { log: (event) => void events.push(event) },
    stored: (now) => {
      reads.push(now);
      clock.set(plus(now, takesMs));
      return (options.stored ?? (() => TOKEN))(clock.now());
    },
  });
  const feed: DepthFeed = {
    name: 'rest',
    async *observe(session, readToken, signal, symbols = SYMBOLS) {
      for (const [index, slot] of slotsOf(session, shared.sampling.everySeconds).entries()) {
        // A slot begins late if the store was read at its start.
        if (slot < plus(clock.now(), -2 * takesMs)) continue;
        await clock.sleepUntil(slot, new AbortController().signal);
        if (signal.aborted) return;
        yield symbols.map((symbol): SlotResult =>
          readToken() === null || symbol.startsWith('FUT:')
            ? { symbol, slot, sentAt: slot, receivedAt: slot, kind: 'hole', reason: 'no-token' }
            : taken(symbol, slot),
        );
        options.onSlot?.(index, clock);
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const compact = async (date: ReturnType<typeof istDate>): Promise<void> => {
    if (options.compactFails === true) throw new Error('out of memory');
    await compactDay({ folder: days.folder(date), date, shard: 0, session: shortSession() });
  };
  await harvest({
    ...shared,
    signal: options.signal ?? shared.signal,
    feed,
    days,
    compact,
    objects: options.objects ?? null,
    calendar: calendarOf(shortSession(), shortSession(plus(OPENS_AT, DAY))),
    sessions: 1,
    ...(typeof options.loop === 'function' ? options.loop(clock) : options.loop),
  });
  const eventNames = events.map(({ event }) => event);
  return { days, events, eventNames, reads, clock, manifest: await manifestOf(days, TODAY) };
}

function diskOf(folder: string, { diskUsedPercent }: HarvesterRun): Disk {
  if (diskUsedPercent === undefined) return THIS_DISK;
  return {
    ...THIS_DISK,
    space: async () => {
      const used = diskUsedPercent((await readdir(path.join(folder, 'days'))).length);
      return { blocks: 1_000, bavail: 1_000 - 10 * used };
    },
  };
}

async function manifestOf(days: ReturnType<typeof dayFolders>, date: ReturnType<typeof istDate>) {
  return (await days.dates()).includes(date) ? days.folder(date).manifest() : null;
}

export function bucket(outcome: 'same' | 'different' = 'same') {
  const stored = new Map<string, string>();
  const store: ObjectStore = {
    putOnce: (key, _file, sha256) => {
      const before = stored.get(key);
      if (before === undefined) stored.set(key, sha256);
      if (before !== undefined && outcome === 'different') return Promise.resolve('different');
      return Promise.resolve(before === undefined ? 'stored' : 'same');
    },
    get: () => Promise.resolve(false),
  };
  // Without the segments, which are uploaded while the day is recorded.
  const dayFiles = () => [...stored.keys()].filter((key) => !/-\d{4}\./.test(key));
  return { ...store, stored, dayFiles };
}
