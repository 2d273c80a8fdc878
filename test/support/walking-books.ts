// Makes TBT records of books that walk: orders come, change and go, so levels shift. A message has
// only the levels that changed, and leaves out prices that did not. No book is ever crossed.
import { encodeMark, type FrameMark, type FrameRecord } from '../../core/stream/frame-log.ts';
import type { LevelChange } from '../../core/stream/tbt-frame.ts';
import { encodeTbtMessage, levelsMessage } from './tbt-message.ts';

export interface WalkOptions {
  readonly seed: number;
  readonly symbols: readonly string[];
  /** Milliseconds since 1970. */
  readonly startsAt: number;
  readonly messages: number;
  /** Levels of a side of the first book; after a reconnection it has 50. */
  readonly firstLevels?: number;
  /** Every so many messages the connection ends for five seconds. */
  readonly reconnectsEvery?: number;
  /** The broker's time of a message, from its time of receipt in milliseconds. */
  readonly feedTimeOf?: (receivedAt: number) => number;
}

interface Order {
  readonly price: number;
  readonly quantity: number;
}

const TICK = 5;
const DEEPEST = 50;
const STEP_MS = 37;

/** Numbers from 0 to below 1 that depend on the seed alone (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** In the order of receipt. */
export function walkingBooks(options: WalkOptions): readonly FrameRecord[] {
  const random = randomFrom(options.seed);
  const books = options.symbols.map((symbol) => ({ symbol, sequence: 0, ...startBook(random) }));
  const records: FrameRecord[] = [];
  let at = options.startsAt;
  const mark = (value: FrameMark): void => {
    records.push({ kind: 'mark', socket: 1, receivedAt: at * 1_000, bytes: encodeMark(value) });
  };
  const send = (book: (typeof books)[number], isSnapshot: boolean, levels: number): void => {
    const before = isSnapshot ? null : { bids: [...book.bids], asks: [...book.asks] };
    if (!isSnapshot) move(book, random);
    const bids = changes(before?.bids ?? null, book.bids, levels);
    const asks = changes(before?.asks ?? null, book.asks, levels);
    book.sequence += 1;
    const { symbol, sequence } = book;
    const feedTime = options.feedTimeOf?.(at) ?? Math.floor(at / 1_000);
    const sent = { symbol, sequence, isSnapshot, bids, asks, feedTime };
    const bytes = encodeTbtMessage(levelsMessage(sent));
    records.push({ kind: 'frame', socket: 1, receivedAt: at * 1_000, bytes });
    at += Math.floor(random() * STEP_MS);
  };
  const connect = (levels: number): void => {
    mark({ mark: 'opened', name: 'tbt 1' });
    for (const book of books) send(book, true, levels);
  };
  const first = options.firstLevels ?? DEEPEST;
  connect(first);
  // The rest of a shallow first book comes as differences.
  for (const book of books) if (first < DEEPEST) book.bids.length = book.asks.length = first;
  for (let index = 1; index <= options.messages; index += 1) {
    if (options.reconnectsEvery !== undefined && index % options.reconnectsEvery === 0) {
      mark({ mark: 'closed' });
      at += 5_000;
      for (const book of books) {
        for (let times = 0; times < 20; times += 1) move(book, random);
      }
      connect(DEEPEST);
    }
    const book = books[Math.floor(random() * books.length)];
    if (book !== undefined) send(book, false, DEEPEST);
  }
  mark({ mark: 'closed' });
  return records;
}

interface Sides {
  readonly bids: Order[];
  readonly asks: Order[];
}

function startBook(random: () => number): Sides {
  const middle = 20_000 + TICK * Math.floor(random() * 10_000);
  const side = (direction: 1 | -1) =>
    Array.from({ length: DEEPEST }, (_, index) => ({
      price: middle + direction * TICK * (index + 1),
      quantity: 1 + Math.floor(random() * 5_000),
    }));
  return { bids: side(-1), asks: side(1) };
}

/** Changes, removes or adds one order or several, on one side. */
function move(book: Sides, random: () => number): void {
  const isBid = random() < 0.5;
  const [own, other, better] = isBid ? [book.bids, book.asks, 1] : [book.asks, book.bids, -1];
  for (let times = 1 + Math.floor(random() * 3); times > 0; times -= 1) {
    const index = Math.floor(random() ** 2 * own.length);
    const quantity = 1 + Math.floor(random() * 5_000);
    const choice = random();
    const level = own[index];
    const best = own[0]?.price ?? 0;
    if (choice < 0.5 && level !== undefined) own[index] = { price: level.price, quantity };
    else if (choice < 0.75 && own.length > 3) {
      own.splice(index, 1);
      own.push({ price: (own.at(-1)?.price ?? 0) - better * TICK * (1 + index), quantity });
    } else if ((best + better * TICK - (other[0]?.price ?? 0)) * better < 0) {
      own.unshift({ price: best + better * TICK, quantity });
      if (own.length > DEEPEST) own.pop();
    }
  }
}

function changes(
  before: readonly Order[] | null,
  now: readonly Order[],
  levels: number,
): readonly LevelChange[] {
  const count = Math.max(before?.length ?? 0, now.length);
  return Array.from({ length: Math.min(count, levels) }, (_, num) => num).flatMap((num) => {
    const [old, level] = [before?.[num], now[num] ?? { price: 0, quantity: 0 }];
    if (before !== null && old?.price === level.price && old.quantity === level.quantity) return [];
    const price = old?.price === level.price ? null : level.price;
    return [{ num, price, quantity: level.quantity, orders: 1 }];
  });
}
