// Records a session by the real loop into real files on a virtual clock, and reads and checks the files.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { THIS_DISK, type Disk } from '../../adapters/recordings/disk.ts';
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { readEventLog } from '../../adapters/recordings/segmented-log.ts';
import { csvLine } from '../../core/recording/columns.ts';
import { keyOf } from '../../core/recording/observed.ts';
import { HOLE_REASONS } from '../../core/recording/coverage.ts';
import type { DepthFeed, LogRecord, ObjectStore } from '../../core/ports.ts';
import { type SessionPlan, slotsOf } from '../../core/market/phases.ts';
import { type Instant, type IstDate, DAY, MINUTE, plus } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { type LoopOptions, harvest } from '../../harvester/loop.ts';
import type { Days } from '../../harvester/ports.ts';
import { OPENS_AT, calendarOf, shortSession, taken } from './depth.ts';
import { loopOptions } from './loop-options.ts';
import { operatorToken } from './operator-token.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

export const SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];

export interface SessionRun {
  readonly dataDir: string;
  readonly disk?: Disk;
  readonly objects?: ObjectStore | null;
  readonly startsAt?: Instant;
  readonly minutes?: number;
  readonly everySeconds?: number;
  readonly signal?: AbortSignal;
  /** Called after the rows of a slot are stored and before the next slot. */
  readonly onSlot?: (index: number, clock: VirtualClock, uploads: Shipping) => void | Promise<void>;
  /** Replaces the feed that has a book for every symbol in every slot. */
  readonly feed?: (clock: VirtualClock, everySeconds: number) => DepthFeed;
  readonly loop?: (clock: VirtualClock) => Partial<LoopOptions>;
}

/** Virtual slots pass faster than segments are uploaded, so a test that counts segments waits for them. */
interface Shipping {
  /** Resolves after the harvester has found everything uploaded `times` times. */
  upToDate(times: number): Promise<void>;
}

/** For `onSlot`: waits until every segment is uploaded before the next one is due. */
export async function waitForUpload(index: number, _clock: VirtualClock, uploads: Shipping) {
  if (index % 5 === 0) await uploads.upToDate(index / 5 + 1);
}

/** The options of a run that stops after the slot at `last`. */
export function stopAt(last: number) {
  const stop = new AbortController();
  return {
    signal: stop.signal,
    onSlot: (index: number) => {
      if (index === last) stop.abort();
    },
  };
}

export const sessionOf = (minutes: number, opensAt = OPENS_AT): SessionPlan => ({
  ...shortSession(opensAt),
  closesAt: plus(opensAt, minutes * MINUTE),
});

/**
 * Records one session from `startsAt` on. After the close, compacts the days that it finds, and is stopped while it waits
 * for the next session. Returns the names of the logged events and the acknowledged rows.
 */
export async function recordSession(options: SessionRun) {
  const { minutes = 20, everySeconds = 60, startsAt = plus(OPENS_AT, -MINUTE) } = options;
  const session = sessionOf(minutes);
  const over = startsAt >= session.closesAt;
  const stop = new AbortController();
  const clock = virtualClock(startsAt, () => {
    if (over) stop.abort();
  });
  const events: LogRecord[] = [];
  const acknowledged = new Set<string>();
  const shipping = shippingWatch();
  const days = observeDays(
    dayFolders(options.dataDir, options.disk ?? THIS_DISK),
    acknowledged,
    shipping,
  );
  await harvest({
    ...loopOptions({
      clock,
      symbols: SYMBOLS,
      everySeconds,
      events: { log: (event) => void events.push(event) },
      stored: () => operatorToken('access_token', '2026-11-25T07:00:00+05:30'),
    }),
    signal: options.signal ?? stop.signal,
    feed: options.feed?.(clock, everySeconds) ?? steadyFeed(clock, everySeconds, options, shipping),
    days,
    compact: async (date) => {
      await compactDay({ folder: days.folder(date), date, shard: 0, session });
    },
    objects: options.objects ?? null,
    calendar: calendarOf(session, sessionOf(1, plus(OPENS_AT, DAY))),
    sessions: 1,
    ...options.loop?.(clock),
  });
  return { eventNames: events.map(({ event }) => event), acknowledged, clock };
}

