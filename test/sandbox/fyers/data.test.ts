// Tests profile, quotes, history, symbol tokens and the socket's address against the samples of the
// documentation.
import { describe, expect, test } from 'vitest';
import {
  APP,
  NOON,
  OTHER_APP,
  SEED,
  SEVEN,
  authorizationAt,
  call,
  get,
  simulator,
} from './simulator.ts';

const token = authorizationAt(SEVEN);
const SBIN = 'NSE:SBIN-EQ';
const PROFILE =
  'name image display_name email_id PAN fy_id pin_change_date mobile_number totp pwd_change_date pwd_to_expire ddpi_enabled mtf_enabled';
const QUOTE =
  'ch chp lp spread ask bid open_price high_price low_price prev_close_price atp volume short_name exchange description original_name symbol fyToken tt';

function send(address: string, body: unknown, authorization = token) {
  return call(simulator(), 'POST', address, NOON, authorization, JSON.stringify(body));
}

test('GET /api/v3/profile has the fields of the sample', () => {
  const { body } = get(simulator(), '/api/v3/profile', NOON, token);
  const { data } = body as { readonly data: object };
  expect(Object.keys(data)).toEqual(PROFILE.split(' '));
});

describe('The quotes', () => {
  interface Quote {
    readonly n: string;
    readonly s: string;
    readonly v: Readonly<Record<string, unknown>>;
  }
  const quotesIn = (body: unknown) => (body as { readonly d: readonly Quote[] }).d;

  test('have the fields of the sample, and agree with the book', () => {
    const state = simulator();
    const { body } = get(state, `/data/quotes?symbols=${SBIN}`, NOON, token);
    const [quote] = quotesIn(body);
    expect(Object.keys(quote?.v ?? {}).toSorted()).toEqual(QUOTE.split(' ').toSorted());
    const { bids, asks, lastPaise, previousClosePaise } = state.bookOf(SBIN, NOON);
    const [bid = 0, ask = 0] = [bids[0]?.pricePaise, asks[0]?.pricePaise];
    expect(quote?.v).toMatchObject({
      lp: lastPaise / 100,
      bid: bid / 100,
      ask: ask / 100,
      spread: (ask - bid) / 100,
      ch: (lastPaise - previousClosePaise) / 100,
      short_name: 'SBIN-EQ',
      exchange: 'NSE',
      symbol: SBIN,
    });
    expect(quote?.v['fyToken']).toMatch(/^1010000000\d+$/);
    expect(typeof quote?.v['tt']).toBe('string');
  });

  test('are the same with GET and POST, with an error only for the unknown symbol', () => {
    const names = [SBIN, 'NSE:NOBODY-EQ', 'NSE:NIFTY50-INDEX'];
    const asked = get(simulator(), `/data/quotes?symbols=${names.join(',')}`, NOON, token);
    expect(quotesIn(asked.body).map(({ n, s }) => [n, s])).toEqual([
      [SBIN, 'ok'],
      ['NSE:NOBODY-EQ', 'error'],
      ['NSE:NIFTY50-INDEX', 'ok'],
    ]);
    for (const symbols of [names, names.join(',')]) {
      expect(send('/data/quotes', { symbols }).body).toEqual(asked.body);
    }
  });

  test.each([
    ['no symbol', []],
    ['more than fifty', Array.from({ length: 51 }, () => SBIN)],
    ['a value that is not a name', 7],
  ])('are rejected for %s', (_, symbols) => {
    expect(send('/data/quotes', { symbols })).toMatchObject({ status: 400, body: { code: -50 } });
  });
});

