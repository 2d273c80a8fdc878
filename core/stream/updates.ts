// Converts the records of a frame log, in order, to updates of books: the levels that a message
// changed, with their new values. The whole book is repeated once a minute, and whenever the book
// becomes sound: at its first snapshot, after a new connection, and after a gap. There are updates
// only while a book is sound. The time between is a gap with a reason, so a reader never mistakes a
// missing update for an unchanged book.
import type { DayEvent } from '../recording/day-events.ts';
import { type Instant, MINUTE } from '../time.ts';
import { type FrameRecord, parseMark, receivedInstant } from './frame-log.ts';
import { symbolsByTopic } from './hsm-topics.ts';
import {
  allPlaces,
  cellsOf,
  type DeepLevel,
  emptyValues,
  HSM_LEVELS,
  levelsIn,
  takeHsmBook,
  takeTbtBook,
  takeTbtLevels,
} from './level-values.ts';
import { startStreamState, type StateChange, type StreamState } from './stream-state.ts';
import { TBT_LEVELS } from './tbt-books.ts';
import type { Wide } from './tbt-frame.ts';

/**
 * Why an update has the whole book. first: the symbol's first of the day · reconnect: the first of a
 * connection · gap: the first after a gap on the same connection · minute: the last whole book is a
 * minute old.
 */
export const SNAPSHOT_REASONS = ['first', 'reconnect', 'gap', 'minute'] as const;
type SnapshotReason = (typeof SNAPSHOT_REASONS)[number];

/**
 * Why a book is not sound. sequence-gap: a message was skipped, or had a level without a valid
 * number · closed: the connection ended · stopped: the recorder ended without closing it ·
 * unreadable: a frame of the socket could not be read · lost: frames were received and not stored ·
 * damaged: a part of the log is missing or damaged · no-snapshot: only differences have arrived.
 */
export const GAP_REASONS = [
  'sequence-gap',
  'closed',
  'stopped',
  'unreadable',
  'lost',
  'damaged',
  'no-snapshot',
] as const;
export type GapReason = (typeof GAP_REASONS)[number];

interface Heading {
  readonly symbol: string;
  /** 0: HSM, 1 to 3: TBT. */
  readonly socket: number;
  /** Counts the updates and gaps of the symbol, from 1: it orders those of one instant. */
  readonly number: number;
  /** Microseconds since 1970. */
  readonly receivedAt: number;
}

export interface BookUpdate extends Heading {
  readonly kind: 'update';
  /** As sent; the unit is not documented. Null if the message has none, as always with HSM. */
  readonly feedTime: Wide | null;
  /** Null if the message has none. */
  readonly sequence: Wide | null;
  /**
   * If not null, the update has the whole book with its empty levels, bids before asks, best first.
   */
  readonly reason: SnapshotReason | null;
  /** The levels as numbers, because a day has millions: `levelsIn` makes objects of them. */
  readonly cells: readonly number[];
}

/** The book is not sound from `receivedAt` to the symbol's next update. */
export interface GapBegin extends Heading {
  readonly kind: 'gap';
  readonly reason: GapReason;
}

export interface Gap {
  readonly symbol: string;
  readonly reason: GapReason;
  /** Microseconds since 1970: the last time at which the book is known to be sound. */
  readonly from: number;
  /** Null if the gap lasts to the end of the log. */
  readonly to: number | null;
}

export interface BookAt {
  readonly symbol: string;
  /** Levels with a price or a quantity, best first. */
  readonly bids: readonly DeepLevel[];
  readonly asks: readonly DeepLevel[];
  /** Receive time of the last update, in microseconds since 1970. */
  readonly receivedAt: number;
  readonly feedTime: Wide | null;
  readonly sequence: Wide | null;
  /** Why the book is not sound; null if it is. The levels are the last sound ones. */
  readonly flaw: GapReason | null;
}

/** The books of a day, record by record. */
interface Books {
  /** The book after the last record; null if it has had no snapshot. */
  book(symbol: string): BookAt | null;
  /** The longest time between two messages for a sound book, in microseconds. */
  maxAge(symbol: string): number;
  /** Ordered by their begin. The last gaps of a day begin when its connections end. */
  gaps(): readonly Gap[];
}

