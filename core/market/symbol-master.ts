// Parses Fyers' public symbol master: one line per listed instrument, 21 columns, no header (Fyers API v3, "Symbol
// Master"). Parses aliases, and resolves them to contracts each morning: an alias is a name for a contract that
// changes, such as the front-month future or an option near the money, or for a group of symbols.
import { parseSymbol, type Parsed, type SymbolAlias, parseSymbolAlias } from '../config/values.ts';
import { csvCells } from '../text.ts';
import { type IstDate, SECOND, instant, istDateAt } from '../time.ts';

/** Cash market and equity derivatives; the names of Fyers' files. */
export type Segment = 'NSE_CM' | 'NSE_FO' | 'BSE_CM' | 'BSE_FO';

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
  if (segment.endsWith('_CM')) return { kind: 'cash', ...common };
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

interface Wanted {
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
      // Skip contracts of BSE, because aliases select contracts of NSE only.
      if (row.symbol.startsWith('BSE:')) return;
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

export type Alias =
  /** `FUT:NIFTY`; `months` later with `FUT:NIFTY+1`. */
  | { readonly kind: 'future'; readonly underlying: string; readonly months: number }
  /** `ATM:NIFTY+2CE`: two listed strikes above the one next to the money, of the nearest expiry. */
  | {
      readonly kind: 'option';
      readonly underlying: string;
      readonly strikes: number;
      readonly right: 'CE' | 'PE';
    }
  /** `CHAIN:NIFTY`: all options of the nearest expiry. */
  | { readonly kind: 'chain'; readonly underlying: string }
  /** `INDEX:NIFTY50`: the members in the operator's list of this index. */
  | { readonly kind: 'index'; readonly index: string };

/** An alias that is resolved with the symbol master. */
export type ContractAlias = Exclude<Alias, { readonly kind: 'index' }>;

export function parseAlias(text: string): Parsed<Alias> {
  const checked = parseSymbolAlias(text);
  return checked.ok ? { ok: true, value: aliasOf(checked.value) } : checked;
}

function aliasOf(name: SymbolAlias): Alias {
  const [kind, rest = ''] = name.split(':');
  if (kind === 'INDEX') return { kind: 'index', index: rest };
  if (kind === 'CHAIN') return { kind: 'chain', underlying: rest };
  const [, underlying = '', offset = '0', right] =
    /^(.+?)(?:([+-]\d{1,2})(CE|PE)?)?$/.exec(rest) ?? [];
  return kind === 'FUT'
    ? { kind: 'future', underlying, months: Number(offset) }
    : {
        kind: 'option',
        underlying,
        strikes: Number(offset),
        right: right === 'CE' ? 'CE' : 'PE',
      };
}

type Resolved =
  /** One contract for a future or an option, at least one for a chain. */
  | { readonly kind: 'contracts'; readonly contracts: readonly Contract[] }
  /** `why` ends a sentence, such as "the master lists no future of NIFTY". */
  | { readonly kind: 'unknown'; readonly why: string };

interface Listed {
  /** Contracts of any underlying, in any order; those that expired before the date are ignored. */
  readonly contracts: readonly Contract[];
  /** A contract that expires on this day still counts: it trades until its close. */
  readonly date: IstDate;
  /** The underlying's last price in rupees; null if unknown. Only options need it. */
  readonly spot: number | null;
}

/** Finds the contracts of an alias on one day. */
export function resolveAlias(alias: ContractAlias, { contracts, date, spot }: Listed): Resolved {
  const wanted = alias.kind === 'chain' ? 'option' : alias.kind;
  const live = contracts.filter(
    ({ kind, underlying, expiresOn }) =>
      kind === wanted && underlying === alias.underlying && expiresOn >= date,
  );
  if (alias.kind === 'chain') return resolveChain(alias, live);
  return alias.kind === 'future' ? resolveFuture(alias, live) : resolveOption(alias, live, spot);
}

/** Sorted by strike, the call first, so that the master's order does not change a recording. */
function resolveChain(
  { underlying }: Alias & { readonly kind: 'chain' },
  live: readonly Contract[],
): Resolved {
  const [nearest] = uniqueSorted(live.map(({ expiresOn }) => expiresOn));
  const contracts = live
    .filter(({ expiresOn }) => expiresOn === nearest)
    .toSorted(
      (a, b) => (a.strike ?? 0) - (b.strike ?? 0) || (a.right ?? '').localeCompare(b.right ?? ''),
    );
  return contracts.length === 0
    ? unresolved(`the symbol master lists no option of ${underlying}`)
    : { kind: 'contracts', contracts };
}

function resolveFuture(
  { underlying, months }: Alias & { readonly kind: 'future' },
  live: readonly Contract[],
): Resolved {
  const expiries = uniqueSorted(live.map(({ expiresOn }) => expiresOn));
  const contract = live.find(({ expiresOn }) => expiresOn === expiries[months]);
  if (contract !== undefined) return { kind: 'contracts', contracts: [contract] };
  const count = String(expiries.length);
  return unresolved(`the symbol master lists ${count} future(s) of ${underlying} that still trade`);
}

function resolveOption(
  { underlying, strikes, right }: Alias & { readonly kind: 'option' },
  live: readonly Contract[],
  spot: number | null,
): Resolved {
  const [nearest] = uniqueSorted(live.map(({ expiresOn }) => expiresOn));
  const chain = live.filter(({ expiresOn }) => expiresOn === nearest);
  const ladder = uniqueSorted(chain.flatMap(({ strike }) => strike ?? []));
  if (ladder.length === 0) return unresolved(`the symbol master lists no option of ${underlying}`);
  if (spot === null) return unresolved(`the last price of ${underlying} is unknown`);
  const strike = ladder[nearestStrike(spot, ladder) + strikes];
  const contract = chain.find((each) => each.strike === strike && each.right === right);
  return contract === undefined
    ? unresolved(
        `${underlying} has no ${right} ${String(strikes)} strikes from ${String(spot)} for ${String(nearest)}`,
      )
    : { kind: 'contracts', contracts: [contract] };
}

/** The index of the strike next to the money; the lower one if two are equally near. */
function nearestStrike(spot: number, ladder: readonly number[]): number {
  const distance = (index: number): number => Math.abs((ladder[index] ?? Infinity) - spot);
  return ladder.reduce((best, _, index) => (distance(index) < distance(best) ? index : best), 0);
}

/** Removes duplicates. */
function uniqueSorted<T extends string | number>(values: readonly T[]): readonly T[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
}

function unresolved(why: string): Resolved {
  return { kind: 'unknown', why };
}
