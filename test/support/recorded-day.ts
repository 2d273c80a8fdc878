// Records a day with the harvester's use cases into real files on a virtual clock.
import { dayFolders } from '../../adapters/recordings/data-folder.ts';
import { parseSampling } from '../../core/config/values.ts';
import type { Book } from '../../core/recording/book.ts';
import type { DepthField } from '../../core/recording/field-faults.ts';
import { type SessionPlan, slotsOf } from '../../core/market/phases.ts';
import type { SlotResult } from '../../core/ports.ts';
import { type Instant, plus } from '../../core/time.ts';
import { compactDay } from '../../harvester/compact.ts';
import { openDay } from '../../harvester/day.ts';
import type { SymbolFacts } from '../../harvester/symbols.ts';
import { NO_FACTS, sampleRow, shortSession } from './depth.ts';
import { must } from './rest-feed.ts';
import { virtualClock } from './virtual-clock.ts';

export interface RecordedDay {
  readonly dataDir: string;
  readonly session?: SessionPlan;
  readonly symbols?: readonly string[];
  readonly everySeconds?: number;
  /** Whether a symbol closes by auction, as in the day's symbol events; nothing by default. */
  readonly auctions?: Readonly<Record<string, boolean>>;
  /** What the broker answers for a slot, over the usual book; null is a hole (`timeout`). */
  readonly book?: (symbol: string, index: number, slot: Instant) => Partial<Book> | null;
  /** Fields of a slot's row that the answer had no usable value of. */
  readonly faults?: (symbol: string, index: number) => readonly DepthField[];
  /** The host that answered in the place of Fyers' own API. */
  readonly broker?: string;
  /** Stops after this many slots, and does not close the day. */
  readonly stoppedAfter?: number;
  /** running: as during the session · ended: after it, not compacted. */
  readonly state?: 'running' | 'ended' | 'compacted';
}

const DAY_SYMBOLS = ['NSE:SBIN-EQ', 'NSE:INFY-EQ'];

/** Every slot of the session, and its date. By default two symbols for a minute, twelve slots each. */
export async function recordDay(options: RecordedDay) {
  const session = options.session ?? shortSession();
  const symbols = options.symbols ?? DAY_SYMBOLS;
  const sampling = must(parseSampling(symbols.join(), String(options.everySeconds ?? 5)));
  const days = dayFolders(options.dataDir);
  const clock = virtualClock(session.opensAt);
  const events = { log: () => undefined };
  const day = await openDay(
    { days, clock, events, sampling, feed: 'rest', broker: options.broker ?? null },
    session,
  );
  await day.identify(Object.entries(options.auctions ?? {}).map(factsOf));
  const slots = slotsOf(session, sampling.everySeconds).slice(0, options.stoppedAfter);
  for (const [index, slot] of slots.entries()) {
    const inTurn = (symbol: string, turn: number) => takenOf(options, symbol, index, slot, turn);
    await day.take(symbols.map(inTurn));
  }
  const { date } = session;
  const folder = days.folder(date);
  if (options.stoppedAfter !== undefined) {
    await day.note('stopped', 'Asked to stop');
    await day.close();
    return { date, folder };
  }
  clock.set(session.closesAt);
  if (options.state !== 'running') await day.note('session-over', 'The session closed');
  await day.close();
  if (options.state === undefined || options.state === 'compacted') {
    await compactDay({ folder, date, shard: 0, session });
  }
  return { date, folder };
}

function factsOf([symbol, auction]: readonly [string, boolean]): SymbolFacts {
  return { symbol, ...NO_FACTS, auction };
}

function takenOf(
  options: RecordedDay,
  symbol: string,
  index: number,
  slot: Instant,
  turn: number,
): SlotResult {
  const book = options.book === undefined ? moving(index) : options.book(symbol, index, slot);
  const row = sampleRow(symbol, slot, book ?? {});
  const [sentAt, receivedAt] = [row.requestedAt, plus(row.receivedAt, 5 * turn)];
  return book === null
    ? { symbol, slot, sentAt, receivedAt, kind: 'hole', reason: 'timeout' }
    : {
        ...{ symbol, slot, sentAt, receivedAt, kind: 'book', book: row.book },
        faults: options.faults?.(symbol, index) ?? [],
      };
}

/** The best bid is above the best ask. */
export const CROSSED: Partial<Book> = {
  bids: [{ price: 428, quantity: 1, orders: 1 }],
  asks: [{ price: 427, quantity: 1, orders: 1 }],
};

/** No two slots have the same book. */
export function moving(index: number): Partial<Book> {
  return { totalBuyQuantity: 1_000 + index, volume: 20 * index };
}
