// A row: one snapshot as it is stored, observed and nothing derived.
import type { FeedName, Taken } from '../ports.ts';
import type { Instant } from '../time.ts';
import type { Book } from './book.ts';

export interface Row {
  readonly symbol: string;
  readonly slot: Instant;
  /** Null where the recording does not tell, such as an imported one. */
  readonly requestedAt: Instant | null;
  readonly receivedAt: Instant;
  readonly feed: FeedName;
  readonly book: Book;
}

/** The rows of one batch, in its order; holes are the event log's. */
export function rowsOf(feed: FeedName, batch: readonly Taken[]): readonly Row[] {
  return batch.flatMap((taken) =>
    taken.kind === 'hole'
      ? []
      : [
          {
            symbol: taken.symbol,
            slot: taken.slot,
            requestedAt: taken.sentAt,
            receivedAt: taken.receivedAt,
            feed,
            book: taken.book,
          },
        ],
  );
}
