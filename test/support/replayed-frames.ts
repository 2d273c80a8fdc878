// Makes the grid's books again from stored frames, as a later decoder would.
import type { Book } from '../../core/recording/book.ts';
import {
  type FrameMark,
  type FrameRecord,
  parseMark,
  receivedInstant,
} from '../../core/stream/frame-log.ts';
import { bookFromHsm, bookFromTbt } from '../../core/stream/grid-book.ts';
import { type HsmTopics, startHsmTopics, type SymbolTopics } from '../../core/stream/hsm-topics.ts';
import { startTbtBooks, type TbtBooks } from '../../core/stream/tbt-books.ts';
import { decodeTbtFrame } from '../../core/stream/tbt-frame.ts';
import type { Instant } from '../../core/time.ts';

const HSM_SOCKET = 0;

interface ReplayedBook {
  readonly book: Book;
  readonly receivedAt: Instant;
}

/** Reads records in their order. `bookAt` applies what was received up to the instant. */
export function replayFrames(records: readonly FrameRecord[]) {
  const tbt = new Map<number, TbtBooks>();
  let hsm: HsmTopics | null = null;
  let next = 0;
  let badFrames = 0;
  const applyMark = (socket: number, mark: FrameMark | null): void => {
    if (mark?.mark === 'bad-frame') badFrames += 1;
    if (mark?.mark !== 'opened' && mark?.mark !== 'closed') return;
    tbt.delete(socket);
    if (socket === HSM_SOCKET) hsm = null;
    if (mark.mark === 'closed') return;
    if (mark.login === undefined) tbt.set(socket, startTbtBooks());
    else {
      const { acknowledgeEvery, liteCounts } = mark.login;
      const { dp = null, sf = null, if: index = null } = liteCounts ?? {};
      const map = liteCounts === null ? null : { liteCounts: { dp, sf, if: index }, changed: [] };
      hsm = startHsmTopics({ acknowledgeEvery, map });
    }
  };
  const apply = (record: FrameRecord): void => {
    const { socket, kind, bytes } = record;
    if (kind === 'mark') applyMark(socket, parseMark(bytes));
    else if (socket === HSM_SOCKET) hsm?.apply(bytes, receivedInstant(record));
    else {
      const message = decodeTbtFrame(bytes);
      if (message === null) tbt.get(socket)?.distrust();
      else tbt.get(socket)?.apply(message, receivedInstant(record));
    }
  };
  const applyUntil = (at: Instant): void => {
    for (let each = records[next]; each !== undefined; each = records[next]) {
      const receivedAt = receivedInstant(each);
      // A row of the instant is sampled before a connection is closed.
      const isClosed = each.kind === 'mark' && parseMark(each.bytes)?.mark === 'closed';
      if (receivedAt > at || (isClosed && receivedAt === at)) return;
      apply(each);
      next += 1;
    }
  };
  return {
    bookAt(symbol: string, at: Instant, { depth, quote }: SymbolTopics): ReplayedBook | null {
      applyUntil(at);
      const quoted = hsm?.topic(quote) ?? null;
      for (const books of tbt.values()) {
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
