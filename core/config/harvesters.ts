// Reads the harvester plans: one from `symbols`, or several from `harvesters` that share the account's limits.
import {
  type Parsed,
  type SamplingFault,
  type SamplingPlan,
  parseSampling,
  parseSymbols,
} from './values.ts';
import { countedSymbols, groupsNote, type IndexLists, indicesIn, withMembers } from './groups.ts';
import { parseInstanceType } from './program-values.ts';
import { HARVESTERS_MAX } from './names.ts';
import { type ConfiguredFeed, parseFeed, streamProblems } from './stream-limits.ts';
import { fallbackPlan, rateProblems } from './sampling.ts';
import type { Key, KeyValues } from './keys.ts';

const OWN_KEYS = ['symbols', 'everySeconds', 'instanceType', 'feed'] as const;
const FORM =
  'must be a list with the symbols of each harvester, such as [{"symbols": ["NSE:SBIN-EQ"]}, {"symbols": ["NSE:INFY-EQ"], "everySeconds": 1}]';
const ITEM_FORM = 'must list its symbols, as {"symbols": ["NSE:SBIN-EQ"]} does';

/** A setting as the operator wrote it. */
export interface Found {
  readonly text: string;
  /** Place for messages: `FYERS_PIN in /home/me/fyers/.env line 3`. */
  readonly place: string;
  /** How to correct it there, a full sentence. */
  readonly fix: string;
  /** How to remove it there, a full sentence. */
  readonly removal: string;
}

/** Null: the key is not set. */
export type FindSetting = (key: Key) => Found | null;

type Values = KeyValues<unknown>;

/** An instance with its own symbols. */
export interface HarvesterPlan extends SamplingPlan {
  /** Index in the list, from 0: its partition in the bucket, and its dimension in metrics. */
  readonly shard: number;
  readonly instanceType: string;
  readonly feed: ConfiguredFeed;
}

/** Name of a resource that each harvester has. The first harvester's has no number, and must never change. */
export function numbered(name: string, shard: number): string {
  return shard === 0 ? name : `${name}-${String(shard)}`;
}

/** `everySeconds`, `instanceType` and `feed` apply to plans that do not set their own. */
interface Defaults extends Pick<Values, 'symbols' | 'everySeconds' | 'instanceType' | 'feed'> {
  /** Members of the indices that are named; those that cannot be read are reported already. */
  readonly lists: IndexLists;
}

/** Indices whose lists the harvesters need, each once. */
export function configuredIndices({
  harvesters,
  symbols,
}: Pick<Values, 'harvesters' | 'symbols'>): readonly string[] {
  return indicesIn(harvesters ?? symbols);
}

/** Returns at least one plan, unless it adds to `problems`. */
export function harvestersOf(
  find: FindSetting,
  values: Values,
  lists: IndexLists,
  problems: string[],
): readonly HarvesterPlan[] {
  const defaults = { ...values, lists };
  const list = find('harvesters');
  if (list === null) return oneHarvester(find, defaults, problems);
  const symbols = find('symbols');
  if (symbols !== null) {
    problems.push(
      `${symbols.place} and ${list.place} both set the recorded symbols: keep one. ${symbols.removal}`,
    );
  }
  const every = find('everySeconds');
  const found = severalHarvesters(list.text, defaults);
  for (const problem of every === null ? [] : found.defaultProblems) {
    problems.push(`${every?.place ?? ''}: ${problem}. ${every?.fix ?? ''}`);
  }
  for (const problem of found.problems) {
    problems.push(`${list.place}${problem}. ${list.fix}`);
  }
  return found.plans;
}

function oneHarvester(
  find: FindSetting,
  defaults: Defaults,
  problems: string[],
): readonly HarvesterPlan[] {
  const { everySeconds, instanceType, feed, lists } = defaults;
  const symbols = find('symbols');
  const every = find('everySeconds');
  const parsed = parseSampling(
    defaults.symbols,
    everySeconds,
    limitedBy(find('feed')?.text),
    lists,
  );
  for (const { about, problem } of parsed.faults) {
    const found = [
      ...(about === 'everySeconds' ? [] : [symbols]),
      ...(about === 'symbols' ? [] : [every]),
    ].filter((each): each is Found => each !== null);
    const places = found.map(({ place }) => place).join(' and ');
    const fixes = [...new Set(found.map(({ fix }) => fix))].join(' Or: ');
    problems.push(`${places}: ${problem}. ${fixes}`);
  }
  // They do not depend on the interval, which may be wrong.
  const named = parseSymbols(defaults.symbols).symbols;
  for (const problem of streamProblems([{ feed, symbols: named }], lists)) {
    problems.push(`${symbols?.place ?? 'symbols'}: ${problem}. ${symbols?.fix ?? ''}`);
  }
  return parsed.ok ? [{ ...parsed.value, shard: 0, instanceType, feed }] : [];
}

/** The feed whose limits count. Those of a stream do not count calls, so a misspelt feed gets no second problem. */
function limitedBy(text: string | undefined): ConfiguredFeed {
  const feed = parseFeed(text ?? 'rest');
  return feed.ok ? feed.value : 'hsm';
}

interface Several {
  readonly plans: readonly HarvesterPlan[];
  /** Each is a sentence without its beginning, which is the place in the list. */
  readonly problems: readonly string[];
  /** Problems of the default interval. */
  readonly defaultProblems: readonly string[];
}

