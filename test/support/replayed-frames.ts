// Makes the grid's books again from stored frames, as a later decoder would.
import type { Book } from '../../core/recording/book.ts';
import { type FrameRecord, parseMark } from '../../core/stream/frame-log.ts';
import { bookFromHsm, bookFromTbt } from '../../core/stream/grid-book.ts';
import type { SymbolTopics } from '../../core/stream/hsm-topics.ts';
import { startStreamState } from '../../core/stream/stream-state.ts';
import { applyingUntil } from '../../core/stream/updates.ts';
import type { Instant } from '../../core/time.ts';

interface ReplayedBook {
  readonly book: Book;
  readonly receivedAt: Instant;
}

/** Reads records in their order. `bookAt` applies what was received up to the instant. */
export function replayFrames(records: readonly FrameRecord[]) {
  const state = startStreamState();
  let badFrames = 0;
  const applyUntil = applyingUntil(records, (record) => {
    state.apply(record);
    if (record.kind === 'mark' && parseMark(record.bytes)?.mark === 'bad-frame') badFrames += 1;
  });
  return {
    bookAt(symbol: string, at: Instant, { depth, quote }: SymbolTopics): ReplayedBook | null {
      applyUntil(at);
      const hsm = state.hsm();
      const quoted = hsm?.topic(quote) ?? null;
      for (const books of state.tbt.values()) {
        const book = books.book(symbol);
        if (book === null) continue;
        if (book.flaw !== null) return null;
        return { book: bookFromTbt(book, quoted), receivedAt: book.receivedAt };
      }
      const deep = depth === null ? null : (hsm?.topic(depth) ?? null);
      if (deep === null) return null;
      return { book: bookFromHsm(symbol, deep, quoted), receivedAt: deep.receivedAt };
    },
    badFrames: () => badFrames,
  };
}
