// Decides which symbols a group means on a day: `INDEX:NIFTY50` by the operator's list, `CHAIN:NIFTY` by the symbol
// master. A group is recorded whole or not at all, and a day keeps the set that it began with.
import { type IndexLists, NO_LISTS } from '../core/config/groups.ts';
import { type ConfiguredFeed, sizeProblem } from '../core/config/stream-limits.ts';
import type { SymbolFacts } from './symbols.ts';

export interface IndexListsRead {
  readonly lists: IndexLists;
  /** Why a list may be missing or old, without a full stop; null: all were read. */
  readonly problem: string | null;
}

/** Reads the operator's lists. Never throws. */
export type ReadIndexLists = () => Promise<IndexListsRead>;

export const WITHOUT_LISTS: ReadIndexLists = () =>
  Promise.resolve({ lists: NO_LISTS, problem: null });

/** Ends a sentence, as the reason of an alias that has no contract does. */
export function missingListText(index: string): string {
  return `there is no list index-${index}.csv next to .env, or \`pulumi up\` has not brought it to the bucket`;
}

/**
 * The facts of a day's log by the name that the operator wrote. A later line of the log wins. A group whose log was cut
 * short is left out, so that it is looked up again.
 */
export function factsByName(
  facts: readonly SymbolFacts[],
): ReadonlyMap<string, readonly SymbolFacts[]> {
  const found = new Map<string, Map<string, SymbolFacts>>();
  for (const fact of facts) {
    const name = fact.alias ?? fact.symbol;
    // An alias that is not a group means one contract, the latest.
    const before = fact.members === undefined ? undefined : found.get(name);
    found.set(name, (before ?? new Map<string, SymbolFacts>()).set(fact.symbol, fact));
  }
  return new Map(
    [...found].flatMap(([name, bySymbol]) => {
      const members = [...bySymbol.values()];
      const size = members.at(-1)?.members ?? members.length;
      return members.length === size ? [[name, members] as const] : [];
    }),
  );
}

export interface Limit {
  readonly feed: ConfiguredFeed;
  readonly everySeconds: number;
}

interface NamedFacts {
  readonly name: string;
  readonly facts: readonly SymbolFacts[];
}

interface Fitting {
  readonly facts: readonly SymbolFacts[];
  readonly refused: readonly { readonly alias: string; readonly why: string }[];
}

/**
 * Leaves out each group that does not fit with the names before it. Names that mean one symbol come first: their number
 * was checked when they were configured.
 */
export function fitGroups(named: readonly NamedFacts[], { feed, everySeconds }: Limit): Fitting {
  const isGroup = ({ facts }: NamedFacts) => facts[0]?.members !== undefined;
  const symbols = new Set(
    named
      .filter((each) => !isGroup(each))
      .flatMap(({ facts }) => facts.map(({ symbol }) => symbol)),
  );
  const refused = named.filter(isGroup).flatMap(({ name, facts }) => {
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