type Emitted = BookUpdate | GapBegin;

export interface Updates extends Books {
  /** Applies the next record and returns its changes. */
  apply(record: FrameRecord): readonly Emitted[];
  /** Call this where records are missing, because a part of the log is damaged. */
  interrupt(): readonly Emitted[];
  /**
   * Call this at the end of the log: a connection that is still open belongs to a recorder that was
   * killed.
   */
  end(): readonly Emitted[];
}

/** A book after an update. Valid during the call only. */
export interface UpdatedBook extends Heading, Pick<BookUpdate, 'feedTime' | 'sequence'> {
  /** See `level-values.ts`. */
  readonly values: Float64Array;
}

/** Called with each update, to avoid creating an object for each of millions. */
export interface UpdateListener {
  /** @param places the changed places; all places if there is a reason */
  update(book: UpdatedBook, reason: SnapshotReason | null, places: readonly number[]): void;
  gap(begin: GapBegin): void;
}

/** As `Updates`, but calls a listener instead of returning lists. */
export interface UpdateFollower extends Books {
  apply(record: FrameRecord): void;
  interrupt(): void;
  end(): void;
}

/** Symbols by the HSM topic of their book. */
export type BookTopics = ReadonlyMap<string, string>;

/** Derives the topics from the symbols' tokens in a day's event log. */
export function bookTopicsIn(events: readonly DayEvent[]): BookTopics {
  return symbolsByTopic(events, ({ depth }) => depth);
}

const SNAPSHOT_INTERVAL = MINUTE * 1_000;

interface Tracked {
  readonly symbol: string;
  socket: number;
  /** The book after the updates so far; see `level-values.ts`. */
  values: Float64Array;
  number: number;
  receivedAt: number;
  feedTime: Wide | null;
  sequence: Wide | null;
  snapshotAt: number;
  hasHadSnapshot: boolean;
  /** True if its connection has ended since the last update. */
  isReconnected: boolean;
  gap: { -readonly [K in keyof Gap]: Gap[K] } | null;
  maxAge: number;
}

interface Context {
  readonly topics: BookTopics;
  readonly listener: UpdateListener;
  readonly state: StreamState;
  readonly tracked: Map<string, Tracked>;
  readonly gaps: Gap[];
  /** Receive time of the last record by socket, and of all. */
  readonly lastOf: Map<number, number>;
  last: number;
}

/** @param topics needed for HSM only */
export function startUpdates(topics: BookTopics): Updates {
  let emitted: Emitted[] = [];
  const follower = followUpdates(topics, {
    update(book, reason, places) {
      const { symbol, socket, number, receivedAt, feedTime, sequence } = book;
      const head = { symbol, socket, number, receivedAt, feedTime, sequence };
      emitted.push({ kind: 'update', ...head, reason, cells: cellsOf(book.values, places) });
    },
    gap(begin) {
      emitted.push(begin);
    },
  });
  const taken = (): readonly Emitted[] => {
    const all = emitted;
    emitted = [];
    return all;
  };
  return {
    ...follower,
    apply(record) {
      follower.apply(record);
      return taken();
    },
    interrupt() {
      follower.interrupt();
      return taken();
    },
    end() {
      follower.end();
      return taken();
    },
  };
}

/** @param topics needed for HSM only */
export function followUpdates(topics: BookTopics, listener: UpdateListener): UpdateFollower {
  const context: Context = {
    ...{ topics, listener, state: startStreamState(), tracked: new Map(), gaps: [] },
    ...{ lastOf: new Map(), last: 0 },
  };
  return {
    apply(record) {
      follow(context, record, context.state.apply(record));
      context.last = record.receivedAt;
      context.lastOf.set(record.socket, context.last);
    },
    interrupt() {
      context.state.interrupt();
      endBooks(context, 'all', 'damaged', context.last);
    },
    end() {
      endBooks(context, 'all', 'stopped', 'last of the socket');
    },
    book: (symbol) => bookAt(context.tracked.get(symbol)),
    maxAge: (symbol) => context.tracked.get(symbol)?.maxAge ?? 0,
    gaps: () => context.gaps,
  };
}

