// What the simulator remembers, and the shape of what goes in and out.
import { bookMaker, tradesOn, type SimulatedBook, type TimedTrade } from './book.ts';
import type { LedgerEntry } from './ledger.ts';
import type { Usage } from './limits.ts';
import { hoursOn, type Hours } from './hours.ts';
import { instrumentsOn, type Instrument } from './master.ts';
import { istMidnight } from './time.ts';
import type { SimulatedApp } from './tokens.ts';

export interface SimulatorOptions {
  /** The same seed gives the same books and tokens. */
  readonly seed: string;
  readonly apps: readonly SimulatedApp[];
  /** `refused` is the real world since 1 April 2026. */
  readonly refresh: 'accepted' | 'refused';
  /** The symbols that the broker knows; default {@link KNOWN_SYMBOLS}. */
  readonly symbols?: readonly string[];
  /** Users of the broker who own none of the apps, with their PINs by account. */
  readonly others?: Readonly<Record<string, string>>;
  /** How many wrong PINs lock an account; default 3. */
  readonly pinTriesBeforeLock?: number;
  /** Where the socket of fifty levels is; default an address at which nothing listens, and never the broker's own. */
  readonly tbtUrl?: string;
  /** A browser that has logged in passes the login page until 06:00 IST; default false. */
  readonly hasWebSessions?: boolean;
}

export interface SimulatedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly userAgent: string;
  readonly cookie?: string;
  readonly body: string;
}

export interface SimulatedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One line of the request log: nothing of headers, body or a query's tokens. */
export interface LoggedRequest {
  /** Virtual epoch milliseconds. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly symbol: string | null;
  readonly status: number;
  /** The envelope's code; null for a success without one. */
  readonly code: number | null;
  /** Of a refresh: tells whether two sent the same refresh token with the same PIN; a salted digest of both. */
  readonly input?: string;
  /** Of an exchange: the same for its auth code. */
  readonly grant?: string;
}

/** Changed in place by `reply`; a test may change `refresh`, `isDown` and `market`, and reads the rest. */
export interface SimulatorState {
  readonly seed: string;
  /** Changed by `register`. */
  readonly apps: SimulatedApp[];
  refresh: 'accepted' | 'refused';
  /** Everything is answered 503. */
  isDown: boolean;
  /** What the market status says of NSE's cash market; null: what the hour says, and CLOSED at weekends. */
  market: string | null;
  /** By account. */
  readonly pins: Map<string, string>;
  /** By account, since the last right one. */
  readonly wrongPins: Map<string, number>;
  readonly pinTriesBeforeLock: number;
  readonly hasWebSessions: boolean;
  /** By the cookie's value. */
  readonly sessions: Map<string, { readonly fyId: string; readonly until: number }>;
  /** Access tokens that were logged out inside their life. */
  readonly revoked: Set<string>;
  readonly symbols: ReadonlySet<string>;
  /** One of its symbols, the index, or a contract that has not expired; undefined: the broker does not list it. */
  readonly instrumentOf: (symbol: string, now: number) => Instrument | undefined;
  readonly isListed: (symbol: string, now: number) => boolean;
  readonly bookOf: (symbol: string, now: number) => SimulatedBook;
  /** All trades of the day that an instant is in. */
  readonly tradesOn: (symbol: string, now: number) => readonly TimedTrade[];
  readonly tbtUrl: string;
  /** By symbol. */
  readonly ledger: Map<string, LedgerEntry>;
  readonly requests: LoggedRequest[];
  /** By account. */
  readonly usages: Map<string, Usage>;
  readonly spentCodes: Set<string>;
  /** How many tokens were handed out: their serial number. */
  minted: number;
}

export const KNOWN_SYMBOLS = [
  'NSE:HDFCBANK-EQ',
  'NSE:RELIANCE-EQ',
  'NSE:ADANIENT-EQ',
  'NSE:INFY-EQ',
  'NSE:SBIN-EQ',
  'NSE:TCS-EQ',
  'NSE:ICICIBANK-EQ',
  'NSE:M&M-EQ',
];

/** Port 9 discards what it gets, where anything listens at all. */
const NO_TBT_URL = 'ws://127.0.0.1:9/versova';

/** What other brokers document; Fyers says nothing of it. */
const PIN_TRIES_BEFORE_LOCK = 3;

export function newState(options: SimulatorOptions): SimulatorState {
  const symbols = new Set(options.symbols ?? KNOWN_SYMBOLS);
  const instrumentOf = listing(symbols);
  const hoursOf = (symbol: string, now: number) =>
    hoursOfInstrument(instrumentOf(symbol, now), now);
  return {
    seed: options.seed,
    apps: [...options.apps],
    refresh: options.refresh,
    isDown: false,
    market: null,
    pins: new Map([
      ...Object.entries(options.others ?? {}),
      ...options.apps.map(({ fyId, pin }) => [fyId, pin] as const),
    ]),
    wrongPins: new Map(),
    pinTriesBeforeLock: options.pinTriesBeforeLock ?? PIN_TRIES_BEFORE_LOCK,
    hasWebSessions: options.hasWebSessions ?? false,
    sessions: new Map(),
    revoked: new Set(),
    symbols,
    instrumentOf,
    isListed: (symbol, now) => instrumentOf(symbol, now) !== undefined,
    bookOf: bookMaker(options.seed, hoursOf),
    tradesOn: (symbol, now) => tradesOn(options.seed, symbol, now, hoursOf(symbol, now)),
    tbtUrl: options.tbtUrl ?? NO_TBT_URL,
    ledger: new Map(),
    requests: [],
    usages: new Map(),
    spentCodes: new Set(),
    minted: 0,
  };
}

/** A day's list is kept. */
function listing(shares: ReadonlySet<string>): SimulatorState['instrumentOf'] {
  let kept = { midnight: Number.NaN, instruments: instrumentsOn(shares, 0) };
  return (symbol, now) => {
    const midnight = istMidnight(now);
    if (kept.midnight !== midnight) kept = { midnight, instruments: instrumentsOn(shares, now) };
    return kept.instruments.get(symbol);
  };
}

function hoursOfInstrument(instrument: Instrument | undefined, now: number): Hours {
  const { kind = 'auction', contract } = instrument ?? {};
  const isLastDay =
    contract?.of[0] === 'NIFTY' && istMidnight(contract.expiresAt) === istMidnight(now);
  return hoursOn(now, isLastDay ? 'expiring' : kind);
}

export function success(body: Readonly<Record<string, unknown>>): SimulatedResponse {
  return json(200, body);
}

export function failure(status: number, code: number, message: string): SimulatedResponse {
  return json(status, { s: 'error', code, message });
}

function json(status: number, body: unknown): SimulatedResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
