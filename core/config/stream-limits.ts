// Checks that the feeds of all harvesters together stay within the streams that one account has
// (Fyers API v3, "TBT": 3 connections per app and user, 5 symbols per connection; "Data socket":
// one connection per user, 5,000 symbols), and stream the symbols that they name.
import { isStreamedIndex } from '../stream/hsm-topics.ts';
import { countedSymbols, groupsNote, type IndexLists, NO_LISTS, withMembers } from './groups.ts';
import { beginsAsAlias, type Parsed, parseSampling, type SamplingPlan } from './values.ts';

const FEEDS = ['rest', 'tbt', 'hsm'] as const;
export type ConfiguredFeed = (typeof FEEDS)[number];

export interface FeedPlan extends Pick<SamplingPlan, 'symbols'> {
  readonly feed: ConfiguredFeed;
}

export const TBT_SYMBOLS_PER_SOCKET = 5;
const TBT_SOCKETS = 3;
const HSM_SOCKETS = 1;
const HSM_TOPICS = 5_000;

export function parseFeed(text: string): Parsed<ConfiguredFeed> {
  const feed = FEEDS.find((each) => each === text.trim());
  if (feed === undefined) return { ok: false, problem: `must be one of ${FEEDS.join(', ')}` };
  return { ok: true, value: feed };
}

/**
 * Limits that the plans exceed together, with the arithmetic.
 * @param lists members of the indices that are named; one that is missing counts as one symbol
 */
export function streamProblems(
  plans: readonly FeedPlan[],
  lists: IndexLists = NO_LISTS,
): readonly string[] {
  const counted = plans.map(({ feed, symbols }): Counted => ({
    feed,
    count: countedSymbols(symbols, lists).length,
  }));
  const note = groupsNote(
    plans.flatMap(({ symbols }) => symbols),
    lists,
  );
  const explained = (problem: string | null) => (problem === null ? null : `${problem}${note}`);
  return [
    ...plans.flatMap(({ feed, symbols }) =>
      symbolProblems({ feed, symbols: withMembers(symbols, lists) }),
    ),
    ...[
      explained(findTbtProblem(counted)),
      findHsmProblem(plans),
      explained(findTopicProblem(counted)),
    ].filter((problem) => problem !== null),
  ];
}

interface Counted {
  readonly feed: ConfiguredFeed;
  /** Symbols. */
  readonly count: number;
}

/** Why one harvester cannot record so many symbols, with the arithmetic; null if it can. */
export function sizeProblem(
  feed: ConfiguredFeed,
  symbols: readonly string[],
  everySeconds: number,
): string | null {
  if (feed === 'rest') {
    return parseSampling(symbols.join(','), String(everySeconds), feed).problems[0] ?? null;
  }
  const counted = [{ feed, count: symbols.length }];
  return findTbtProblem(counted) ?? findTopicProblem(counted);
}

/** TBT has shares and contracts of NSE only; the names of indices on HSM are a list of the broker's SDK. */
function symbolProblems({ feed, symbols }: FeedPlan): readonly string[] {
  if (feed === 'rest') return [];
  const isStreamed = (symbol: string): boolean =>
    symbol.endsWith('-INDEX')
      ? feed === 'hsm' && isStreamedIndex(symbol)
      : feed === 'hsm' || symbol.startsWith('NSE:') || beginsAsAlias(symbol);
  return symbols
    .filter((symbol) => !isStreamed(symbol))
    .map((symbol) => `feed ${feed} cannot stream ${symbol}: record it with feed rest`);
}

function findTbtProblem(plans: readonly Counted[]): string | null {
  const ofTbt = plans.filter(({ feed }) => feed === 'tbt');
  const sockets = ofTbt.map(({ count }) => Math.ceil(count / TBT_SYMBOLS_PER_SOCKET));
  const sum = sockets.reduce((total, one) => total + one, 0);
  if (sum <= TBT_SOCKETS) return null;
  const terms = ofTbt.map(({ count }) => `${String(count)} / ${String(TBT_SYMBOLS_PER_SOCKET)}`);
  return `feed tbt needs ${terms.join(' + ')} = ${sockets.join(' + ')} = ${String(sum)} sockets of ${String(TBT_SYMBOLS_PER_SOCKET)} symbols, over the account's ${String(TBT_SOCKETS)}`;
}

/** A harvester of feed tbt has an HSM socket too, for prices and volume. */
function findHsmProblem(plans: readonly FeedPlan[]): string | null {
  const streaming = plans.filter(({ feed }) => feed !== 'rest');
  if (streaming.length <= HSM_SOCKETS) return null;
  return `feeds ${streaming.map(({ feed }) => feed).join(' + ')} need ${streaming.map(() => '1').join(' + ')} = ${String(streaming.length)} HSM sockets, over the account's ${String(HSM_SOCKETS)}: one harvester can record all streamed symbols`;
}

function findTopicProblem(plans: readonly Counted[]): string | null {
  const problem = plans.find(({ feed, count }) => feed === 'hsm' && 2 * count > HSM_TOPICS);
  if (problem === undefined) return null;
  const { count } = problem;
  return `feed hsm needs ${String(count)} × 2 = ${String(2 * count)} topics, over the socket's ${String(HSM_TOPICS)}`;
}
