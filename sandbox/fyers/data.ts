// Profile, market status and market depth, as the documentation's samples show them.
import type { SimulatedBook, SimulatedLevel } from './book.ts';
import { withBook } from './ledger.ts';
import { refusal } from './refusals.ts';
import { success, type SimulatedResponse, type SimulatorState } from './state.ts';
import { HOUR, MINUTE, isWeekend, istMidnight } from './time.ts';
import { ownerOf, type SimulatedApp } from './tokens.ts';

/** `GET /api/v3/profile`; personal fields are masked, as they have been since September 2025. */
export function profile(app: SimulatedApp, token: string): SimulatedResponse {
  if (app.mayReadProfile === false) return refusal('notPermitted');
  return success({
    s: 'ok',
    code: 200,
    message: '',
    data: {
      name: 'XXXXXXXX',
      email_id: 'XXXXXXXX',
      PAN: 'XXXXXXXX',
      // An individual's app has one account, whatever a token made by hand claims.
      fy_id: app.isForEveryone === true ? ownerOf(token) : app.fyId,
      pin_change_date: '01-01-2026 00:00:00',
      totp: true,
    },
  });
}

/** From which minute of the day the cash market has which status. */
const STATUS_FROM: readonly (readonly [number, string])[] = [
  [0, 'CLOSED'],
  [9 * HOUR, 'PREOPEN'],
  [9 * HOUR + 8 * MINUTE, 'PREOPEN_CLOSED'],
  [9 * HOUR + 15 * MINUTE, 'OPEN'],
  [15 * HOUR + 30 * MINUTE, 'CLOSED'],
  [15 * HOUR + 50 * MINUTE, 'POSTCLOSE_START'],
  [16 * HOUR, 'POSTCLOSE_CLOSED'],
];

/** `GET /data/marketStatus`; the simulator knows no holidays but weekends. Exchange 10 is NSE, segment 10 its cash market. */
export function marketStatus(
  { market: said }: Pick<SimulatorState, 'market'>,
  app: SimulatedApp,
  now: number,
): SimulatedResponse {
  if (app.mayReadMarketStatus === false) return refusal('notPermitted');
  const time = isWeekend(now) ? 0 : now - istMidnight(now);
  const status = said ?? STATUS_FROM.findLast(([from]) => time >= from)?.[1];
  const market = { exchange: 10, segment: 10, market_type: 'NORMAL', status };
  return success({ s: 'ok', code: 200, message: '', marketStatus: [market] });
}

/** `GET /data/depth`: one symbol a call, no `code` in a good answer, and what it shows is entered in the ledger. */
export function depth(
  state: SimulatorState,
  symbol: string | null,
  now: number,
): SimulatedResponse {
  if (symbol === null || symbol.includes(',')) return refusal('invalidInput');
  // An `&` that was not URL-encoded has cut the symbol short before it comes here.
  if (!state.isListed(symbol, now)) return refusal('unknownSymbol');
  const book = state.bookOf(symbol, now);
  state.ledger.set(symbol, withBook(state.ledger.get(symbol), book));
  return success({ s: 'ok', d: { [symbol]: depthFields(book) }, message: '' });
}

/** `GET /data/quotes`: an entry for each of up to fifty symbols, one that is unknown with an error of its own. */
export function quotes(
  state: SimulatorState,
  symbols: string | null,
  now: number,
): SimulatedResponse {
  const names = (symbols ?? '').split(',').filter((name) => name !== '');
  if (names.length === 0 || names.length > 50) return refusal('invalidInput');
  const entries = names.map((n) => {
    if (!state.isListed(n, now)) return { n, s: 'error', v: { errmsg: 'Invalid symbol' } };
    const book = state.bookOf(n, now);
    const prices = {
      lp: rupees(book.lastPaise),
      open_price: rupees(book.openPaise),
      high_price: rupees(book.highPaise),
      low_price: rupees(book.lowPaise),
      prev_close_price: rupees(book.previousClosePaise),
      volume: book.volume,
    };
    return { n, s: 'ok', v: { ...prices, symbol: n, tt: String(book.lastTradeAt) } };
  });
  return success({ s: 'ok', code: 200, message: '', d: entries });
}

function depthFields(book: SimulatedBook): Readonly<Record<string, unknown>> {
  const change = book.lastPaise - book.previousClosePaise;
  return {
    totalbuyqty: book.totalBuyQuantity,
    totalsellqty: book.totalSellQuantity,
    bids: book.bids.map(levelFields),
    ask: book.asks.map(levelFields),
    o: rupees(book.openPaise),
    h: rupees(book.highPaise),
    l: rupees(book.lowPaise),
    // The documentation calls it close; in practice it is the previous one.
    c: rupees(book.previousClosePaise),
    chp: Math.round((change / book.previousClosePaise) * 10_000) / 100,
    tick_Size: 0.05,
    ch: rupees(change),
    ltq: book.lastQuantity,
    ltt: book.lastTradeAt,
    ltp: rupees(book.lastPaise),
    v: book.volume,
    atp: rupees(Math.round(book.turnoverPaise / Math.max(1, book.volume))),
    lower_ckt: rupees(book.lowerCircuitPaise),
    upper_ckt: rupees(book.upperCircuitPaise),
    expiry: '',
    oi: 0,
    oiflag: false,
    pdoi: 0,
    oipercent: 0,
  };
}

function levelFields({ pricePaise, quantity, orders }: SimulatedLevel): object {
  return { price: rupees(pricePaise), volume: quantity, ord: orders };
}

function rupees(paise: number): number {
  return paise / 100;
}
