// Resolves the configured names for a day, and reads the facts of each symbol from the broker's symbol master. If the
// master is incomplete, the missing facts are null, a note reports the problem, and the day is recorded anyway. The
// last close is read from the previous day's log; it is stored nowhere else. A group expands to the symbols of the
// operator's list (`INDEX:NIFTY50`) or of the symbol master (`CHAIN:NIFTY`). A group is recorded completely or not at
// all, and its set of symbols does not change during a day.
import { isGroup, type ReadIndexLists, NO_LISTS } from '../core/config/groups.ts';
import { OPERATOR_FILES } from '../core/config/names.ts';
import { type ConfiguredFeed, sizeProblem } from '../core/config/stream-limits.ts';
import { parseSymbol } from '../core/config/values.ts';
import { toError } from '../core/errors.ts';
import { type CalendarOverrides, nextSession } from '../core/market/calendar.ts';
import {
  type Alias,
  type ContractAlias,
  parseAlias,
  resolveAlias,
  extractOf,
  type MasterExtract,
  type MasterRow,
  type Segment,
} from '../core/market/symbol-master.ts';
import { isContract } from '../core/market/symbol-plan.ts';
import { cellIndex } from '../core/recording/columns.ts';
import { plansIn, type SymbolEvent } from '../core/recording/day-events.ts';
import { keyOf, numberAt } from '../core/recording/observed.ts';
import { type IstDate, MINUTE, plus } from '../core/time.ts';
import type { Bounds, Days, SymbolMaster } from './ports.ts';

export type SymbolFacts = Omit<SymbolEvent, 'event' | 'at'>;

export interface DayNames {
  /** The symbols to request, without duplicates. */
  readonly symbols: readonly string[];
  /** Aliases that resolve to nothing today. */
  readonly unknown: readonly { readonly alias: string; readonly why: string }[];
  /** One for each resolved name. */
  readonly facts: readonly SymbolFacts[];
  /** Problems, each without a full stop. */
  readonly problems: readonly string[];
  /** A list or a price could not be fetched, so a later lookup may find more. */
  readonly mayImprove: boolean;
}

export interface NameResolverOptions {
  /** The configured names, as the operator wrote them. */
  readonly names: readonly string[];
  readonly days: Pick<Days, 'dates' | 'folder'>;
  readonly master: SymbolMaster;
  /** Current prices in rupees by symbol; unknown symbols are absent. Never throws. */
  readonly lastPrices: (
    symbols: readonly string[],
    bounds: Bounds,
  ) => Promise<ReadonlyMap<string, number>>;
  readonly calendar: CalendarOverrides;
  /** The operator's lists of indices; absent if there are none. */
  readonly indexLists?: ReadIndexLists;
  /** Limits the number of symbols; default: the limit of the stream `hsm`. */
  readonly limit?: Limit;
}

/**
 * Never throws. Facts in the day's event log take precedence, so a restart records the same
 * contracts.
 */
export type ResolveNames = (date: IstDate, bounds: Bounds) => Promise<DayNames>;

export function nameResolver(options: NameResolverOptions): ResolveNames {
  return async (date, bounds) => {
    try {
      return await lookUpNames(options, date, bounds);
    } catch (caught) {
      return unresolved(options.names, `the symbol lookup failed: ${toError(caught).message}`);
    }
  };
}

/** Fallback without a lookup: shares are recorded without their facts, aliases are not recorded. */
export function unresolved(names: readonly string[], problem: string | null): DayNames {
  const symbols = names.filter((name) => !parseAlias(name).ok);
  const unknown = names.filter((name) => !symbols.includes(name));
  return {
    symbols,
    unknown: unknown.map((alias) => ({ alias, why: problem ?? 'it was not looked up' })),
    facts: [],
    problems: problem === null ? [] : [problem],
    mayImprove: problem !== null,
  };
}

interface GatheredFacts {
  readonly extract: MasterExtract;
  /** Whether the derivatives were read, so that a missing contract is conclusive. */
  readonly knowsDerivatives: boolean;
  readonly closes: ReadonlyMap<string, number>;
  readonly problems: string[];
  /** Whether today's lists were read. */
  readonly isCurrent: boolean;
}

interface Asked {
  readonly name: string;
  /** Symbols that are known without the master: from the day's log, from a list, or the name itself. */
  readonly symbols: readonly string[];
  /** The alias of their facts; null for a symbol that the operator named. */
  readonly alias: string | null;
  /** Whether the name is a group. */
  readonly isOfMany: boolean;
  /** The alias, if its contracts are known only from the master; null otherwise. */
  readonly contract: ContractAlias | null;
}

