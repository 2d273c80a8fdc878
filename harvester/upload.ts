// A running day to the bucket, a piece every five minutes. Whoever holds the last number is the day's one writer.
import * as say from '../core/recording/log.ts';
import {
  firstState,
  type LogEnds,
  type Piece,
  pieceNames,
  type PieceState,
} from '../core/recording/manifest.ts';
import { FyersError, toError } from '../core/errors.ts';
import { OBJECTS } from '../core/config/names.ts';
import type { Clock, Logger, ObjectStore } from '../core/ports.ts';
import { DAY, type Instant, type IstDate, istDateAt, MINUTE, plus } from '../core/time.ts';
import { every } from './interval.ts';
import type { DayFolder, DayPieces, Days } from './ports.ts';

export interface PiecesOptions {
  readonly days: Days;
  readonly clock: Clock;
  readonly events: Logger;
  readonly objects: ObjectStore;
  readonly shard: number;
}

/** A machine that is lost takes no more than that with it. */
const PIECE_EVERY = 5 * MINUTE;
/** Days that a lost machine may have left unfinished in the bucket. */
const LOOK_BACK_DAYS = 7;

interface RunningPieces {
  /** Takes over what another machine shipped of the day. Never throws: what fails is tried again with the next piece. */
  resume(): Promise<void>;
  /** Starts a piece when one is due, and waits for nothing. */
  pass(now: Instant): Promise<void>;
  /** Waits for what is on its way, then ships what is left. Never throws. */
  last(): Promise<void>;
}

/** Without a bucket, nothing. */
export const NO_PIECES: RunningPieces = {
  resume: () => Promise.resolve(),
  pass: () => Promise.resolve(),
  last: () => Promise.resolve(),
};

/** The pieces of the day that is being recorded. @param ends of its logs on disk; null while they are not known */
export function runningPieces(
  options: PiecesOptions,
  date: IstDate,
  ends: () => LogEnds | null,
): RunningPieces {
  const { clock, events } = options;
  let busy: Promise<void> | null = null;
  let fenced = false;
  const ship = async (): Promise<void> => {
    const to = ends();
    if (fenced || to === null) return;
    try {
      fenced = (await shipPieces(options, date, to)) === 'conflict';
      if (fenced) events.log(say.shipConflict(date));
    } catch (caught) {
      events.log(say.stepFailed(`Shipping what is recorded of ${date}`, problemOf(caught)));
    }
  };
  // The first at once: its number tells every other harvester of this day that it has got company.
  const step = every(clock.now(), PIECE_EVERY, () => {
    busy ??= ship().finally(() => {
      busy = null;
    });
    return Promise.resolve();
  });
  return {
    async resume() {
      try {
        await takeOver(options, date);
      } catch (caught) {
        events.log(say.stepFailed(`Looking for pieces of ${date}`, problemOf(caught)));
      }
    },
    pass: (now) => step.pass(now),
    async last() {
      await busy;
      await ship();
    },
  };
}

/**
 * Everything up to `to`, in as many pieces as it takes. conflict: another harvester has taken the next number, and from
 * here on the day is its.
 * @throws as the object store and the disk do; the same bytes are sent again by the next call
 */
export async function shipPieces(
  options: PiecesOptions,
  date: IstDate,
  to: LogEnds,
): Promise<'current' | 'conflict'> {
  const pieces = options.days.pieces(date);
  let state = await takeOver(options, date);
  for (;;) {
    const pending = state.pending ?? (await pieces.cut(state, to));
    if (pending === null) return 'current';
    // On disk before it is sent: after a crash the number must get the same bytes, or we would fence off ourselves.
    if (state.pending === null) await pieces.save({ ...state, pending });
    if (!(await sent(options, date, pending, pieces))) return 'conflict';
    state = { next: state.next + 1, from: pending.to, pending: null };
    await pieces.save(state);
    await pieces.remove(pending);
    const bytes = pending.files.reduce((sum, file) => sum + file.bytes, 0);
    options.events.log(say.pieceShipped(date, state.next - 1, bytes));
  }
}

