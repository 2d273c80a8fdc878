// Defines the simulator's state, and its request and response types.
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
  /** `refused` is the real behaviour since 1 April 2026. */
  readonly refresh: 'accepted' | 'refused';
  /** Symbols that exist; default {@link KNOWN_SYMBOLS}. */
  readonly symbols?: readonly string[];
  /** PINs by account of users who own none of the apps. */
  readonly others?: Readonly<Record<string, string>>;
  /** Number of wrong PINs that lock an account; default 3. */
  readonly pinTriesBeforeLock?: number;
  /** Address of the socket of fifty levels; default an address without a listener, never the broker's own. */
  readonly tbtUrl?: string;
  /** True: a browser that has logged in passes the login page until 06:00 IST; default false. */
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

/** One line of the request log; contains no headers, body or tokens of the query. */
export interface LoggedRequest {
  /** Virtual epoch milliseconds. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly symbol: string | null;
  readonly status: number;
  /** The code of the JSON answer; null for a success without one. */
  readonly code: number | null;
  /** For a refresh: a salted digest of token and PIN, which shows whether two requests sent the same ones. */
  readonly input?: string;
  /** For an exchange: the same of its auth code. */
  readonly grant?: string;
}

/** Changed in place by `reply`; a test may change `refresh`, `isDown` and `market`, and only reads the rest. */
export interface SimulatorState {
  readonly seed: string;
  /** Changed by `register`. */
  readonly apps: SimulatedApp[];
  refresh: 'accepted' | 'refused';
  /** True: every answer is 503. */
  isDown: boolean;
  /** Overrides the market status of NSE's cash market; null: by the time of day, and CLOSED at weekends. */
  market: string | null;
  /** By account. */
  readonly pins: Map<string, string>;
  /** By account, since the last right one. */
  readonly wrongPins: Map<string, number>;
  readonly pinTriesBeforeLock: number;
  readonly hasWebSessions: boolean;
  /** By cookie value. */
  readonly sessions: Map<string, { readonly fyId: string; readonly until: number }>;
  /** Access tokens that were logged out before they expired. */
  readonly revoked: Set<string>;
  readonly symbols: ReadonlySet<string>;
  /** Finds a known symbol, the index, or a contract that has not expired; undefined: not listed. */
  readonly instrumentOf: (symbol: string, now: number) => Instrument | undefined;
  /** Finds the symbol by the first four digits of its token and the digits after its date. */
  readonly symbolOf: (segment: string, token: string, now: number) => string | undefined;
  readonly isListed: (symbol: string, now: number) => boolean;
  readonly bookOf: (symbol: string, now: number) => SimulatedBook;
  /** All trades of the instant's day. */
  readonly tradesOn: (symbol: string, now: number) => readonly TimedTrade[];
  tbtUrl: string;
  /** By symbol. */
  readonly ledger: Map<string, LedgerEntry>;
  readonly requests: LoggedRequest[];
  /** By account. */
  readonly usages: Map<string, Usage>;
  readonly spentCodes: Set<string>;
  /** Number of issued tokens, used as their serial number. */
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

/** Port 9 is the discard service; normally nothing listens there. */
const NO_TBT_URL = 'ws://127.0.0.1:9/versova';

/** Documented by other brokers; Fyers publishes no number. */
const PIN_TRIES_BEFORE_LOCK = 3;

export function newState(options: SimulatorOptions): SimulatorState {
  const symbols = new Set(options.symbols ?? KNOWN_SYMBOLS);
  const instrumentOf = createListing(symbols);
  const symbolOf = (segment: string, token: string, now: number): string | undefined =>
    [...instrumentsOn(symbols, now).values()].find(
      ({ fyToken }) => fyToken.startsWith(segment) && fyToken.slice(10) === token,
    )?.symbol;
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
    symbolOf,
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

/** Caches one day's list. */
function createListing(shares: ReadonlySet<string>): SimulatorState['instrumentOf'] {
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