async function lookUpNames(
  options: NameResolverOptions,
  date: IstDate,
  bounds: Bounds,
): Promise<DayNames> {
  const { names, days, indexLists = WITHOUT_LISTS, limit = HSM_LIMIT } = options;
  const kept = await readStoredFacts(days, date);
  const before = names.flatMap((name) => kept.get(name) ?? []);
  if (names.every((name) => kept.has(name)) && before.every(({ fyToken }) => fyToken !== null)) {
    return namesOf({ facts: before, unknown: [], problems: [], mayImprove: false });
  }
  const { asked, missing, problem } = await askedOf(names, kept, indexLists);
  const symbols = new Set(asked.flatMap((each) => each.symbols));
  const underlyings = new Set(asked.flatMap(({ contract }) => contract?.underlying ?? []));
  const known = await gatherFacts(options, { date, symbols, underlyings }, bounds);
  const spots = await readSpots(options, known, asked, bounds);
  const unknown = [...missing];
  // The operator may add a missing list during the session.
  let mayImprove = !known.isCurrent || missing.length > 0 || problem !== null;
  const named: NamedFacts[] = [];
  for (const { name, alias, contract, ...each } of asked) {
    if (contract === null) {
      const members = each.isOfMany ? each.symbols.length : null;
      named.push({
        name,
        isKept: kept.has(name),
        facts: each.symbols.map((symbol) => factsOf(known, { symbol, alias, members })),
      });
      continue;
    }
    const spot = spots.get(contract.underlying) ?? null;
    const found = resolveAlias(contract, { contracts: known.extract.contracts(), date, spot });
    if (found.kind === 'unknown') {
      unknown.push({ alias: name, why: found.why });
      mayImprove ||= contract.kind === 'option' && spot === null;
      continue;
    }
    const members = contract.kind === 'chain' ? found.contracts.length : null;
    const facts = found.contracts.map((row) =>
      factsOf(known, { symbol: row.symbol, alias: name, members, row }),
    );
    named.push({ name, isKept: false, facts });
  }
  const { facts, refused } = fitGroups(named, limit);
  const problems = [...(problem === null ? [] : [problem]), ...known.problems];
  return namesOf({ facts, unknown: [...unknown, ...refused], problems, mayImprove });
}

const HSM_LIMIT: Limit = { feed: 'hsm', everySeconds: 5 };

/** Finds the symbols that are in the day's log and in the lists, before the master is read. */
async function askedOf(
  names: readonly string[],
  kept: ReadonlyMap<string, readonly SymbolFacts[]>,
  indexLists: ReadIndexLists,
) {
  const asked: Asked[] = [];
  const missing: { alias: string; why: string }[] = [];
  const isListed = names.some((name) => !kept.has(name) && aliasIn(name)?.kind === 'index');
  const { lists, problem } = await (isListed ? indexLists : WITHOUT_LISTS)();
  for (const name of names) {
    const [stored, alias] = [kept.get(name), aliasIn(name)];
    const isOfMany = isGroup(name);
    if (stored !== undefined) {
      const symbols = stored.map(({ symbol }) => symbol);
      asked.push({ name, symbols, alias: stored[0]?.alias ?? null, isOfMany, contract: null });
    } else if (alias === null) {
      asked.push({ name, symbols: [name], alias: null, isOfMany, contract: null });
    } else if (alias.kind === 'index') {
      const symbols = lists.get(alias.index);
      if (symbols === undefined) missing.push({ alias: name, why: missingListText(alias.index) });
      else asked.push({ name, symbols, alias: name, isOfMany, contract: null });
    } else asked.push({ name, symbols: [], alias: name, isOfMany, contract: alias });
  }
  return { asked, missing, problem };
}

function namesOf(found: Omit<DayNames, 'symbols'>): DayNames {
  return { symbols: [...new Set(found.facts.map(({ symbol }) => symbol))], ...found };
}

function aliasIn(name: string): Alias | null {
  const parsed = parseAlias(name);
  return parsed.ok ? parsed.value : null;
}