async function sent(
  { objects, shard }: PiecesOptions,
  date: IstDate,
  { files }: Piece,
  pieces: DayPieces,
): Promise<boolean> {
  for (const { name, sha256 } of files) {
    const key = OBJECTS.dayFile(date, String(shard), name);
    if ((await objects.putOnce(key, pieces.pathOf(name), sha256)) === 'different') return false;
  }
  return true;
}

/**
 * What this machine knows of the day's pieces. Where it knows nothing, it asks the bucket for one number after the other
 * until there is none (its role may list nothing), and puts what it finds before its own logs.
 * @throws as the object store and the disk do; nothing is taken over then
 */
export async function takeOver(options: PiecesOptions, date: IstDate): Promise<PieceState> {
  const pieces = options.days.pieces(date);
  const known = await pieces.state();
  if (known !== null) return known;
  const get = (name: string) => fetched(options, date, name);
  const names = { rows: [] as string[], events: [] as string[] };
  let next = 1;
  for (; ; next += 1) {
    const { rows, events: claim } = pieceNames(next);
    const [hasEvents, hasRows] = await Promise.all([get(claim), get(rows)]);
    if (!hasEvents) break;
    names.events.push(claim);
    if (hasRows) names.rows.push(rows);
  }
  await pieces.takeOver(names);
  const state = firstState(next);
  await pieces.save(state);
  await pieces.forgetFetched();
  if (next > 1) options.events.log(say.dayTakenOver(date, next - 1));
  return state;
}

/**
 * Days of which the bucket has pieces and no manifest, and this machine nothing: another one was lost before it closed them.
 * Never throws. False: the bucket did not answer, and not every day was looked for.
 */
export async function adoptDays(
  options: PiecesOptions,
  isOver: (date: IstDate) => boolean,
): Promise<boolean> {
  const { days, clock } = options;
  const here = await days.dates();
  for (let back = 0; back < LOOK_BACK_DAYS; back += 1) {
    const date = istDateAt(plus(clock.now(), -back * DAY));
    if (here.includes(date) || !isOver(date)) continue;
    const has = (name: string) => fetched(options, date, name);
    try {
      if ((await has(pieceNames(1).events)) && !(await has('manifest.json'))) {
        await takeOver(options, date);
      } else await days.pieces(date).forgetFetched();
    } catch (caught) {
      options.events.log(say.stepFailed(`Looking for pieces of ${date}`, problemOf(caught)));
      return false;
    }
  }
  return true;
}

/** False where the bucket has none of that name. */
async function fetched(
  { days, objects, shard }: PiecesOptions,
  date: IstDate,
  name: string,
): Promise<boolean> {
  const place = await days.pieces(date).placeFor(name);
  return objects.get(OBJECTS.dayFile(date, String(shard), name), place);
}

export function problemOf(caught: unknown): string {
  const error = toError(caught);
  return error instanceof FyersError ? error.message : `${error.name}: ${error.message}`;
}

// A compacted day to the bucket: write-once, the manifest last. Shipping again finds everything there.

interface ShipOptions {
  readonly folder: DayFolder;
  readonly objects: ObjectStore;
  readonly date: IstDate;
  readonly shard: number;
}

/**
 * conflict: the bucket holds another file under one of the names, and keeps it.
 * @throws as the object store does; what was stored before stays and is found again
 */
export async function shipDay(options: ShipOptions): Promise<'shipped' | 'conflict'> {
  const { folder, objects, date, shard } = options;
  const manifest = await folder.manifest();
  if (manifest === null) return 'conflict';
  for (const file of [...manifest.files, await folder.manifestFacts()]) {
    const key = OBJECTS.dayFile(date, String(shard), file.name);
    const outcome = await objects.putOnce(key, folder.pathOf(file.name), file.sha256);
    if (outcome === 'different') {
      await folder.markShipped('conflict');
      return 'conflict';
    }
  }
  await folder.markShipped('shipped');
  return 'shipped';
}
