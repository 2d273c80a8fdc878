// A recording as a feed: what was observed, slot by slot, in the form in which it came live.
import type { DayEvent } from '../../core/depth/day-events.ts';
import { bookOf, numberColumn } from '../../core/depth/recorded.ts';
import type { Clock, DepthFeed, Taken } from '../../core/ports.ts';
import { type Instant, SECOND, instant, plus } from '../../core/time.ts';
import type { Recording } from './recordings.ts';

const slotOf = numberColumn('slot');
const timestampOf = numberColumn('timestamp');
const requestedAt = numberColumn('requested_at');

export interface ReplayOptions {
  readonly recording: Recording;
  /** Between two batches their recorded distance passes on it, divided by `speed`; null: one after the other at once. */
  readonly pace: { readonly clock: Clock; readonly speed: number } | null;
}

/** The feed `replay`: one batch a slot, books in the order of receipt, then the slot's holes. Neither session nor token is asked for. */
export function replayFeed({ recording, pace }: ReplayOptions): DepthFeed {
  return {
    name: 'replay',
    async *observe(_session, _token, signal) {
      const holes = holesOf(await recording.events());
      let before: Instant | null = null;
      for await (const [slot, books] of batches(recording)) {
        if (pace !== null && before !== null) {
          const wait = Math.max(0, Math.round((slot - before) / pace.speed));
          await pace.clock.sleepUntil(plus(pace.clock.now(), wait), signal);
        }
        signal.throwIfAborted();
        yield [...emptySlots(holes, before, slot), ...books];
        before = slot;
      }
      const rest = [...holes.values()]
        .flat()
        .filter(({ slot }) => before === null || slot > before);
      if (rest.length > 0) yield rest;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Rows that follow each other and are of one slot. The reference's have none: their time stands for it. */
async function* batches(
  recording: Recording,
): AsyncGenerator<readonly [Instant, readonly Taken[]]> {
  let [slot, books]: [Instant | null, Taken[]] = [null, []];
  for await (const row of recording.rows()) {
    if (row === null) continue;
    const receivedAt = instant(timestampOf(row) ?? 0);
    const own = instant(slotOf(row) ?? receivedAt);
    if (slot !== null && own !== slot) {
      yield [slot, books];
      books = [];
    }
    slot = own;
    const book = bookOf(row);
    const sentAt = instant(requestedAt(row) ?? receivedAt);
    books.push({ symbol: book.symbol, slot: own, sentAt, receivedAt, kind: 'book', book });
  }
  if (slot !== null) yield [slot, books];
}

type Hole = Taken & { readonly kind: 'hole' };

/** By slot. */
function holesOf(events: readonly DayEvent[]): ReadonlyMap<Instant, readonly Hole[]> {
  const holes = new Map<Instant, Hole[]>();
  const every = SECOND * (events.find((event) => event.event === 'plan')?.everySeconds ?? 1);
  for (const event of events) {
    if (event.event !== 'hole') continue;
    for (let slot = event.from; slot < event.to; slot = plus(slot, every)) {
      const taken = event.symbols.map((symbol): Hole => ({
        symbol,
        slot,
        sentAt: slot,
        receivedAt: slot,
        kind: 'hole',
        reason: event.reason,
      }));
      holes.set(slot, [...(holes.get(slot) ?? []), ...taken]);
    }
  }
  return holes;
}

/** Of the slots after the last batch, this one included. */
function emptySlots(
  holes: ReadonlyMap<Instant, readonly Hole[]>,
  after: Instant | null,
  until: Instant,
): readonly Hole[] {
  return [...holes].flatMap(([slot, taken]) =>
    (after === null || slot > after) && slot <= until ? taken : [],
  );
}
