// Tests when the simulated market trades; the expected hours come from the circulars, not from the
// simulator's table.
import { describe, expect, test } from 'vitest';
import { dayOf } from '../../../core/market/calendar.ts';
import { type IstDate, addDays, istDate } from '../../../core/time.ts';
import { isOpen } from '../../../sandbox/fyers/hours.ts';
import { authorizationAt, get, simulator } from './simulator.ts';

const at = (date: string, time: string) => Date.parse(`${date}T${time}+05:30`);
const SHARE = 'NSE:SBIN-EQ';
const PLAIN = 'NSE:M&M-EQ';

/** Returns the minutes of the day with a trade in each second, as `09:15-15:30`. */
function tradingHours(date: string, symbol: string): string {
  const state = simulator();
  const trades = state.tradesOn(symbol, at(date, '12:00')).map((trade) => trade.at);
  const spans: [number, number][] = [];
  for (const instant of trades) {
    const last = spans.at(-1);
    if (last !== undefined && instant - last[1] === 1_000) last[1] = instant;
    else spans.push([instant, instant]);
  }
  const clock = (instant: number) => new Date(instant + 19_800_000).toISOString().slice(11, 16);
  return spans
    .map(([from, to]) => (from === to ? clock(from) : `${clock(from)}-${clock(to + 1_000)}`))
    .join(' ');
}

describe('The market', () => {
  test.each([
    ['2026-07-31', SHARE, '09:15-15:30'],
    // The closing auction has a single trade.
    ['2026-08-03', SHARE, '09:15-15:15 15:30'],
    ['2026-12-04', SHARE, '09:15-15:15 15:30'],
    ['2026-12-07', SHARE, '09:15-15:30 15:40'],
    ['2027-01-04', SHARE, '09:15-15:30 15:40'],
    ['2026-11-25', PLAIN, '09:15-15:30'],
    ['2026-12-07', PLAIN, '09:15-15:30'],
    ['2026-07-31', 'NSE:NIFTY26AUGFUT', '09:15-15:30'],
    ['2026-11-25', 'NSE:NIFTY26DECFUT', '09:15-15:40'],
    ['2026-12-07', 'NSE:NIFTY26DECFUT', '09:15-15:45'],
    ['2026-12-07', 'NSE:SBIN26DECFUT', '09:15-15:45'],
    ['2026-12-07', 'NSE:NIFTY26D081000CE', '09:15-15:45'],
    ['2026-12-08', 'NSE:NIFTY26D081000CE', '09:15-15:30'],
    ['2026-12-29', 'NSE:NIFTY26DECFUT', '09:15-15:30'],
    ['2026-12-29', 'NSE:SBIN26DECFUT', '09:15-15:45'],
    ['2024-03-02', SHARE, '09:15-10:00 11:30-12:30'],
    ['2024-05-18', SHARE, '09:15-10:00 11:45-12:40'],
    ['2024-11-01', SHARE, '18:00-19:00'],
    ['2025-10-21', SHARE, '13:45-14:45'],
    ['2026-02-01', SHARE, '09:15-15:30'],
    ['2026-11-08', SHARE, '18:15-19:15'],
    ['2026-11-08', 'NSE:NIFTY26NOVFUT', '18:15-19:15'],
  ])('trades on %s in %s: %s', (date, symbol, expected) => {
    expect(tradingHours(date, symbol)).toBe(expected);
  });

  test.each([
    ['in the pre-open', '2026-12-07', '09:00', '09:10', true],
    ['between pre-open and trading', '2026-12-07', '09:10', '09:15', false],
    ['in continuous trading after 15:15 since December', '2026-12-07', '15:15', '15:30', false],
    ['in the closing auction', '2026-12-07', '15:31', '15:40', true],
    ['after the closing auction', '2026-12-07', '15:40', '16:00', false],
    ['in the closing auction of November', '2026-11-25', '15:20', '15:30', true],
    ['in an evening session', '2026-11-08', '18:15', '19:45', false],
    ['in the pre-open of an evening session', '2026-11-08', '18:00', '18:10', true],
    ['during the day before an evening session', '2026-11-08', '09:00', '16:00', false],
  ])('has crossed books only in auctions: %s', (_, date, from, to, crosses) => {
    const state = simulator();
    let crossed = 0;
    for (let now = at(date, from); now < at(date, to); now += 5_000) {
      const { bids, asks } = state.bookOf(SHARE, now);
      if ((bids[0]?.pricePaise ?? 0) >= (asks[0]?.pricePaise ?? 0)) crossed += 1;
    }
    expect(crossed > 0).toBe(crosses);
  });

  test('has the last trade of the previous trading day until it opens', () => {
    const last = (date: string, time: string) =>
      simulator().bookOf(PLAIN, at(date, time)).lastTradeAt * 1_000;
    expect(last('2026-11-25', '09:00')).toBe(at('2026-11-23', '15:29:59'));
    expect(last('2026-11-09', '09:00')).toBe(at('2026-11-08', '19:14:59'));
    expect(last('2026-11-08', '18:15')).toBe(at('2026-11-08', '18:15'));
  });

  test('is open on the days of the shipped calendar', () => {
    const differ: IstDate[] = [];
    for (let date = istDate('2024-01-01'); date < '2028-01-01'; date = addDays(date, 1)) {
      if (isOpen(at(date, '12:00')) !== (dayOf(date).kind === 'open')) differ.push(date);
    }
    expect(differ).toEqual([]);
  });
});