function follow(context: Context, record: FrameRecord, change: StateChange): void {
  const { socket, receivedAt } = record;
  switch (change.kind) {
    case 'tbt':
      for (let index = 0; index < change.applied.length; index += 1) {
        const [applied, feed] = [change.applied[index], change.message.feeds[index]];
        if (applied !== undefined && feed !== undefined) {
          applyTbtFeed(context, record, applied, feed);
        }
      }
      return;
    case 'hsm':
      // A topic may be in a frame twice, so compare its book once, after the whole frame is
      // applied.
      for (const name of new Set(change.items.map((item) => item.name))) {
        if (name !== null) applyHsmTopic(context, record, name);
      }
      return;
    case 'began':
      endBooks(context, 'all', 'stopped', 'last of the socket');
      return;
    case 'opened':
    case 'closed':
      endBooks(context, socket, 'closed', receivedAt);
      return;
    case 'unreadable':
      endBooks(context, socket, 'unreadable', receivedAt);
      return;
    case 'lost':
      endBooks(context, 'all', 'lost', context.last);
      return;
    case 'none':
  }
}

type TbtChange = Extract<StateChange, { kind: 'tbt' }>;

function applyTbtFeed(
  context: Context,
  { socket, receivedAt }: FrameRecord,
  { symbol, kind, gap }: TbtChange['applied'][number],
  feed: TbtChange['message']['feeds'][number],
): void {
  const found = context.state.tbt.get(socket)?.book(symbol) ?? null;
  if (kind === 'none' || kind === 'duplicate' || found === null || feed.depth === null) return;
  const book = trackedOf(context, symbol, socket, TBT_LEVELS);
  if (found.flaw !== null) {
    const reason = !book.hasHadSnapshot && gap === null ? 'no-snapshot' : 'sequence-gap';
    beginGap(context, book, reason, book.hasHadSnapshot ? book.receivedAt : receivedAt);
    return;
  }
  const isWhole = kind === 'snapshot' || book.gap !== null || !book.hasHadSnapshot;
  const changed = isWhole
    ? takeTbtBook(book.values, found)
    : takeTbtLevels(book.values, found, feed.depth);
  const sequence = feed.sequence === 0 ? null : feed.sequence;
  emit(context, book, { receivedAt, feedTime: feed.feedTime, sequence }, changed);
}

function applyHsmTopic(context: Context, { socket, receivedAt }: FrameRecord, name: string): void {
  const symbol = context.topics.get(name);
  const topic = symbol === undefined ? null : (context.state.hsm()?.topic(name) ?? null);
  if (symbol === undefined || topic === null) return;
  const book = trackedOf(context, symbol, socket, HSM_LEVELS);
  const changed = takeHsmBook(book.values, topic);
  emit(context, book, { receivedAt, feedTime: null, sequence: null }, changed);
}

function trackedOf({ tracked }: Context, symbol: string, socket: number, levels: number): Tracked {
  const found = tracked.get(symbol) ?? newTracked(symbol, socket, levels);
  tracked.set(symbol, found);
  found.socket = socket;
  // The day continues with another feed, whose books have another number of levels.
  if (allPlaces(found.values).length !== 2 * levels) found.values = emptyValues(levels);
  return found;
}

function newTracked(symbol: string, socket: number, levels: number): Tracked {
  return {
    ...{ symbol, socket, values: emptyValues(levels), number: 0, receivedAt: 0, snapshotAt: 0 },
    ...{ feedTime: null, sequence: null, hasHadSnapshot: false, isReconnected: false, gap: null },
    maxAge: 0,
  };
}

