// Compares the updates of a stream with the books that the server sent: each book is in the updates with all its
// levels, or in a gap.
import { expect } from 'vitest';
import { levelsIn } from '../../core/stream/level-values.ts';
import type { BookUpdate, GapBegin } from '../../core/stream/updates.ts';
import type { SentBook } from '../../sandbox/fyers/streams.ts';

type Changes = readonly (BookUpdate | GapBegin)[];
type Levels = Map<string, readonly [number | null, number | null, number | null]>;

/** Returns the number of books in the updates, in gaps, and of those that changed nothing. */
export function matchLedger(ledger: readonly SentBook[], changes: Changes) {
  const bySymbol = Map.groupBy(changes, ({ symbol }) => symbol);
  const counts = { found: 0, inGaps: 0, unchanged: 0 };
  for (const [symbol, sent] of Map.groupBy(ledger, (entry) => entry.symbol)) {
    matchSymbol(sent, bySymbol.get(symbol) ?? [], counts);
  }
  return counts;
}

function matchSymbol(
  sent: readonly SentBook[],
  changes: Changes,
  counts: { found: number; inGaps: number; unchanged: number },
): void {
  const book: Levels = new Map();
  // Before its first snapshot a book is not sound either.
  let isInGap = true;
  let next = 0;
  for (const entry of sent) {
    while (changes[next]?.kind === 'gap') {
      isInGap = true;
      next += 1;
    }
    const update = changes[next];
    const after = update?.kind === 'update' ? applied(book, update) : null;
    if (after !== null && update?.kind === 'update' && isSame(entry, update, after)) {
      for (const [place, values] of after) book.set(place, values);
      isInGap = false;
      next += 1;
      counts.found += 1;
    } else if (!isInGap && hasLevels(entry, book)) counts.unchanged += 1;
    else {
      expect({ isInGap, entry, update }).toMatchObject({ isInGap: true });
      counts.inGaps += 1;
    }
  }
  // No update that was never sent; the day ends with its connections.
  expect(changes.slice(next).filter(({ kind }) => kind === 'update')).toEqual([]);
}

function applied(book: Levels, { cells }: BookUpdate): Levels {
  const after = new Map(book);
  for (const { side, level, price, quantity, orders } of levelsIn(cells)) {
    after.set(`${side} ${String(level)}`, [price, quantity, orders]);
  }
  return after;
}

function isSame(entry: SentBook, update: BookUpdate, after: Levels): boolean {
  return entry.sequence === update.sequence && hasLevels(entry, after);
}

function hasLevels(entry: SentBook, after: Levels): boolean {
  return (['bid', 'ask'] as const).every((side) =>
    entry[`${side}s`].every(({ pricePaise, quantity, orders }, level) => {
      const found = after.get(`${side} ${String(level)}`);
      const price = pricePaise === 0 && quantity === 0 ? null : pricePaise / 100;
      return found?.[0] === price && found[1] === quantity && found[2] === orders;
    }),
  );
}