interface Market {
  readonly exchange: number;
  readonly segment: number;
  readonly market_type: string;
  readonly status: string;
}

describe('GET /data/marketStatus', () => {
  function markets(now: number, state = simulator()): readonly Market[] {
    const { status, body } = get(state, '/data/marketStatus', now, authorizationAt(now));
    expect(status).toBe(200);
    expect(body).toMatchObject({ s: 'ok', code: 200, message: '' });
    return (body as { readonly marketStatus: readonly Market[] }).marketStatus;
  }

  const cash = (now: number, state = simulator()) =>
    markets(now, state).find(
      ({ exchange, segment, market_type }) =>
        exchange === 10 && segment === 10 && market_type === 'NORMAL',
    )?.status;

  test.each([
    ['2026-11-25', '08:59:59.999', 'CLOSED'],
    ['2026-11-25', '09:00:00.000', 'PREOPEN'],
    ['2026-11-25', '09:14:59.999', 'PREOPEN_CLOSED'],
    ['2026-11-25', '09:15:00.000', 'OPEN'],
    ['2026-11-25', '15:29:59.999', 'OPEN'],
    ['2026-11-25', '15:30:00.000', 'CLOSED'],
    ['2026-11-25', '15:50:00.000', 'POSTCLOSE_START'],
    ['2026-11-25', '16:00:00.000', 'POSTCLOSE_CLOSED'],
    ['2026-12-07', '15:39:59.999', 'OPEN'],
    ['2026-12-07', '15:40:00.000', 'CLOSED'],
    ['2026-11-08', '12:00:00.000', 'CLOSED'],
    ['2026-11-08', '18:00:00.000', 'PREOPEN'],
    ['2026-11-08', '18:15:00.000', 'OPEN'],
    ['2026-11-08', '19:15:00.000', 'CLOSED'],
    ['2024-03-02', '10:30:00.000', 'CLOSED'],
    ['2026-11-28', '11:00:00.000', 'CLOSED'],
  ])('on %s at %s reports the cash market as %s', (date, time, status) => {
    expect(cash(at(date, time))).toBe(status);
  });

  test('lists every market once, with the numbers of the documentation', () => {
    const all = markets(at('2026-11-25', '12:00'));
    const names = all.map(({ exchange, segment, market_type }) =>
      [exchange, segment, market_type].join(' '),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const market of ['10 11 NORMAL', '10 12 NORMAL', '11 20 NORMAL', '12 10 NORMAL']) {
      expect(names).toContain(market);
    }
    const derivatives = (time: string) =>
      markets(at('2026-12-07', time)).find(({ segment }) => segment === 11)?.status;
    expect(['15:44:59', '15:45'].map(derivatives)).toEqual(['OPEN', 'CLOSED']);
  });

  test('uses the status that a test sets, only for the cash market', () => {
    const state = simulator();
    state.market = 'OPEN';
    const saturday = at('2026-11-28', '11:00');
    expect(cash(saturday, state)).toBe('OPEN');
    expect(markets(saturday, state).filter(({ status }) => status === 'OPEN')).toHaveLength(1);
  });
});