/** Reads the facts in the day's log, by the name that the operator wrote. */
async function readStoredFacts(
  days: NameResolverOptions['days'],
  date: IstDate,
): Promise<ReadonlyMap<string, readonly SymbolFacts[]>> {
  if (!(await days.dates()).includes(date)) return new Map();
  const events = await days.folder(date).events();
  return factsByName(
    events.flatMap((event) => {
      if (event.event !== 'symbol' || !parseSymbol(event.symbol).ok) return [];
      const { event: _event, at: _at, ...facts } = event;
      return [facts];
    }),
  );
}

async function gatherFacts(
  { names, master, days, calendar }: NameResolverOptions,
  wanted: Parameters<typeof extractOf>[0],
  bounds: Bounds,
): Promise<GatheredFacts> {
  const extract = extractOf(wanted);
  const problems: string[] = [];
  let isCurrent = true;
  const read = async (segment: Segment): Promise<boolean> => {
    const { file, problem } = await master(segment, wanted.date, bounds);
    if (problem !== null) {
      isCurrent = false;
      problems.push(
        `${problem}; ${file === null ? 'there is no earlier one' : `the one of ${file.date} is used`}`,
      );
    }
    for await (const row of file?.rows() ?? []) extract.add(row);
    return file !== null;
  };
  // Read derivatives first: they determine the underlyings, and which shares close by auction.
  const knowsDerivatives = names.some(hasDerivatives) && (await read('NSE_FO'));
  await read('NSE_CM');
  const ofBse = [...wanted.symbols].filter((symbol) => symbol.startsWith('BSE:'));
  if (ofBse.some(isContract)) await read('BSE_FO');
  if (!ofBse.every(isContract)) await read('BSE_CM');
  if (problems.length === 0) {
    const unlisted = [...wanted.symbols].filter((symbol) => !extract.listed.has(symbol));
    problems.push(...unlisted.map((symbol) => `the symbol master does not list ${symbol}`));
  }
  const closes = await lastCloses(days, wanted.date, calendar);
  return { extract, knowsDerivatives, closes, problems, isCurrent };
}

/** True for an alias, a contract, or a share whose closing auction depends on derivatives. */
function hasDerivatives(name: string): boolean {
  return !name.startsWith('BSE:') && !name.endsWith('-INDEX');
}

/**
 * Gets the last prices of all option underlyings in one call; falls back to the last stored close.
 */
async function readSpots(
  { lastPrices }: NameResolverOptions,
  { extract, closes }: GatheredFacts,
  asked: readonly Pick<Asked, 'contract'>[],
  bounds: Bounds,
): Promise<ReadonlyMap<string, number>> {
  const underlyings = new Set(
    asked.flatMap(({ contract }) => (contract?.kind === 'option' ? contract.underlying : [])),
  );
  const symbols = new Map(
    [...underlyings].flatMap((underlying) => {
      const symbol = extract.symbolOf(underlying);
      return symbol === null ? [] : [[underlying, symbol] as const];
    }),
  );
  const prices =
    symbols.size === 0
      ? new Map<string, number>()
      : await lastPrices([...symbols.values()], bounds);
  return new Map(
    [...symbols].flatMap(([underlying, symbol]) => {
      const spot = prices.get(symbol) ?? closes.get(symbol);
      return spot === undefined ? [] : [[underlying, spot] as const];
    }),
  );
}

interface Named {
  readonly symbol: string;
  readonly alias: string | null;
  /** The size of the alias's group; null if it is not a group. */
  readonly members: number | null;
  /** Set for a contract that was just resolved with the master. */
  readonly row?: MasterRow;
}

function factsOf(
  { extract, knowsDerivatives, closes }: GatheredFacts,
  { symbol, alias, members, row = extract.listed.get(symbol) }: Named,
): SymbolFacts {
  const isShare = row?.kind === 'cash' && !symbol.endsWith('-INDEX');
  return {
    symbol,
    alias,
    ...(members === null ? {} : { members }),
    isin: row?.isin ?? null,
    fyToken: row?.fyToken ?? null,
    tick: row?.tick ?? null,
    lot: row?.lot ?? null,
    // The master has no flag for it; the closing auction is for shares that have derivatives
    // (NSE/CMTR/74466). No source says which shares BSE closes by auction.
    auction:
      isShare && knowsDerivatives && symbol.startsWith('NSE:')
        ? extract.isUnderlying(row.fyToken)
        : null,
    ...(row === undefined || row.kind === 'cash' ? {} : { expiresOn: row.expiresOn }),
    lastClose: closes.get(symbol) ?? null,
  };
}

