// Answers profile, market status, depth, quotes and symbol tokens in the form of the documentation's samples.
import type { SimulatedBook, SimulatedLevel } from './book.ts';
import { withBook } from './ledger.ts';
import { refusal } from './refusals.ts';
import { success, type SimulatedResponse, type SimulatorState } from './state.ts';
import { HOUR, isWeekend, istMidnight } from './time.ts';
import { statusAt } from './hours.ts';
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
      image: null,
      display_name: null,
      email_id: 'XXXXXXXX',
      PAN: 'XXXXXXXX',
      // An individual's app has one account, whatever the token's claims are.
      fy_id: app.isForEveryone === true ? ownerOf(token) : app.fyId,
      pin_change_date: '01-01-2026 00:00:00',
      mobile_number: 'XXXXXXXX',
      totp: true,
      pwd_change_date: null,
      pwd_to_expire: 90,
      ddpi_enabled: false,
      mtf_enabled: false,
    },
  });
}

/** The markets of the documentation's tables: NSE, MCX, BSE; cash, equity derivatives, currency, commodity. */
const [NSE, MCX, BSE] = [10, 11, 12];
const [CASH, DERIVATIVES, CURRENCY, COMMODITY] = [10, 11, 12, 20];
/** Further market types of the cash market; there are no published hours for them. */
const OTHER_TYPES = ['ODD_LOT', 'CALL_AUCTION2', 'AUCTION'];

/** `GET /data/marketStatus`; a test can set `market` to override NSE's cash market. */
export function marketStatus(
  { market: said }: Pick<SimulatorState, 'market'>,
  app: SimulatedApp,
  now: number,
): SimulatedResponse {
  if (app.mayReadMarketStatus === false) return refusal('notPermitted');
  const [cash, derivatives] = [statusAt(now, 'auction'), statusAt(now, 'future')];
  const market = (exchange: number, segment: number, status: string, type = 'NORMAL') => ({
    exchange,
    segment,
    market_type: type,
    status,
  });
  const marketStatus = [
    market(NSE, CASH, said ?? cash),
    ...OTHER_TYPES.map((type) => market(NSE, CASH, 'CLOSED', type)),
    market(NSE, DERIVATIVES, derivatives),
    market(NSE, CURRENCY, openBetween(now, 9, 17)),
    market(NSE, COMMODITY, openBetween(now, 9, 23.5)),
    market(BSE, CASH, cash),
    market(BSE, DERIVATIVES, derivatives),
    market(BSE, CURRENCY, openBetween(now, 9, 17)),
    market(MCX, COMMODITY, openBetween(now, 9, 23.5)),
  ];
  return success({ s: 'ok', code: 200, message: '', marketStatus });
}

function openBetween(now: number, from: number, to: number): string {
  const hour = (now - istMidnight(now)) / HOUR;
  return !isWeekend(now) && from <= hour && hour < to ? 'OPEN' : 'CLOSED';
}

/**
 * `GET /data/depth`: one symbol per call, no `code` in a successful answer; enters the answer in the ledger. With
 * `ohlcv_flag=0` it returns the book only; without the flag, which is not documented, all fields.
 */
export function depth(
  state: SimulatorState,
  query: URLSearchParams,
  now: number,
): SimulatedResponse {
  const [symbol, flag] = [query.get('symbol'), query.get('ohlcv_flag') ?? '1'];
  if (symbol === null || symbol.includes(',')) return refusal('invalidInput');
  if (flag !== '0' && flag !== '1') return refusal('invalidInput');
  // An `&` that was not URL-encoded has cut the symbol short by now.
  if (!state.isListed(symbol, now)) return refusal('unknownSymbol');
  const book = state.bookOf(symbol, now);
  state.ledger.set(symbol, withBook(state.ledger.get(symbol), book));
  const fields = flag === '1' ? { ...bookFields(book), ...dayFields(book) } : bookFields(book);
  return success({ s: 'ok', d: { [symbol]: fields }, message: '' });
}

const MAX_QUOTES = 50;

/**
 * `GET /data/quotes?symbols=A,B`, and `POST /data/quotes {"symbols": ["A", "B"]}` as the Python SDK sends it since
 * 3.2.0: one entry for each of up to fifty symbols; an unknown symbol gets its own error.
 */
