// A recording as a feed: what was observed, slot by slot, in the form in which it came live.
import type { HoleReason } from '../../core/recording/coverage.ts';
import { coverageOf } from '../../core/recording/day-events.ts';
import { bookOf, numberColumn, textColumn } from '../../core/recording/rows.ts';
import type { Clock, DepthFeed, SlotResult } from '../../core/ports.ts';
import { type Instant, instant, plus } from '../../core/time.ts';
import type { Recording } from './open-recording.ts';

const symbolOf = textColumn('symbol');
const slotOf = numberColumn('slot');
const timestampOf = numberColumn('timestamp');
const requestedAt = numberColumn('requested_at');

export interface ReplayOptions {
  readonly recording: Recording;
  /** Between two batches their recorded distance passes on it, divided by `speed`; null: one after the other at once. */
  readonly pace: { readonly clock: Clock; readonly speed: number } | null;
}

/** The feed `replay`: one batch a slot, its books in the order of receipt, then its holes. Neither session nor token is asked for. */
export function replayFeed({ recording, pace }: ReplayOptions): DepthFeed {
  return {
    name: 'replay',
    async *observe(_session, _token, signal) {
      let before: Instant | null = null;
      for await (const [slot, batch] of batches(booksOf(recording), await holesOf(recording))) {
        if (pace !== null && before !== null) {
          const wait = Math.max(0, Math.round((slot - before) / pace.speed));
          await pace.clock.sleepUntil(plus(pace.clock.now(), wait), signal);
        }
        signal.throwIfAborted();
        yield batch;
        before = slot;
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

type Batch = readonly [Instant, readonly SlotResult[]];

/** Both in the order of their slots, a slot that has books and holes in one. */
async function* batches(
  books: AsyncIterable<Batch>,
  holes: readonly Batch[],
): AsyncGenerator<Batch> {
  let next = 0;
  for await (const [slot, taken] of books) {
    let missing: readonly SlotResult[] = [];
    for (let hole = holes[next]; hole !== undefined && hole[0] <= slot; hole = holes[(next += 1)]) {
      if (hole[0] === slot) [, missing] = hole;
      else yield hole;
    }
    yield [slot, [...taken, ...missing]];
  }
  yield* holes.slice(next);
}

/** Rows that follow each other and are of one slot. The reference's have none: their time stands for it. */
async function* booksOf(recording: Recording): AsyncGenerator<Batch> {
  let [slot, books]: [Instant | null, SlotResult[]] = [null, []];
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

/** By slot, oldest first: what the day's plans asked for and its rows do not have, as the manifest counts it. */
async function holesOf(recording: Recording): Promise<readonly Batch[]> {
  const events = await recording.events();
  if (!events.some(({ event }) => event === 'hole')) return [];
  const coverage = coverageOf(events);
  // A disk that fails after it has written leaves a row and a hole of one slot.
  for await (const row of recording.rows()) {
    const slot = row === null ? null : slotOf(row);
    if (row !== null && slot !== null) coverage.row(symbolOf(row) ?? '', instant(slot));
  }
  const holes = new Map<Instant, SlotResult[]>();
  for (const { symbol, slot, state } of coverage.each()) {
    if (state === 'received' || state === 'unexplained') continue;
    const taken = holes.get(slot) ?? [];
    holes.set(slot, taken);
    taken.push(holeAt(slot, symbol, state));
  }
  return [...holes].sort(([a], [b]) => a - b);
}

function holeAt(slot: Instant, symbol: string, reason: HoleReason): SlotResult {
  return { symbol, slot, sentAt: slot, receivedAt: slot, kind: 'hole', reason };
}