describe('GET /data/history', () => {
  type Candles = readonly (readonly number[])[];
  const history = (query: Readonly<Record<string, string>>, now = NOON) => {
    const all = { symbol: SBIN, resolution: '1', date_format: '1', cont_flag: '1', ...query };
    const address = `/data/history?${new URLSearchParams(all).toString()}`;
    return get(simulator(), address, now, authorizationAt(now));
  };
  const day = (date: string) => ({ range_from: date, range_to: date });
  const candlesIn = (body: unknown) => (body as { readonly candles: Candles }).candles;
  const second = (text: string) => Date.parse(text) / 1_000;

  test('has a candle per minute of continuous trading, and one for the closing auction', () => {
    const evening = Date.parse('2026-11-25T20:00:00+05:30');
    const { body } = history(day('2026-11-25'), evening);
    const candles = candlesIn(body);
    expect(body).toMatchObject({ s: 'ok' });
    expect(candles).toHaveLength(361);
    expect(candles[0]?.[0]).toBe(second('2026-11-25T09:15:00+05:30'));
    expect(candles.at(-1)?.[0]).toBe(second('2026-11-25T15:30:00+05:30'));
    for (const [, open = 0, high = 0, low = 0, close = 0, volume = 0] of candles) {
      expect(high).toBeGreaterThanOrEqual(Math.max(open, close));
      expect(low).toBeLessThanOrEqual(Math.min(open, close));
      expect(volume).toBeGreaterThan(0);
    }
  });

  test('matches the book of the day, and ends at the present minute', () => {
    const state = simulator();
    const { body } = history({ ...day('2026-11-25'), resolution: 'D' });
    const [candle] = candlesIn(body);
    const { openPaise, highPaise, lowPaise, lastPaise, volume } = state.bookOf(SBIN, NOON);
    expect(candle).toEqual([
      second('2026-11-25T00:00:00Z'),
      ...[openPaise, highPaise, lowPaise, lastPaise].map((paise) => paise / 100),
      volume,
    ]);
    expect(candlesIn(history(day('2026-11-25')).body)).toHaveLength(166);
  });

  test.each([
    ['a resolution of fifteen minutes', { resolution: '15' }, 12],
    ['a resolution of half a minute', { resolution: '30S' }, 331],
  ])('supports %s', (_, query, count) => {
    expect(candlesIn(history({ ...day('2026-11-25'), ...query }).body)).toHaveLength(count);
  });

  test('accepts epoch seconds, and adds the open interest on request', () => {
    const [from, to] = ['2026-11-25T10:00:00+05:30', '2026-11-25T10:05:00+05:30'].map(second);
    const range = { range_from: String(from), range_to: String(to), date_format: '0' };
    const candles = candlesIn(history({ ...range, oi_flag: '1' }).body);
    expect(candles.map(([at]) => at)).toEqual([0, 1, 2, 3, 4, 5].map((n) => (from ?? 0) + n * 60));
    expect(candles[0]).toHaveLength(7);
  });

  test.each(['2026-11-24', '2026-11-22', '2026-11-26'])(
    'has no data for a holiday, a weekend or the future: %s',
    (date) => {
      expect(history(day(date)).body).toEqual({ s: 'no_data' });
    },
  );

  test.each([
    ['more than 100 days of minutes', { range_from: '2026-08-01', range_to: '2026-11-25' }, -50],
    ['another resolution', { ...day('2026-11-25'), resolution: '7' }, -50],
    ['another form of date', { range_from: '25-11-2026', range_to: '25-11-2026' }, -50],
    [
      'a range that ends before it begins',
      { range_from: '2026-11-25', range_to: '2026-11-23' },
      -50,
    ],
    ['an unknown symbol', { ...day('2026-11-25'), symbol: 'NSE:NOBODY-EQ' }, -300],
  ])('rejects %s', (_, query, code) => {
    expect(history(query)).toMatchObject({ status: 400, body: { s: 'error', code } });
  });
});

describe('POST /data/symbol-token', () => {
  const names = { symbols: [SBIN, 'NSE:NOBODY-EQ', 'NSE:NIFTY26DECFUT'] };

  test.each([
    ['with the app id before the token', token],
    ['with the access token alone', token.split(':')[1] ?? ''],
  ])('returns the token of each symbol for the data socket, %s', (_, authorization) => {
    expect(send('/data/symbol-token', names, authorization)).toMatchObject({
      status: 200,
      body: {
        s: 'ok',
        validSymbol: {
          [SBIN]: expect.stringMatching(/^1010000000\d+$/) as unknown,
          'NSE:NIFTY26DECFUT': expect.stringMatching(/^1011261229\d+$/) as unknown,
        },
        invalidSymbol: ['NSE:NOBODY-EQ'],
      },
    });
  });

  test('rejects a token that is dead, forged or missing', () => {
    const dead = authorizationAt(SEVEN - 86_400_000).split(':')[1] ?? '';
    for (const authorization of [dead, 'a.b.c', '']) {
      expect(send('/data/symbol-token', names, authorization)).toMatchObject({
        status: 401,
        body: { code: -15 },
      });
    }
  });
});

test('GET /indus/home/tbtws returns an address on this machine', () => {
  const { body } = get(simulator(), '/indus/home/tbtws', NOON, token);
  expect(body).toMatchObject({ s: 'ok', data: { socket_url: 'ws://127.0.0.1:9/versova' } });
  const other = simulator({ apps: [OTHER_APP], seed: SEED });
  expect(get(other, '/indus/home/tbtws', NOON, `${APP.id}:a.b.c`).status).toBe(401);
});
