import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bookMaker, type SimulatedBook } from '../../../sandbox/fyers/book.ts';
import { KNOWN_SYMBOLS } from '../../../sandbox/fyers/state.ts';
import { APP, NOON, SEED, SEVEN, authorizationAt, get, simulator } from './simulator.ts';

const DAY_START = Date.parse('2026-11-25T00:00:00+05:30');
const SBIN = 'NSE:SBIN-EQ';
const token = authorizationAt(SEVEN);

const depthOf = (state: ReturnType<typeof simulator>, symbol: string, now = NOON) =>
  get(state, `/data/depth?symbol=${encodeURIComponent(symbol)}&ohlcv_flag=1`, now, token);

interface DepthBody {
  readonly d: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

describe('GET /data/depth', () => {
  test('answers in the format of the documentation, without a code', () => {
    const { status, body } = depthOf(simulator(), SBIN);
    expect(status).toBe(200);
    expect(Object.keys(body as object)).toEqual(['s', 'd', 'message']);
    const shown = (body as DepthBody).d[SBIN];
    expect(Object.keys(shown ?? {})).toEqual(
      (
        'totalbuyqty totalsellqty bids ask o h l c chp tick_Size ch ltq ltt ltp v atp ' +
        'lower_ckt upper_ckt expiry oi oiflag pdoi oipercent'
      ).split(' '),
    );
    for (const side of ['bids', 'ask']) {
      const levels = shown?.[side] as object[];
      expect(levels.map((level) => Object.keys(level))).toEqual(
        Array.from({ length: 5 }, () => ['price', 'volume', 'ord']),
      );
    }
    expect(JSON.stringify(body)).not.toMatch(/\.\d{3}/);
  });

  test('accepts a symbol with an ampersand only if it is URL-encoded', () => {
    const state = simulator();
    expect(depthOf(state, 'NSE:M&M-EQ').status).toBe(200);
    expect(get(state, '/data/depth?symbol=NSE:M&M-EQ', NOON, token)).toMatchObject({
      status: 400,
      body: { s: 'error', code: -300 },
    });
  });

  test.each([
    ['an unknown symbol', 'NSE:NOBODY-EQ', -300],
    ['two symbols', `${SBIN},NSE:INFY-EQ`, -50],
  ])('rejects %s and adds nothing to the ledger', (_, symbol, code) => {
    const state = simulator();
    expect(depthOf(state, symbol)).toMatchObject({ status: 400, body: { s: 'error', code } });
    expect(state.ledger.size).toBe(0);
  });

  test.each(['/data/depth?symbol=NSE:SBIN-EQ', '/data/marketStatus'])(
    'rejects a dead token with -15 at %s',
    (address) => {
      const expired = authorizationAt(SEVEN - 86_400_000);
      for (const authorization of [expired, `${APP.id}:a.b.c`, '']) {
        expect(get(simulator(), address, NOON, authorization)).toMatchObject({
          status: 401,
          body: { s: 'error', code: -15, message: 'Please provide valid token' },
        });
      }
    },
  );

  test('returns only the book with ohlcv_flag=0, and rejects an unknown flag', () => {
    const flagged = (flag: string) =>
      get(simulator(), `/data/depth?symbol=${SBIN}&ohlcv_flag=${flag}`, NOON, token);
    const [full, short] = ['1', '0'].map((flag) => (flagged(flag).body as DepthBody).d[SBIN] ?? {});
    expect(Object.keys(short ?? {})).toEqual(['totalbuyqty', 'totalsellqty', 'bids', 'ask']);
    expect(full).toMatchObject(short ?? {});
    expect(flagged('2')).toMatchObject({ status: 400, body: { code: -50 } });
  });

  test('adds exactly the returned values to the ledger', () => {
    const state = simulator();
    const paise = (rupees: unknown) => Math.round(Number(rupees) * 100);
    const sums = {
      books: 0,
      lastPaise: 0,
      buy: 0,
      sell: 0,
      bids: 0,
      asks: 0,
      bidQty: 0,
      askQty: 0,
    };
    for (let slot = 0; slot < 500; slot += 1) {
      const { body } = depthOf(state, SBIN, DAY_START + 9 * 3_600_000 + slot * 50_000);
      const shown = (body as DepthBody).d[SBIN] ?? {};
      const levels = (side: string) => shown[side] as { price: number; volume: number }[];
      sums.books += 1;
      sums.lastPaise += paise(shown['ltp']);
      sums.buy += Number(shown['totalbuyqty']);
      sums.sell += Number(shown['totalsellqty']);
      for (const level of levels('bids')) {
        sums.bids += paise(level.price);
        sums.bidQty += level.volume;
      }
      for (const level of levels('ask')) {
        sums.asks += paise(level.price);
        sums.askQty += level.volume;
      }
    }
    expect(state.ledger.get(SBIN)).toMatchObject({
      books: sums.books,
      lastPaise: sums.lastPaise,
      totalBuyQuantity: sums.buy,
      totalSellQuantity: sums.sell,
      bidPaise: sums.bids,
      askPaise: sums.asks,
      bidQuantity: sums.bidQty,
      askQuantity: sums.askQty,
    });
  });
});

describe('The book', () => {
  const books = bookMaker(SEED);
  const symbols = fc.constantFrom(...KNOWN_SYMBOLS);
  const prices = (side: SimulatedBook['bids']) => side.map(({ pricePaise }) => pricePaise);
  const inDay = (from: number, to: number) =>
    fc.integer({ min: DAY_START + from * 60_000, max: DAY_START + to * 60_000 - 1 });

  test('depends only on seed, symbol and instant', () => {
    const another = bookMaker(SEED);
    fc.assert(
      fc.property(symbols, inDay(540, 960), (symbol, now) => {
        expect(another(symbol, now)).toEqual(books(symbol, now));
      }),
    );
  });

  test('differs by seed, by symbol, by day and from slot to slot', () => {
    const here = JSON.stringify(books(SBIN, NOON));
    expect(JSON.stringify(bookMaker('other')(SBIN, NOON))).not.toBe(here);
    expect(JSON.stringify(books('NSE:INFY-EQ', NOON))).not.toBe(here);
    expect(JSON.stringify(books(SBIN, NOON + 86_400_000))).not.toBe(here);
    expect(JSON.stringify(books(SBIN, NOON + 5_000))).not.toBe(here);
  });

  test('has five sorted levels per side, on the tick and inside the circuit limits, at any instant', () => {
    fc.assert(
      fc.property(symbols, inDay(0, 1_440), (symbol, now) => {
        const book = books(symbol, now);
        const [bids, asks] = [prices(book.bids), prices(book.asks)];
        expect(bids).toEqual([...new Set(bids)].sort((a, b) => b - a));
        expect(asks).toEqual([...new Set(asks)].sort((a, b) => a - b));
        for (const price of [...bids, ...asks, book.lastPaise]) {
          expect(price % 5).toBe(0);
          expect(price).toBeGreaterThan(book.lowerCircuitPaise);
          expect(price).toBeLessThan(book.upperCircuitPaise);
        }
        expect([bids.length, asks.length]).toEqual([5, 5]);
      }),
    );
  });

  test('stays inside the circuit limits', () => {
    // Among 600 symbols, this one would reach its limit on this day without the check.
    const book = books('NSE:SYMBOL427-EQ', DAY_START + 915 * 60_000);
    expect(book.lowPaise).toBeGreaterThan(book.lowerCircuitPaise);
    expect(book.highPaise).toBeLessThan(book.upperCircuitPaise);
  });

  test('is never crossed in continuous trading', () => {
    fc.assert(
      fc.property(symbols, inDay(555, 915), (symbol, now) => {
        const { bids, asks } = books(symbol, now);
        expect(prices(bids)[0]).toBeLessThan(prices(asks)[0] ?? 0);
      }),
    );
  });

  test('is sometimes crossed while an auction collects orders', () => {
    const crossed = Array.from({ length: 100 }, (_, slot) =>
      books(SBIN, DAY_START + 9 * 3_600_000 + slot * 5_000),
    ).filter(({ bids, asks }) => (prices(bids)[0] ?? 0) >= (prices(asks)[0] ?? 0));
    expect(crossed.length).toBeGreaterThan(10);
  });

  test('never decreases the day’s volume and never narrows its range', () => {
    fc.assert(
      fc.property(symbols, inDay(555, 960), inDay(555, 960), (symbol, one, other) => {
        const [first, second] = [Math.min(one, other), Math.max(one, other)];
        const [before, after] = [books(symbol, first), books(symbol, second)];
        expect(after.volume).toBeGreaterThanOrEqual(before.volume);
        expect(after.highPaise).toBeGreaterThanOrEqual(before.highPaise);
        expect(after.lowPaise).toBeLessThanOrEqual(before.lowPaise);
        expect(after.openPaise).toBe(before.openPaise);
        expect(after.lastPaise).toBeGreaterThanOrEqual(after.lowPaise);
        expect(after.lastPaise).toBeLessThanOrEqual(after.highPaise);
      }),
    );
  });

  test('has no trade one millisecond before 09:15, and one trade at 09:15', () => {
    const open = DAY_START + 555 * 60_000;
    expect(books(SBIN, open - 1)).toMatchObject({ volume: 0, openPaise: 0, highPaise: 0 });
    const first = books(SBIN, open);
    expect(first.volume).toBe(first.lastQuantity);
    expect(first.volume).toBeGreaterThan(0);
    expect(first.openPaise).toBe(first.lastPaise);
    expect(first.lastTradeAt * 1_000).toBe(open);
  });
});