function beginGap(
  { gaps, listener }: Context,
  book: Tracked,
  reason: GapReason,
  from: number,
): void {
  if (book.gap !== null) return;
  const { symbol, socket } = book;
  book.gap = { symbol, reason, from, to: null };
  gaps.push(book.gap);
  book.number += 1;
  listener.gap({ kind: 'gap', symbol, socket, number: book.number, receivedAt: from, reason });
}

function endBooks(
  context: Context,
  socket: number | 'all',
  reason: GapReason,
  from: number | 'last of the socket',
): void {
  for (const book of context.tracked.values()) {
    if (socket !== 'all' && book.socket !== socket) continue;
    if (reason === 'closed' || reason === 'stopped') book.isReconnected = true;
    const own = context.lastOf.get(book.socket) ?? book.receivedAt;
    beginGap(context, book, reason, typeof from === 'number' ? from : own);
  }
}

type Message = Pick<BookUpdate, 'receivedAt' | 'feedTime' | 'sequence'>;

function emit(
  { listener }: Context,
  book: Tracked,
  message: Message,
  changed: readonly number[],
): void {
  const { receivedAt } = message;
  const reason = snapshotReason(book, receivedAt);
  if (book.gap === null && book.hasHadSnapshot) {
    book.maxAge = Math.max(book.maxAge, receivedAt - book.receivedAt);
  }
  // Even a message without changes shows that the book is current.
  book.receivedAt = receivedAt;
  book.feedTime = message.feedTime;
  book.sequence = message.sequence;
  if (reason === null && changed.length === 0) return;
  if (book.gap !== null) book.gap.to = receivedAt;
  book.gap = null;
  book.hasHadSnapshot = true;
  book.isReconnected = false;
  if (reason !== null) book.snapshotAt = receivedAt;
  book.number += 1;
  listener.update(book, reason, reason === null ? changed : allPlaces(book.values));
}

function snapshotReason(book: Tracked, receivedAt: number): SnapshotReason | null {
  if (!book.hasHadSnapshot) return 'first';
  if (book.gap !== null) return book.isReconnected ? 'reconnect' : 'gap';
  // An absolute difference, because the clock may have been set back.
  return Math.abs(receivedAt - book.snapshotAt) >= SNAPSHOT_INTERVAL ? 'minute' : null;
}

function bookAt(book: Tracked | undefined): BookAt | null {
  if (book?.hasHadSnapshot !== true) return null;
  const levels = levelsIn(cellsOf(book.values, allPlaces(book.values)));
  const sideOf = (wanted: 'bid' | 'ask'): readonly DeepLevel[] =>
    levels.flatMap(({ side, ...level }) =>
      side === wanted && (level.price !== null || level.quantity !== 0) ? [level] : [],
    );
  const { symbol, receivedAt, feedTime, sequence, gap } = book;
  return {
    ...{ symbol, receivedAt, feedTime, sequence, flaw: gap?.reason ?? null },
    ...{ bids: sideOf('bid'), asks: sideOf('ask') },
  };
}

/**
 * Reads the books at ascending instants from the records of a day.
 *
 * @param topics needed for HSM only
 */
export function readBooks(records: Iterable<FrameRecord>, topics: BookTopics) {
  const updates = startUpdates(topics);
  const advance = applyingUntil(records, (record) => updates.apply(record));
  return {
    /** Returns null if the symbol has had no snapshot until then. */
    bookAt(symbol: string, at: Instant): BookAt | null {
      advance(at);
      return updates.book(symbol);
    },
  };
}

/** Returns a function that applies the records that were received up to an instant. */
export function applyingUntil(
  records: Iterable<FrameRecord>,
  apply: (record: FrameRecord) => void,
): (at: Instant) => void {
  const rest = records[Symbol.iterator]();
  let next = rest.next();
  return (at) => {
    for (; next.done !== true; next = rest.next()) {
      const { kind, bytes } = next.value;
      // At the same instant a row is sampled before a connection closes, so leave the close for
      // later.
      const isClosed = kind === 'mark' && parseMark(bytes)?.mark === 'closed';
      const until = receivedInstant(next.value);
      if (until > at || (isClosed && until === at)) return;
      apply(next.value);
    }
  };
}
