// Parses aliases and resolves them once each morning: names of contracts that change, such as the front-month future and
// options around the money, and groups of symbols.
import { type Parsed, type SymbolAlias, parseSymbolAlias } from '../config/values.ts';
import type { IstDate } from '../time.ts';
import type { Contract } from './symbol-master.ts';

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
  /** `INDEX:NIFTY50`: the members that the operator's list of this name has. */
  | { readonly kind: 'index'; readonly index: string };

/** Means contracts of the symbol master. */
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

export type Resolved =
  /** One for an alias, at least one for a group. */
  | { readonly kind: 'contracts'; readonly contracts: readonly Contract[] }
  /** `why` ends a sentence, such as "the master lists no future of NIFTY". */
  | { readonly kind: 'unknown'; readonly why: string };

export interface Listed {
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
