// Replays a recording as a feed: yields its books and holes slot by slot, as a live feed does.
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
  /** Waits the recorded time between two batches, divided by `speed`; null: no waits. */
  readonly pace: { readonly clock: Clock; readonly speed: number } | null;
}

/**
 * The feed `replay`: one batch a slot, its books in the order of receipt, then its holes. Ignores
 * session and token.
 */
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

/** Merges books and holes by slot; a slot that has both becomes one batch. */
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

/**
 * Groups consecutive rows of one slot. The reference implementation's rows have no slot, so their
 * timestamp is used.
 */
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

/** Returns the planned slots without a row, oldest first, as the manifest counts them. */
async function holesOf(recording: Recording): Promise<readonly Batch[]> {
  const events = await recording.events();
  if (!events.some(({ event }) => event === 'hole')) return [];
  const coverage = coverageOf(events);
  // If the disk fails after a write, a slot may have both a row and a hole.
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
