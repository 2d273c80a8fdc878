// Decides which symbols a group means on a day: `INDEX:NIFTY50` by the operator's list, `CHAIN:NIFTY` by the symbol
// master. A group is recorded whole or not at all, and a day keeps the set that it began with.
import { isGroup, NO_LISTS, type ReadIndexLists } from '../core/config/groups.ts';
import { OPERATOR_FILES } from '../core/config/names.ts';
import { type ConfiguredFeed, sizeProblem } from '../core/config/stream-limits.ts';
import type { SymbolFacts } from './symbols.ts';

export const WITHOUT_LISTS: ReadIndexLists = () =>
  Promise.resolve({ lists: NO_LISTS, problem: null });

/** Ends a sentence, as the reason of an alias that has no contract does. */
export function missingListText(index: string): string {
  return `there is no list ${OPERATOR_FILES.indexList(index)} next to .env; for a harvester on AWS write it there, and run \`pulumi up\``;
}

/**
 * The facts of a day's log by the name that the operator wrote. A later line of the log wins. A group whose log was cut
 * short is left out, so that it is looked up again.
 */
export function factsByName(
  facts: readonly SymbolFacts[],
): ReadonlyMap<string, readonly SymbolFacts[]> {
  const found = new Map<
    string,
    { readonly size: number | null; readonly all: Map<string, SymbolFacts> }
  >();
  for (const fact of facts) {
    const name = fact.alias ?? fact.symbol;
    const size = fact.members ?? null;
    const before = found.get(name);
    // An alias that is not a group means one contract, the latest; a group of another size was looked up again.
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

export interface NamedFacts {
  readonly name: string;
  /** Whether the day's log has them already. */
  readonly isKept: boolean;
  readonly facts: readonly SymbolFacts[];
}

interface Fitting {
  readonly facts: readonly SymbolFacts[];
  readonly refused: readonly { readonly alias: string; readonly why: string }[];
}

/**
 * Leaves out each group that does not fit with the names before it. Names that mean one symbol come first: their number
 * was checked when they were configured. Then come the groups that are recorded already.
 */
export function fitGroups(named: readonly NamedFacts[], { feed, everySeconds }: Limit): Fitting {
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
      const why = `it has ${String(facts.length)} symbols, and with the ${String(symbols.size)} others ${problem}`;
      return [{ alias: name, why }];
    });
  const names = new Set(refused.map(({ alias }) => alias));
  return {
    facts: named.flatMap(({ name, facts }) => (names.has(name) ? [] : facts)),
    refused,
  };
}