/** Records the rows whose append resolved, and each time that nothing was left to upload. */
function observeDays(
  days: ReturnType<typeof dayFolders>,
  acknowledged: Set<string>,
  shipping: ReturnType<typeof shippingWatch>,
): Days {
  return {
    ...days,
    uploads: (date) => {
      const uploads = days.uploads(date);
      return {
        ...uploads,
        cut: async (state, to) => {
          const segment = await uploads.cut(state, to);
          if (segment === null) shipping.note();
          return segment;
        },
      };
    },
    open: async (date) => {
      const logs = await days.open(date);
      return {
        ...logs,
        append: async (rows) => {
          const stored = await logs.append(rows);
          for (const row of rows) acknowledged.add(csvLine(row));
          return stored;
        },
      };
    },
  };
}

function shippingWatch() {
  let noted = 0;
  let woken = Promise.withResolvers<undefined>();
  return {
    note(): void {
      noted += 1;
      woken.resolve(undefined);
      woken = Promise.withResolvers<undefined>();
    },
    async upToDate(times: number): Promise<void> {
      while (noted < times) await woken.promise;
    },
  };
}

function steadyFeed(
  clock: VirtualClock,
  everySeconds: number,
  { onSlot }: SessionRun,
  shipping: Shipping,
): DepthFeed {
  return {
    name: 'rest',
    async *observe(session, _token, signal) {
      for (const [index, slot] of slotsOf(session, everySeconds).entries()) {
        if (slot < clock.now()) continue;
        await clock.sleepUntil(slot, new AbortController().signal);
        if (signal.aborted) return;
        yield SYMBOLS.map((symbol) => taken(symbol, slot));
        await onSlot?.(index, clock, shipping);
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Reads the files of a day's folder. */
export async function readDay(dataDir: string, date: IstDate) {
  const days = dayFolders(dataDir);
  const folder = days.folder(date);
  const keys: string[] = [];
  let malformed = 0;
  for await (const block of folder.rows()) {
    for (const row of block) {
      if (row === null) malformed += 1;
      else keys.push(`${keyOf(row).symbol} ${String(keyOf(row).slot)}`);
    }
  }
  const root = path.join(dataDir, 'days', date);
  const names = await readdir(root);
  const events = await readEventLog(root);
  return {
    manifest: names.includes('manifest.json') ? await folder.manifest() : null,
    shipped: await folder.shipped(),
    names,
    events,
    keys,
    malformed,
    holes: events.flatMap((event) => (event.event === 'hole' ? [event] : [])),
  };
}

function keysOf(acknowledged: ReadonlySet<string>): readonly string[] {
  return [...acknowledged].map((line) => {
    const [, symbol = ''] = line.split(',');
    const slot = line.split(',').find((text, at) => at > 20 && text.includes('T')) ?? '';
    return `${symbol} ${String(Date.parse(slot))}`;
  });
}

/** Checks that no acknowledged row is lost, no row is duplicated, and every hole has a known reason. */
export function problemsOf(
  found: Awaited<ReturnType<typeof readDay>>,
  acknowledged: ReadonlySet<string>,
): readonly string[] {
  const { manifest, keys, holes } = found;
  if (manifest === null) return ['there is no manifest'];
  const present = new Set(keys);
  const lost = keysOf(acknowledged).filter((key) => !present.has(key));
  const unlisted = holes.filter(({ reason }) => !HOLE_REASONS.includes(reason));
  return [
    ...lost.map((key) => `acknowledged and lost: ${key}`),
    ...(manifest.rows === present.size
      ? []
      : [`${String(manifest.rows)} rows of ${String(present.size)}`]),
    ...(manifest.unexplained === 0 ? [] : [`${String(manifest.unexplained)} unexplained`]),
    ...unlisted.map(({ reason }) => `no reason: ${reason}`),
  ];
}
