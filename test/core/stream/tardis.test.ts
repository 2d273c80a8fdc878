import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  startTardis,
  tardisFileName,
  tardisHeader,
  type TardisOptions,
  type TardisType,
} from '../../../core/stream/tardis.ts';
import type { FrameRecord } from '../../../core/stream/frame-log.ts';
import { type BookUpdate, readBooks, startUpdates } from '../../../core/stream/updates.ts';
import { instant } from '../../../core/time.ts';
import { randomFrom, walkingBooks } from '../../support/walking-books.ts';

const AT = 1_795_000_000_000_000;
const SBIN = 'NSE:SBIN-EQ';

/** @param levels prices and quantities, such as `800x10 799.95x20`; without a price `-x0` */
function cells(side: 'bid' | 'ask', levels: string, from = 0): readonly number[] {
  return levels.split(' ').flatMap((level, index) => {
    const [price = '', quantity] = level.split('x');
    return level === ''
      ? []
      : [side === 'bid' ? 0 : 1, from + index, Number(price), Number(quantity), 1];
  });
}

interface Sent extends Partial<Pick<BookUpdate, 'feedTime' | 'reason' | 'receivedAt'>> {
  readonly bids?: string;
  readonly asks?: string;
  /** The first level that is listed. */
  readonly from?: number;
}

function update({ bids = '', asks = '', from = 0, ...over }: Sent): BookUpdate {
  return {
    ...{ kind: 'update', symbol: SBIN, socket: 1, number: 1, receivedAt: AT, sequence: 1 },
    ...{ feedTime: null, reason: null, ...over },
    cells: [...cells('bid', bids, from), ...cells('ask', asks, from)],
  };
}

/** The rows of one type without the columns of each row that are the same. */
function written(
  updates: readonly BookUpdate[],
  options: Partial<TardisOptions> = {},
  type: TardisType = 'incremental_book_L2',
): readonly string[] {
  const all = { types: [type], exchange: null, isSelected: () => true, ...options };
  const tardis = startTardis(all);
  const rows = [...updates.flatMap((each) => tardis.apply(each)), ...tardis.finish()];
  const start = /^nse,SBIN-EQ,\d+,\d+,/;
  return rows.filter((row) => row.type === type).map(({ text }) => text.replace(start, ''));
}

const FIRST = update({ reason: 'first', bids: '800x10 799.95x20', asks: '800.05x30' });
const SNAPSHOT = ['true,bid,800,10', 'true,bid,799.95,20', 'true,ask,800.05,30'];

describe('Tardis files', () => {
  test('have the headers that hftbacktest compares with its own', () => {
    expect(tardisHeader('incremental_book_L2')).toBe(
      'exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount',
    );
    expect(tardisHeader('quotes')).toBe(
      'exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount',
    );
    const five = tardisHeader('book_snapshot_5').split(',');
    expect(five.slice(0, 9)).toEqual([
      ...['exchange', 'symbol', 'timestamp', 'local_timestamp', 'asks[0].price', 'asks[0].amount'],
      ...['bids[0].price', 'bids[0].amount', 'asks[1].price'],
    ]);
    expect(five).toHaveLength(4 + 20);
    expect(tardisHeader('book_snapshot_25').split(',')).toHaveLength(4 + 100);
  });

  test('have the type in the name, by which hftbacktest finds the columns', () => {
    const name = (symbol: string) => tardisFileName('incremental_book_L2', '2026-11-17', symbol);
    expect(name(SBIN)).toBe('nse_incremental_book_L2_2026-11-17_SBIN-EQ.csv.gz');
    expect(name('NSE:M&M-EQ')).toContain('_M&M-EQ.');
    // A symbol is text from outside.
    expect(name('../a:/b,c')).toBe('%2e%2e%2fa_incremental_book_L2_2026-11-17_%2fb%2cc.csv.gz');
  });

  test('name the exchange of the symbol, or the one that NautilusTrader accepts', () => {
    const exchanges = [null, 'binance'].map((exchange) => {
      const all = { types: ['quotes' as const], exchange, isSelected: () => true };
      return startTardis(all).apply(FIRST)[0]?.text.split(',').slice(0, 2);
    });
    expect(exchanges).toEqual([
      ['nse', 'SBIN-EQ'],
      ['binance', 'SBIN-EQ'],
    ]);
  });
});

