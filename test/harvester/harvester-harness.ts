// The loop with real files, on a clock that jumps.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { type Disk, THIS_DISK } from '../../adapters/recordings/disk.ts';
import { parseSampling } from '../../core/config/values.ts';
import type { DepthFeed, LogRecord, ObjectStore, SlotResult } from '../../core/ports.ts';
import { slotsOf } from '../../core/market/slots.ts';
import { type Instant, MINUTE, istDate } from '../../core/time.ts';
import { istDateAt, plus } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { type LoopOptions, harvest } from '../../harvester/loop.ts';
import { holdToken } from '../../harvester/token.ts';
import { OPENS_AT, shortSession, taken } from '../support/depth.ts';
import { operatorToken } from '../support/operator-token.ts';
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts';

export const TODAY = istDate('2026-11-25');
export const AFTERWARDS = plus(OPENS_AT, 10 * MINUTE);
const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];
export const TOKEN = operatorToken('access_token', '2026-11-25T07:00:00+05:30');

export interface World {
  readonly startsAt?: Instant;
  readonly signal?: AbortSignal;
  readonly everySeconds?: number;
  /** What the store holds at an instant. */
  readonly stored?: (now: Instant) => string | null;
  readonly onSlot?: (index: number, clock: VirtualClock) => void;
  /** What a real machine takes: to wake up after a wait, and to read the store. */
  readonly takesMs?: number;
  readonly objects?: ObjectStore | null;
  readonly compactFails?: boolean;
  /** How full the disk is with so many days on it; default: the machine's own. */
  readonly diskUsedPercent?: (days: number) => number;
  readonly loop?: Partial<LoopOptions> | ((clock: VirtualClock) => Partial<LoopOptions>);
}

/** The loop with real files, on a clock that jumps, over a feed that has a book for whoever has a token. */
export async function liveIn(folder: string, world: World = {}) {
  const takesMs = world.takesMs ?? 0;
  const clock = virtualClock(world.startsAt ?? plus(OPENS_AT, -10 * MINUTE), (now) => {
    clock.set(plus(now, takesMs));
  });
  const events: LogRecord[] = [];
  const reads: Instant[] = [];
  const sampling = parseSampling(SYMBOLS.join(), String(world.everySeconds ?? 5));
  if (!sampling.ok) throw new Error(sampling.problem);
  const days = dayFolders(folder, diskOf(folder, world));
  const emit = { log: (event: LogRecord) => void events.push(event) };
  const token = holdToken({
    clock,
    events: emit,
    fingerprint: () => 'fingerprint',
    store: {
      read: (name) => {
        if (name === 'FYERS_CLIENT_ID') return Promise.resolve('ABCD1234EF-100');
        reads.push(clock.now());
        clock.set(plus(clock.now(), takesMs));
        return Promise.resolve((world.stored ?? (() => TOKEN))(clock.now()));
      },
      write: () => Promise.reject(new Error('never')),
    },
  });
  const feed: DepthFeed = {
    name: 'rest',
    async *observe(session, held, signal, symbols = SYMBOLS) {
      for (const [index, slot] of slotsOf(session, sampling.value.everySeconds).entries()) {
        // A slot begins late where the store was read at its start.
        if (slot < plus(clock.now(), -2 * takesMs)) continue;
        await clock.sleepUntil(slot, new AbortController().signal);
        if (signal.aborted) return;
        yield symbols.map((symbol): SlotResult =>
          held() === null || symbol.startsWith('FUT:')
            ? { symbol, slot, sentAt: slot, receivedAt: slot, kind: 'hole', reason: 'no-token' }
            : taken(symbol, slot),
        );
        world.onSlot?.(index, clock);
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const compact = async (date: ReturnType<typeof istDate>): Promise<void> => {
    if (world.compactFails === true) throw new Error('out of memory');
    const session = nextOf(plus(OPENS_AT, 0));
    await compactDay({ folder: days.folder(date), date, shard: 0, session });
  };
  const nextOf = (after: Instant) => {
    const today = shortSession();
    return after < today.closesAt ? today : shortSession(plus(OPENS_AT, 24 * 60 * MINUTE));
  };
  await harvest({
    clock,
    signal: world.signal ?? new AbortController().signal,
    feed,
    token,
    events: emit,
    metrics: { measure: () => undefined, flush: () => Promise.resolve() },
    sampling: sampling.value,
    days,
    compact,
    objects: world.objects ?? null,
    shard: 0,
    isOver: (date) => date < istDateAt(clock.now()) || clock.now() >= shortSession().closesAt,
    nextSession: nextOf,
    sessions: 1,
    until: null,
    ...(typeof world.loop === 'function' ? world.loop(clock) : world.loop),
  });
  const said = events.map(({ event }) => event);
  return { days, events, said, reads, clock, manifest: await manifestOf(days, TODAY) };
}

function diskOf(folder: string, { diskUsedPercent }: World): Disk {
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
  // Without what went up while the day was recorded.
  const whole = () => [...stored.keys()].filter((key) => !/-\d{4}\./.test(key));
  return { ...store, stored, whole };
}