/**
 * Rows of these last minutes have the last price, which is the close of an auction: trading is over
 * by then under every rule.
 */
const CLOSE_WINDOW_MS = 10 * MINUTE;
const LTP = cellIndex('ltp');

/**
 * The last price of each symbol, in rupees, at the end of the session before `date`. Empty if that
 * session was not recorded to its end, because a price from another moment is not a close.
 */
async function lastCloses(
  days: Pick<Days, 'dates' | 'folder'>,
  date: IstDate,
  calendar: CalendarOverrides,
): Promise<ReadonlyMap<string, number>> {
  const closes = new Map<string, number>();
  const before = (await days.dates()).findLast((each) => each < date);
  if (before === undefined) return closes;
  const folder = days.folder(before);
  const plan = plansIn(await folder.events()).at(-1);
  if (plan === undefined || nextSession(plan.closesAt, calendar).date !== date) return closes;
  const from = plus(plan.closesAt, -CLOSE_WINDOW_MS);
  for await (const block of folder.rows()) {
    for (const row of block) {
      if (row === null) continue;
      const { symbol, slot } = keyOf(row);
      const price = numberAt(row, LTP);
      if (slot >= from && !Number.isNaN(price)) closes.set(symbol, price);
    }
  }
  return closes;
}

const WITHOUT_LISTS: ReadIndexLists = () => Promise.resolve({ lists: NO_LISTS, problem: null });

/** Returns the end of a sentence, like the reason of an unresolved alias. */
function missingListText(index: string): string {
  return `there is no list ${OPERATOR_FILES.indexList(index)} next to .env; for a harvester on AWS write it there, and run \`pulumi up\``;
}

/**
 * Groups the facts of a day's log by the name that the operator wrote. A later line replaces an earlier one. A group with
 * missing lines is left out, so that it is looked up again.
 */
function factsByName(facts: readonly SymbolFacts[]): ReadonlyMap<string, readonly SymbolFacts[]> {
  const found = new Map<
    string,
    { readonly size: number | null; readonly all: Map<string, SymbolFacts> }
  >();
  for (const fact of facts) {
    const name = fact.alias ?? fact.symbol;
    const size = fact.members ?? null;
    const before = found.get(name);
    // Other aliases have one contract, the latest. A group that was looked up again with another size replaces the old
    // one.
    const isMore = size !== null && before?.size === size;
    const group = isMore ? before : { size, all: new Map<string, SymbolFacts>() };
    group.all.set(fact.symbol, fact);
    found.set(name, group);
  }
  return new Map(
    [...found].flatMap(([name, { size, all }]) =>
      size === null || all.size === size ? [[name, [...all.values()]] as const] : [],
    ),
  );
}

export interface Limit {
  readonly feed: ConfiguredFeed;
  readonly everySeconds: number;
}

interface NamedFacts {
  readonly name: string;
  /** True if the facts are already in the day's log. */
  readonly isKept: boolean;
  readonly facts: readonly SymbolFacts[];
}

interface Fitting {
  readonly facts: readonly SymbolFacts[];
  readonly refused: readonly { readonly alias: string; readonly why: string }[];
}

/**
 * Leaves out each group that would exceed the limit together with the names before it. Names with a single symbol come
 * first, because their number was checked with the configuration. Then come the groups that are already recorded.
 */
function fitGroups(named: readonly NamedFacts[], { feed, everySeconds }: Limit): Fitting {
  const symbols = new Set(
    named
      .filter(({ name }) => !isGroup(name))
      .flatMap(({ facts }) => facts.map(({ symbol }) => symbol)),
  );
  const refused = named
    .filter(({ name }) => isGroup(name))
    .toSorted((a, b) => Number(b.isKept) - Number(a.isKept))
    .flatMap(({ name, facts }) => {
      const more = facts.map(({ symbol }) => symbol).filter((symbol) => !symbols.has(symbol));
      const problem = sizeProblem(feed, [...symbols, ...more], everySeconds);
      if (problem === null) {
        for (const symbol of more) symbols.add(symbol);
        return [];
      }
      const why = `it has ${String(facts.length)} symbols, and with the other ${String(symbols.size)} ${problem}`;
      return [{ alias: name, why }];
    });
  const names = new Set(refused.map(({ alias }) => alias));
  return {
    facts: named.flatMap(({ name, facts }) => (names.has(name) ? [] : facts)),
    refused,
  };
}