describe('Rows of incremental_book_L2', () => {
  test('begin with a snapshot, best first, in small letters', () => {
    expect(written([FIRST]).slice(0, 3)).toEqual(SNAPSHOT);
  });

  test('have the levels of the whole book, also if the day goes on with a feed of fewer', () => {
    const fewer = update({ reason: 'reconnect', bids: '800x10', asks: '800.05x30' });
    expect(written([FIRST, fewer]).slice(3)).toEqual([
      ...['false,bid,799.95,0', 'true,bid,800,10', 'true,ask,800.05,30', 'false,bid,800,10'],
    ]);
  });

  test('never end in a snapshot, which hftbacktest would not apply', () => {
    expect(written([FIRST])).toEqual([...SNAPSHOT, 'false,bid,800,10']);
    expect(written([FIRST, update({ bids: '800x11' })])).toEqual([
      ...[...SNAPSHOT, 'false,bid,800,11'],
    ]);
    expect(written([FIRST, update({ bids: '800x10' })])).toEqual([
      ...[...SNAPSHOT, 'false,bid,800,10'],
    ]);
  });

  test('are by price: a level that moved is no change, a price that is gone has amount 0', () => {
    const better = update({ bids: '800.01x5 800x10' });
    expect(written([FIRST, better]).slice(3)).toEqual(['false,bid,799.95,0', 'false,bid,800.01,5']);
    expect(written([FIRST, update({ asks: '-x0' })]).slice(3)).toEqual(['false,ask,800.05,0']);
  });

  test('remove prices before they add any, so that the book is not crossed in between', () => {
    const up = update({ bids: '800.05x7', asks: '800.1x8' });
    expect(written([FIRST, up]).slice(3)).toEqual([
      ...['false,bid,800,0', 'false,ask,800.05,0', 'false,bid,800.05,7', 'false,ask,800.1,8'],
    ]);
  });

  test('have the sum of two levels with one price', () => {
    expect(written([FIRST, update({ bids: '799.95x1' })]).slice(3)).toEqual([
      ...['false,bid,800,0', 'false,bid,799.95,21'],
    ]);
  });

  test('remove what is gone before the snapshot after a gap, because NautilusTrader does not', () => {
    const after = update({ reason: 'gap', bids: '799.95x20 799.9x1', asks: '800.05x31' });
    expect(written([FIRST, after]).slice(3)).toEqual([
      ...['false,bid,800,0', 'true,bid,799.95,20', 'true,bid,799.9,1', 'true,ask,800.05,31'],
      'false,bid,799.95,20',
    ]);
    const same = { ...FIRST, reason: 'reconnect' } as const;
    expect(written([FIRST, same])).toEqual([
      ...[...SNAPSHOT, 'false,bid,800,10', ...SNAPSHOT, 'false,bid,800,10'],
    ]);
  });

  test('do not repeat the whole book that comes each minute', () => {
    const minute = { ...FIRST, reason: 'minute' } as const;
    expect(written([FIRST, minute])).toEqual([...SNAPSHOT, 'false,bid,800,10']);
  });

  test('repeat the levels of which hftbacktest would cut a deeper snapshot', () => {
    const deeper = update({
      reason: 'gap',
      bids: '800x10 799.95x20 799.9x5',
      asks: '800.05x30 800.1x6',
    });
    expect(written([FIRST, deeper]).slice(-2)).toEqual(['false,bid,799.9,5', 'false,ask,800.1,6']);
  });

  test('leave out market orders, which have no price', () => {
    const auction = update({ reason: 'first', bids: '0x900', asks: '-x800' });
    expect(written([auction, FIRST])).toEqual([...SNAPSHOT, 'false,bid,800,10']);
  });

  test('begin again with a snapshot after a time that is not selected', () => {
    const times = [AT, AT + 1_000_000, AT + 2_000_000, AT + 3_000_000] as const;
    const updates = [
      { ...FIRST, receivedAt: times[0] },
      update({ bids: '800.01x5', receivedAt: times[1] }),
      update({ bids: '800.02x5', receivedAt: times[2] }),
      update({ asks: '800.05x31', receivedAt: times[3] }),
    ];
    const from = (first: number) => ({ isSelected: (_: string, at: number) => at >= first });
    expect(written(updates, from(times[3]))).toEqual([
      ...['true,bid,800.02,5', 'true,bid,799.95,20', 'true,ask,800.05,31', 'false,bid,800.02,5'],
    ]);
    const hole = { isSelected: (_: string, at: number) => at === times[0] || at === times[3] };
    expect(written(updates, hole).slice(3)).toEqual([
      ...['false,bid,800,0', 'true,bid,800.02,5', 'true,bid,799.95,20', 'true,ask,800.05,31'],
      'false,bid,800.02,5',
    ]);
  });
});

describe('The times of a row', () => {
  const times = (feedTime: BookUpdate['feedTime'], receivedAt = AT) =>
    startTardis({ types: ['quotes'], exchange: null, isSelected: () => true })
      .apply({ ...FIRST, feedTime, receivedAt })[0]
      ?.text.split(',')
      .slice(2, 4)
      .map((time) => Number(time) - AT);

  test('are the receipt alone without a finer time of the broker, and are never empty', () => {
    expect(times(null)).toEqual([0, 0]);
    // Whole seconds.
    expect(times(1_794_999_999)).toEqual([0, 0]);
    expect(times(0)).toEqual([0, 0]);
  });

  test('have the time of the broker in microseconds, from any finer unit', () => {
    expect(times(1_794_999_999_900)).toEqual([-100_000, 0]);
    expect(times(1_794_999_999_900_001)).toEqual([-99_999, 0]);
    expect(times(1_794_999_999_900_001_999n)).toEqual([-99_999, 0]);
  });

  test('do not have a time of another day, which would shift the whole file', () => {
    expect(times(1_794_900_000_000)).toEqual([0, 0]);
    expect(times(1_795_100_000_000)).toEqual([0, 0]);
  });
});