export function quotes(
  state: SimulatorState,
  names: readonly string[],
  now: number,
): SimulatedResponse {
  if (names.length === 0 || names.length > MAX_QUOTES) return refusal('invalidInput');
  const entries = names.map((n) => {
    const instrument = state.instrumentOf(n, now);
    if (instrument === undefined) return { n, s: 'error', v: { errmsg: 'Invalid symbol' } };
    const book = state.bookOf(n, now);
    const [bid, ask] = [book.bids[0]?.pricePaise ?? 0, book.asks[0]?.pricePaise ?? 0];
    const [exchange = '', name = ''] = n.split(':');
    const prices = {
      ...changeFields(book),
      lp: rupees(book.lastPaise),
      spread: rupees(ask - bid),
      ask: rupees(ask),
      bid: rupees(bid),
      open_price: rupees(book.openPaise),
      high_price: rupees(book.highPaise),
      low_price: rupees(book.lowPaise),
      prev_close_price: rupees(book.previousClosePaise),
      atp: averagePrice(book),
      volume: book.volume,
    };
    const about = { short_name: name, exchange, description: n, original_name: n, symbol: n };
    const { fyToken } = instrument;
    return { n, s: 'ok', v: { ...prices, ...about, fyToken, tt: String(book.lastTradeAt) } };
  });
  return success({ s: 'ok', code: 200, message: '', d: entries });
}

/** Names from a query or a JSON body: a list, or a text with commas. */
export function namesIn(value: unknown): readonly string[] {
  const names = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [];
  return names.filter((name): name is string => typeof name === 'string' && name !== '');
}

/** `POST /data/symbol-token {"symbols": [...]}`: the symbols' names in the broker's data socket. */
export function symbolTokens(
  state: SimulatorState,
  names: readonly string[],
  now: number,
): SimulatedResponse {
  if (names.length === 0) return refusal('invalidInput');
  const tokens = names.map((name) => [name, state.instrumentOf(name, now)?.fyToken] as const);
  return success({
    s: 'ok',
    code: 200,
    message: '',
    validSymbol: Object.fromEntries(
      tokens.flatMap(([name, token]) => (token === undefined ? [] : [[name, token]])),
    ),
    invalidSymbol: tokens.flatMap(([name, token]) => (token === undefined ? [name] : [])),
  });
}

/** `GET /indus/home/tbtws`: the address of the socket of fifty levels. */
export function tbtAddress({ tbtUrl }: Pick<SimulatorState, 'tbtUrl'>): SimulatedResponse {
  return success({ s: 'ok', code: 200, message: '', data: { socket_url: tbtUrl } });
}

function bookFields(book: SimulatedBook): Readonly<Record<string, unknown>> {
  return {
    totalbuyqty: book.totalBuyQuantity,
    totalsellqty: book.totalSellQuantity,
    bids: book.bids.map(levelFields),
    ask: book.asks.map(levelFields),
  };
}

function dayFields(book: SimulatedBook): Readonly<Record<string, unknown>> {
  const { ch, chp } = changeFields(book);
  return {
    o: rupees(book.openPaise),
    h: rupees(book.highPaise),
    l: rupees(book.lowPaise),
    // The documentation calls it close; in practice it is the previous close.
    c: rupees(book.previousClosePaise),
    chp,
    tick_Size: 0.05,
    ch,
    ltq: book.lastQuantity,
    ltt: book.lastTradeAt,
    ltp: rupees(book.lastPaise),
    v: book.volume,
    atp: averagePrice(book),
    lower_ckt: rupees(book.lowerCircuitPaise),
    upper_ckt: rupees(book.upperCircuitPaise),
    expiry: '',
    oi: 0,
    oiflag: false,
    pdoi: 0,
    oipercent: 0,
  };
}

function changeFields({ lastPaise, previousClosePaise }: SimulatedBook) {
  const change = lastPaise - previousClosePaise;
  return { ch: rupees(change), chp: Math.round((change / previousClosePaise) * 10_000) / 100 };
}

function averagePrice({ turnoverPaise, volume }: SimulatedBook): number {
  return rupees(Math.round(turnoverPaise / Math.max(1, volume)));
}

function levelFields({ pricePaise, quantity, orders }: SimulatedLevel): object {
  return { price: rupees(pricePaise), volume: quantity, ord: orders };
}

function rupees(paise: number): number {
  return paise / 100;
}