function severalHarvesters(text: string, defaults: Defaults): Several {
  const { lists } = defaults;
  const items = parseList(text);
  if (items === null || items.length === 0)
    return { plans: [], problems: [` ${FORM}`], defaultProblems: [] };
  if (items.length > HARVESTERS_MAX) {
    const problem = ` must list at most ${String(HARVESTERS_MAX)} harvesters, and lists ${String(items.length)}`;
    return { plans: [], problems: [problem], defaultProblems: [] };
  }
  const parsed = items.map((item, shard) => planOf(item, shard, defaults));
  const plans = parsed.flatMap((one) => (one.ok ? [one.value] : []));
  const problems = [
    ...parsed.flatMap((one, shard) =>
      one.problems.map((problem) => `, harvester ${String(shard)}: ${problem}`),
    ),
    ...findDuplicates(plans, lists).map((problem) => `: ${problem}`),
  ];
  // The rates of an incomplete list would be misleading.
  const isWhole = plans.length === items.length && problems.length === 0;
  const counted = plans.map((plan) => restPlanOf(plan, lists));
  const rates = isWhole ? rateProblems(counted).map(explained(plans, lists)) : [];
  const rate = isWhole ? [...rates, ...streamProblems(plans, lists)] : [];
  return {
    plans,
    problems: [...problems, ...rate.map((problem) => `: ${problem}`)],
    defaultProblems: [...new Set(parsed.flatMap((one) => one.defaultProblems))],
  };
}

/** The calls of a harvester. One with a stream makes them while its stream is down. */
function restPlanOf(plan: HarvesterPlan, lists: IndexLists): SamplingPlan {
  return plan.feed === 'rest'
    ? { ...plan, symbols: countedSymbols(plan.symbols, lists) }
    : fallbackPlan(plan);
}

/** Names the calls and the symbols that the plans do not show. */
function explained(
  plans: readonly HarvesterPlan[],
  lists: IndexLists,
): (problem: string) => string {
  const polled = plans.filter(({ feed }) => feed === 'rest').flatMap(({ symbols }) => symbols);
  const hasStream = plans.some(({ feed }) => feed !== 'rest');
  const note = 'A harvester with a stream counts with its calls while the stream is down';
  return (problem) => {
    const counted = `${problem}${groupsNote(polled, lists)}`;
    return hasStream ? `${counted}. ${note}` : counted;
  };
}

/** Pulumi passes a list as JSON; `.env` contains JSON too. */
function parseList(text: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

type ParsedPlan = Parsed<HarvesterPlan> & Pick<Several, 'problems' | 'defaultProblems'>;

function planOf(item: unknown, shard: number, defaults: Defaults): ParsedPlan {
  const own = asRecord(item);
  if (own === null) {
    return { ok: false, problem: ITEM_FORM, problems: [ITEM_FORM], defaultProblems: [] };
  }
  const feed = parseFeed(valueText(own['feed'] ?? defaults.feed));
  const sampling = parseSampling(
    symbolsText(own['symbols']),
    valueText(own['everySeconds'] ?? defaults.everySeconds),
    limitedBy(valueText(own['feed'] ?? defaults.feed)),
    defaults.lists,
  );
  const isOfDefault = ({ about }: SamplingFault) =>
    about === 'everySeconds' && own['everySeconds'] === undefined;
  const defaultProblems = sampling.faults.filter(isOfDefault).map(({ problem }) => problem);
  const instanceType = parseInstanceType(valueText(own['instanceType'] ?? defaults.instanceType));
  const problems = [
    ...Object.keys(own)
      .filter((key) => !OWN_KEYS.some((known) => known === key))
      .map((key) => `${key} is not one of ${OWN_KEYS.join(', ')}`),
    ...sampling.faults.filter((fault) => !isOfDefault(fault)).map(({ problem }) => problem),
    ...(instanceType.ok ? [] : [`instanceType ${instanceType.problem}`]),
    ...(feed.ok ? [] : [`feed ${feed.problem}`]),
  ];
  return sampling.ok && instanceType.ok && feed.ok && problems.length === 0
    ? {
        ok: true,
        value: { ...sampling.value, shard, instanceType: instanceType.value, feed: feed.value },
        problems,
        defaultProblems,
      }
    : { ok: false, problem: problems.join('; '), problems, defaultProblems };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}

function symbolsText(value: unknown): string {
  return Array.isArray(value) ? value.map(valueText).join(',') : valueText(value);
}

/** Pulumi stores a number set on the command line as a number. */
function valueText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value.trim() : JSON.stringify(value);
}

/** Two indices may share many members. */
const MAX_DUPLICATES = 5;

function findDuplicates(plans: readonly HarvesterPlan[], lists: IndexLists): readonly string[] {
  const known = new Map<string, number>();
  const found = plans.flatMap(({ symbols, shard }) =>
    withMembers(symbols, lists).flatMap((symbol) => {
      const before = known.get(symbol);
      known.set(symbol, before ?? shard);
      return before === undefined
        ? []
        : [
            `symbol "${symbol}" is in harvester ${String(before)} and in harvester ${String(shard)}`,
          ];
    }),
  );
  const more = found.length - MAX_DUPLICATES;
  return more <= 0
    ? found
    : [...found.slice(0, MAX_DUPLICATES), `${String(more)} more symbols are in two harvesters`];
}
