// Parses Fyers' public symbol master: one line per listed instrument, 21 columns, no header (Fyers API v3, "Symbol Master").
import { parseSymbol } from '../config/values.ts';
import { csvCells } from '../text.ts';
import { type IstDate, SECOND, instant, istDateAt } from '../time.ts';

/** Cash market and equity derivatives of NSE, as the files are named. */
export type Segment = 'NSE_CM' | 'NSE_FO';

interface Common {
  /** `NSE:SBIN-EQ`, as in every other call. */
  readonly symbol: string;
  readonly fyToken: string;
  /** Null for contracts. */
  readonly isin: string | null;
  /** Rupees. */
  readonly tick: number | null;
  /** Shares or contracts. */
  readonly lot: number | null;
}

interface Listing extends Common {
  /** Shares, funds, bonds and indices. */
  readonly kind: 'cash';
}

export interface Contract extends Common {
  readonly kind: 'future' | 'option';
  /** `NIFTY`, `SBIN` */
  readonly underlying: string;
  readonly underlyingFyToken: string;
  readonly expiresOn: IstDate;
  /** Rupees; null for a future. */
  readonly strike: number | null;
  readonly right: 'CE' | 'PE' | null;
}

export type MasterRow = Listing | Contract;

/** Column numbers, from zero. */
const AT = {
  fyToken: 0,
  lot: 3,
  tick: 4,
  isin: 5,
  expiry: 8,
  symbol: 9,
  underlying: 13,
  strike: 15,
  right: 16,
  underlyingFyToken: 17,
} as const;

/** Returns null if the line is not a row of the segment: cut short, of another form, or not CSV. */
export function masterRowOf(segment: Segment, line: string): MasterRow | null {
  const cells = csvCells(line);
  const text = (column: keyof typeof AT): string => cells[AT[column]]?.trim() ?? '';
  const [symbol, fyToken] = [text('symbol'), text('fyToken')];
  // A symbol that cannot be requested by its name cannot be recorded either.
  if (!parseSymbol(symbol).ok || !/^\d{11,20}$/.test(fyToken)) return null;
  if (cells.length <= AT.underlyingFyToken) return null;
  const common = {
    symbol,
    fyToken,
    isin: /^[A-Z]{2}[A-Z0-9]{9}\d$/.test(text('isin')) ? text('isin') : null,
    tick: parsePositive(text('tick')),
    lot: parsePositive(text('lot')),
  };
  if (segment === 'NSE_CM') return { kind: 'cash', ...common };
  const right = rightOf(text('right'));
  const expiresOn = dateOf(text('expiry'));
  const strike = right === null ? null : parsePositive(text('strike'));
  if (expiresOn === null || text('underlying') === '' || (right !== null && strike === null)) {
    return null;
  }
  return {
    ...common,
    kind: right === null ? 'future' : 'option',
    underlying: text('underlying'),
    underlyingFyToken: text('underlyingFyToken'),
    expiresOn,
    strike,
    right,
  };
}

export interface Wanted {
  readonly date: IstDate;
  readonly symbols: ReadonlySet<string>;
  /** Underlyings of the needed contracts. */
  readonly underlyings: ReadonlySet<string>;
}

/** The rows that a day needs; the whole master has a hundred thousand rows. */
export interface MasterExtract {
  /** Accepts rows in any order, but derivatives before the cash market, as they name the underlyings. */
  add(row: MasterRow): void;
  readonly listed: ReadonlyMap<string, MasterRow>;
  /** Futures that have not expired, and the options of each underlying's nearest expiry. */
  contracts(): readonly Contract[];
  /** The symbol of an underlying, such as `NSE:NIFTY50-INDEX`. */
  symbolOf(underlying: string): string | null;
  /** Whether a derivative of it is listed. */
  isUnderlying(fyToken: string): boolean;
}

export function extractOf({ date, symbols, underlyings }: Wanted): MasterExtract {
  const listed = new Map<string, MasterRow>();
  const futures: Contract[] = [];
  const chains = new Map<string, Contract[]>();
  const derivedFrom = new Set<string>();
  const names = new Map<string, string>();
  const tokens = new Map<string, string>();
  const addContract = (row: Contract): void => {
    derivedFrom.add(row.underlyingFyToken);
    if (!underlyings.has(row.underlying) || row.expiresOn < date) return;
    tokens.set(row.underlying, row.underlyingFyToken);
    if (row.kind === 'future') futures.push(row);
    else addOption(chains, row);
  };
  return {
    add(row) {
      if (symbols.has(row.symbol)) listed.set(row.symbol, row);
      if (row.kind !== 'cash') addContract(row);
      else if ([...tokens.values()].includes(row.fyToken)) names.set(row.fyToken, row.symbol);
    },
    listed,
    contracts: () => [...futures, ...[...chains.values()].flat()],
    symbolOf: (underlying) => names.get(tokens.get(underlying) ?? '') ?? null,
    isUnderlying: (fyToken) => derivedFrom.has(fyToken),
  };
}

/** Keeps only the options of the nearest expiry. */
function addOption(chains: Map<string, Contract[]>, option: Contract): void {
  const chain = chains.get(option.underlying);
  const expiresOn = chain?.[0]?.expiresOn;
  if (chain === undefined || expiresOn === undefined || option.expiresOn < expiresOn) {
    chains.set(option.underlying, [option]);
  } else if (option.expiresOn === expiresOn) chain.push(option);
}

function rightOf(text: string): 'CE' | 'PE' | null {
  return text === 'CE' || text === 'PE' ? text : null;
}

function parsePositive(text: string): number | null {
  const value = Number(text);
  return text !== '' && Number.isFinite(value) && value > 0 ? value : null;
}

/** Parses epoch seconds, which are the contract's last second of trading. */
function dateOf(text: string): IstDate | null {
  return /^[1-9]\d{8,10}$/.test(text) ? istDateAt(instant(Number(text) * SECOND)) : null;
}