describe('Rows of quotes and snapshots', () => {
  const gone = update({ asks: '-x0' });

  test('have the best levels in the order of Tardis, and empty cells', () => {
    expect(written([FIRST, gone], {}, 'quotes')).toEqual(['30,800.05,800,10', ',,800,10']);
    expect(written([FIRST], {}, 'book_snapshot_5')).toEqual([
      `800.05,30,800,10,,,799.95,20${',,,,'.repeat(3)}`,
    ]);
  });

  test('are there when a value in them has changed, or a book begins again', () => {
    const second = update({ bids: '799.95x21', from: 1 });
    expect(written([FIRST, second], {}, 'quotes')).toHaveLength(1);
    expect(written([FIRST, second], {}, 'book_snapshot_5')).toHaveLength(2);
    expect(written([FIRST, { ...FIRST, reason: 'gap' }], {}, 'quotes')).toHaveLength(2);
  });

  test('are by price if the levels are out of order for a moment', () => {
    const mixed = update({ bids: '799.95x1 800.01x2' });
    expect(written([FIRST, mixed], {}, 'quotes').at(-1)).toBe('30,800.05,800.01,2');
  });
});

describe('A reader that applies the rows by price', () => {
  const symbols = [SBIN, 'NSE:NIFTY26NOVFUT'];

  test('has the book of the frames at any instant, and never one that is crossed', () => {
    const walk = fc.record({
      seed: fc.nat(),
      messages: fc.integer({ min: 1, max: 400 }),
      firstLevels: fc.constantFrom(3, 50),
      reconnectsEvery: fc.constantFrom(undefined, 60),
    });
    fc.assert(
      fc.property(walk, ({ reconnectsEvery, ...options }) => {
        const startsAt = AT / 1_000;
        const reconnects = reconnectsEvery === undefined ? {} : { reconnectsEvery };
        const records = walkingBooks({ ...options, ...reconnects, symbols, startsAt });
        expectSameBooks(records, options.seed);
      }),
      { numRuns: 15 },
    );
  });

  function expectSameBooks(records: readonly FrameRecord[], seed: number): void {
    const rows = incrementalRows(records);
    const reader = readBooks(records, new Map());
    const [first, last] = [records[0]?.receivedAt ?? 0, records.at(-1)?.receivedAt ?? 0];
    const random = randomFrom(seed);
    const instants = Array.from({ length: 12 }, () => first + random() * (last - first));
    const book = new Map<string, Map<string, number>>();
    let next = 0;
    for (const at of [...instants.sort((one, other) => one - other), last]) {
      const until = instant(Math.floor(at / 1_000));
      for (; (rows[next]?.local ?? Infinity) <= until * 1_000; next += 1)
        applyRow(book, rows[next]);
      for (const symbol of symbols) {
        const found = reader.bookAt(symbol, until);
        for (const [side, expected] of [
          ['bid', found?.bids],
          ['ask', found?.asks],
        ] as const) {
          const amounts = (expected ?? []).map(({ price, quantity }) => [String(price), quantity]);
          const key = `${symbol.slice(4)} ${side}`;
          expect(Object.fromEntries(book.get(key) ?? [])).toEqual(Object.fromEntries(amounts));
        }
      }
    }
    expect(next).toBe(rows.length);
  }

  function incrementalRows(records: readonly FrameRecord[]) {
    const updates = startUpdates(new Map());
    const options = { exchange: null, isSelected: () => true };
    const tardis = startTardis({ types: ['incremental_book_L2'], ...options });
    const changes = records.flatMap((record) => updates.apply(record));
    const rows = changes.flatMap((each) => (each.kind === 'update' ? tardis.apply(each) : []));
    return rows.map(({ text }) => {
      const [, symbol = '', , local, , side = '', price = '', amount] = text.split(',');
      return { symbol, side, price, local: Number(local), amount: Number(amount) };
    });
  }

  type Row = ReturnType<typeof incrementalRows>[number];

  function applyRow(book: Map<string, Map<string, number>>, row: Row | undefined): void {
    if (row === undefined) return;
    const sideOf = (name: string): Map<string, number> => {
      const side = book.get(`${row.symbol} ${name}`) ?? new Map<string, number>();
      book.set(`${row.symbol} ${name}`, side);
      return side;
    };
    const side = sideOf(row.side);
    if (row.amount === 0) {
      // A removal is of a price that is there.
      expect(side.delete(row.price)).toBe(true);
    } else side.set(row.price, row.amount);
    const best = Math.max(-Infinity, ...[...sideOf('bid').keys()].map(Number));
    expect(best).toBeLessThan(Math.min(Infinity, ...[...sideOf('ask').keys()].map(Number)));
  }
});
