// Keeps the books of fifty levels that a TBT socket sends. A level is addressed by its `num`, never
// by its place in the list; an absent value is unchanged; a snapshot replaces the sides that it
// contains. A book changes by whole messages only, and is sound from a snapshot until a message
// that cannot be applied completely: a level without a valid `num`, a sequence number that goes
// back, or one that skips numbers. The broker does not document how it counts, so a skipped number
// is judged only after a symbol has counted in ones for `PROVEN_STEPS` messages.
import type { Instant } from '../time.ts';
import type { LevelChange, TbtMessage, TbtFeed, Wide } from './tbt-frame.ts';

export const TBT_LEVELS = 50;
const PROVEN_STEPS = 100;

/** Best first; in paise, shares and orders. A level that does not exist has zeros. */
export interface TbtSide {
  readonly prices: Float64Array;
  readonly quantities: Float64Array;
  readonly orders: Float64Array;
}

export interface TbtBook {
  readonly symbol: string;
  readonly bids: TbtSide;
  readonly asks: TbtSide;
  readonly totalBuyQuantity: Wide | null;
  readonly totalSellQuantity: Wide | null;
  readonly sequence: Wide;
  readonly feedTime: Wide | null;
  readonly receivedAt: Instant;
  /** Why the book cannot be trusted; null if it is sound. */
  readonly flaw: BookFlaw | null;
}

/** no-snapshot: only differences have arrived · sequence-gap: a message is missing or unusable. */
type BookFlaw = 'no-snapshot' | 'sequence-gap';

/** The effect of one feed of a message on its book. */
interface AppliedFeed {
  readonly symbol: string;
  /** duplicate: the message was applied before, so it is dropped · none: the feed has no book. */
  readonly kind: 'snapshot' | 'difference' | 'duplicate' | 'none';
  /** Levels without a valid `num`. */
  readonly malformedLevels: number;
  /** Set if this message made the book unsound. */
  readonly gap: { readonly from: Wide; readonly to: Wide } | null;
  /** The message's two snapshot flags differ. */
  readonly flagsDiffer: boolean;
}

export interface TbtBooks {
  apply(message: TbtMessage, receivedAt: Instant): readonly AppliedFeed[];
  /**
   * Call this if a frame could not be read: it may have been for any book, so all wait for a
   * snapshot.
   */
  distrust(): void;
  /** Copy the values that you keep, because the book changes with the next message. */
  book(symbol: string): TbtBook | null;
}

type State = { -readonly [K in keyof TbtBook]: TbtBook[K] } & { steps: number };

export function startTbtBooks(): TbtBooks {
  const books = new Map<string, State>();
  return {
    apply: (message, receivedAt) =>
      message.feeds.map((feed) => applyFeed(books, message, feed, receivedAt)),
    distrust() {
      for (const book of books.values()) book.flaw ??= 'sequence-gap';
    },
    book: (symbol) => books.get(symbol) ?? null,
  };
}

function applyFeed(
  books: Map<string, State>,
  message: TbtMessage,
  feed: TbtFeed,
  receivedAt: Instant,
): AppliedFeed {
  const { symbol, depth } = feed;
  const flagsDiffer = message.isSnapshot !== feed.isSnapshot;
  if (depth === null) {
    return { symbol, kind: 'none', malformedLevels: 0, gap: null, flagsDiffer: false };
  }
  const isSnapshot = message.isSnapshot || feed.isSnapshot;
  let book = books.get(symbol);
  if (book === undefined) {
    book = newBook(symbol, receivedAt);
    books.set(symbol, book);
  }
  if (!isSnapshot && isDuplicate(book, feed)) {
    return { symbol, kind: 'duplicate', malformedLevels: 0, gap: null, flagsDiffer };
  }
  const gap = isSnapshot ? null : gapBefore(book, feed.sequence);
  countSteps(book, feed.sequence, isSnapshot);
  const malformedLevels =
    applySide(book.bids, depth.bids, isSnapshot) + applySide(book.asks, depth.asks, isSnapshot);
  const wasSound = book.flaw === null;
  if (isSnapshot) book.flaw = null;
  if (book.flaw === null && (malformedLevels > 0 || gap !== null)) book.flaw = 'sequence-gap';
  const from = book.sequence;
  if (depth.totalBuyQuantity !== null) book.totalBuyQuantity = depth.totalBuyQuantity;
  if (depth.totalSellQuantity !== null) book.totalSellQuantity = depth.totalSellQuantity;
  book.sequence = feed.sequence;
  if (feed.feedTime !== null) book.feedTime = feed.feedTime;
  book.receivedAt = receivedAt;
  return {
    symbol,
    kind: isSnapshot ? 'snapshot' : 'difference',
    malformedLevels,
    gap: wasSound && book.flaw !== null ? { from, to: feed.sequence } : null,
    flagsDiffer,
  };
}

/** A message without a number cannot be judged. */
function isDuplicate(book: State, { sequence }: TbtFeed): boolean {
  return sequence !== 0 && sequence === book.sequence;
}

function gapBefore(book: State, sequence: Wide): { readonly from: Wide; readonly to: Wide } | null {
  if (sequence === 0 || book.sequence === 0) return null;
  const step = stepOf(book.sequence, sequence);
  const isGap = step < 0 || (step > 1 && book.steps >= PROVEN_STEPS);
  return isGap ? { from: book.sequence, to: sequence } : null;
}

/** Any other step ends the proof: the broker may count by socket or by channel. */
function countSteps(book: State, sequence: Wide, isSnapshot: boolean): void {
  if (isSnapshot || book.sequence === 0 || sequence === 0) return;
  if (stepOf(book.sequence, sequence) === 1) book.steps += 1;
  else if (book.steps < PROVEN_STEPS) book.steps = 0;
}

function stepOf(from: Wide, to: Wide): number {
  if (typeof from === 'number' && typeof to === 'number') return to - from;
  return Number(BigInt(to) - BigInt(from));
}

/** Returns the number of levels without a valid `num`, which are left out. */
function applySide(side: TbtSide, changes: readonly LevelChange[], isSnapshot: boolean): number {
  if (isSnapshot && changes.length > 0) {
    side.prices.fill(0);
    side.quantities.fill(0);
    side.orders.fill(0);
  }
  let malformed = 0;
  for (const { num, price, quantity, orders } of changes) {
    if (num === null || num >= TBT_LEVELS) {
      malformed += 1;
      continue;
    }
    if (price !== null) side.prices[num] = price;
    if (quantity !== null) side.quantities[num] = quantity;
    if (orders !== null) side.orders[num] = orders;
  }
  return malformed;
}

function newBook(symbol: string, receivedAt: Instant): State {
  const side = (): TbtSide => ({
    prices: new Float64Array(TBT_LEVELS),
    quantities: new Float64Array(TBT_LEVELS),
    orders: new Float64Array(TBT_LEVELS),
  });
  return {
    symbol,
    bids: side(),
    asks: side(),
    totalBuyQuantity: null,
    totalSellQuantity: null,
    sequence: 0,
    feedTime: null,
    receivedAt,
    flaw: 'no-snapshot',
    steps: 0,
  };
}
