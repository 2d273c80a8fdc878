// Counts the symbols that the operator's names mean before the day's contracts are known. `INDEX:<name>` means the
// members of an index; the broker's symbol master does not have them, so the operator keeps a list of them in a file.
// `CHAIN:<underlying>` means all options of the nearest expiry. Their number is known only at the opening, so a stated
// number counts before. The harvester checks the limits again with the real number, and refuses a group that does not
// fit as a whole: in the recording, a part of a chain would look like a whole one.
import type { DepthSymbol, SymbolAlias } from './values.ts';

/** Members by the name of the index, as in `INDEX:NIFTY50`. */
export type IndexLists = ReadonlyMap<string, readonly DepthSymbol[]>;

export const NO_LISTS: IndexLists = new Map();

export interface IndexListsRead {
  readonly lists: IndexLists;
  /** Why a list may be missing or old, without a full stop; null: all were read. */
  readonly problem: string | null;
}

/** Reads the operator's lists. Never throws. */
export type ReadIndexLists = () => Promise<IndexListsRead>;

/** Strikes of NSE's indices times two, with room: the exchange adds strikes as the index moves. */
const INDEX_CHAIN_CONTRACTS = 500;
const SHARE_CHAIN_CONTRACTS = 200;

/** In the name of each index of NSE that has options: NIFTY, BANKNIFTY, FINNIFTY, MIDCPNIFTY, NIFTYNXT50. */
const INDEX_UNDERLYING = 'NIFTY';

function chainContracts(underlying: string): number {
  return underlying.includes(INDEX_UNDERLYING) ? INDEX_CHAIN_CONTRACTS : SHARE_CHAIN_CONTRACTS;
}

/** The index of `INDEX:NIFTY50`; null for another name. */
function indexIn(name: string): string | null {
  return name.startsWith('INDEX:') ? name.slice('INDEX:'.length) : null;
}

function underlyingOfChain(name: string): string | null {
  return name.startsWith('CHAIN:') ? name.slice('CHAIN:'.length) : null;
}

/** Whether the name means many symbols. */
export function isGroup(name: string): boolean {
  return indexIn(name) !== null || underlyingOfChain(name) !== null;
}

/** Indices that a list of names or the JSON of several harvesters needs, each once. */
export function indicesIn(text: string): readonly string[] {
  const found = text.toUpperCase().matchAll(/(?<![A-Z0-9:])INDEX:([A-Z0-9][A-Z0-9_-]{0,29})/g);
  return [...new Set([...found].flatMap(([, index]) => index ?? []))];
}

/** Replaces each index by its members; one without a list stays. No symbol is twice in the result. */
export function withMembers(
  names: readonly (DepthSymbol | SymbolAlias)[],
  lists: IndexLists,
): readonly (DepthSymbol | SymbolAlias)[] {
  const members = names.flatMap(
    (name): readonly (DepthSymbol | SymbolAlias)[] => lists.get(indexIn(name) ?? '') ?? [name],
  );
  return [...new Set(members)];
}

/** One name for each symbol that counts against the account's limits. */
export function countedSymbols(
  names: readonly (DepthSymbol | SymbolAlias)[],
  lists: IndexLists,
): readonly (DepthSymbol | SymbolAlias)[] {
  return withMembers(names, lists).flatMap((name) => {
    const underlying = underlyingOfChain(name);
    if (underlying === null) return [name];
    return Array.from({ length: chainContracts(underlying) }, () => name);
  });
}

/** Explains the numbers of groups after a problem's arithmetic; empty without groups. */
export function groupsNote(names: readonly string[], lists: IndexLists): string {
  const notes = [...new Set(names)].flatMap((name) => {
    const underlying = underlyingOfChain(name);
    const members = lists.get(indexIn(name) ?? '');
    if (members !== undefined) return [`${name} has ${String(members.length)} symbols`];
    return underlying === null
      ? []
      : [`${name} counts as ${String(chainContracts(underlying))} symbols before the opening`];
  });
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}
