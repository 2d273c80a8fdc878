// Parses the harvester's arguments and environment. Reports all problems in one error.
import { parseArgs } from 'node:util';
import { type IndexLists, indicesIn, NO_LISTS } from '../core/config/groups.ts';
import { environmentName, type HarvesterValues, parseHarvesterKeys } from '../core/config/keys.ts';
import {
  type Parsed,
  type SamplingPlan,
  parseEndpoint,
  parseSampling,
  parseShard,
} from '../core/config/values.ts';
import { type ConfiguredFeed, parseFeed, streamProblems } from '../core/config/stream-limits.ts';
import { readDate, type Instant, type IstDate, formatIso, parseInstant } from '../core/time.ts';
import { FyersError, toError } from '../core/errors.ts';
import {
  ENVIRONMENT,
  FYERS_API_URL,
  FYERS_MASTER_URL,
  REFERENCE_SYMBOLS,
} from '../core/config/names.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The keys that `core/config/keys.ts` marks for the harvester, and the values that have a flag or a rule of their own. */
export interface HarvestSettings extends HarvesterValues {
  readonly kind: 'harvest';
  readonly sampling: SamplingPlan;
  readonly feed: ConfiguredFeed;
  /** The host of `apiUrl`, if it is not one of Fyers' own: the recorded day names it. */
  readonly broker: string | null;
  readonly masterUrl: string;
  readonly dataDir: string;
  readonly shard: number;
  /** Also write the reference CSV file. */
  readonly referenceCsv: boolean;
  /** Also store the broker's raw answers. */
  readonly raw: boolean;
  /** Folder with the token; null: the token is in SSM. */
  readonly tokensFolder: string | null;
  /** Null: nothing is uploaded. */
  readonly bucket: string | null;
  readonly sessions: number | null;
  /** The recording stops at this time. */
  readonly until: Instant | null;
}

export interface CompactSettings {
  readonly kind: 'compact';
  readonly dataDir: string;
  readonly date: IstDate;
  readonly shard: number;
}

const OPTIONS = {
  'use-ssm': { type: 'boolean', default: false },
  debug: { type: 'boolean', default: false },
  compat: { type: 'boolean', default: false },
  raw: { type: 'boolean', default: false },
  tokens: { type: 'string', default: '.' },
  data: { type: 'string' },
  symbols: { type: 'string' },
  every: { type: 'string' },
  feed: { type: 'string' },
  days: { type: 'string' },
  until: { type: 'string' },
  date: { type: 'string' },
  shard: { type: 'string' },
} as const;

const USAGE = 'See `./fyers harvest --help`.';

/** Source of a value that no flag sets: `FYERS_SYMBOLS in /home/me/fyers/.env line 3`. */
export type PlaceOf = (name: string) => string;

/** Reads the lists of indices in the operator's folder, with a full sentence for each that cannot be used. */
export type ReadLists = (
  folder: string,
  indices: readonly string[],
) => { readonly lists: IndexLists; readonly problems: readonly string[] };

/** The lists are not known yet. */
const unreadLists: ReadLists = () => ({ lists: NO_LISTS, problems: [] });

const inEnvironment: PlaceOf = (name) => `${name} in the environment`;

/**
 * @throws FyersError `operator.usage` for an unknown argument, `operator.config` with every invalid
 * value
 */
export function parseSettings(
  argv: readonly string[],
  env: Environment,
  placeOf: PlaceOf = inEnvironment,
  readLists: ReadLists = unreadLists,
): HarvestSettings | CompactSettings {
  const { values, positionals } = parseArguments(argv);
  const source = sourceOf(values, env, placeOf);
  if (positionals[0] === 'compact') return compactSettings(source);
  if (positionals.length > 0) {
    throw usageError(`"${positionals.join(' ')}" is not a known argument.`);
  }
  return harvestSettings(source, readLists);
}

type Values = ReturnType<typeof parseArguments>['values'];

/** Flags that override an environment variable. */
const FLAGS = {
  [ENVIRONMENT.symbols]: 'symbols',
  [ENVIRONMENT.everySeconds]: 'every',
  [ENVIRONMENT.feed]: 'feed',
  [ENVIRONMENT.shard]: 'shard',
} as const;

type FlaggedName = keyof typeof FLAGS;

type Source = ReturnType<typeof sourceOf>;

/** Reads flags and environment, and collects their problems. */
function sourceOf(values: Values, env: Environment, placeOf: PlaceOf) {
  const problems: string[] = [];
  const place = (name: FlaggedName): string =>
    values[FLAGS[name]] === undefined ? placeOf(name) : `--${FLAGS[name]}`;
  const text = (name: FlaggedName): string | undefined => values[FLAGS[name]] ?? env[name];
  const check = <T>(where: string, parsed: Parsed<T>): T | null => {
    if (!parsed.ok) problems.push(`${where} ${parsed.problem}`);
    return parsed.ok ? parsed.value : null;
  };
  return {
    ...{ values, env, problems, place, text, check },
    flagOr: <T>(name: FlaggedName, byDefault: string, parse: (text: string) => Parsed<T>) =>
      check(place(name), parse(text(name) ?? byDefault)),
    endpoint(name: string): string | null {
      const url = env[name];
      return url === undefined ? null : check(placeOf(name), parseEndpoint(url));
    },
    keys(): HarvesterValues {
      const parsed = parseHarvesterKeys((key) => env[environmentName(key)] ?? null);
      for (const { key, problem } of parsed.problems) {
        problems.push(`${placeOf(environmentName(key))} ${problem}`);
      }
      return parsed.values;
    },
    /** Null: the flag is not given, or its value is a problem. */
    flag<T>(given: string | undefined, parse: (text: string) => T | null, problem: string) {
      if (given === undefined) return null;
      const value = parse(given);
      if (value === null) problems.push(problem);
      return value;
    },
  };
}

function dataDirIn({ values, env }: Source): string {
  return values.data ?? env[ENVIRONMENT.dataDir] ?? 'harvested_data';
}

/** @throws FyersError `operator.config` */
function compactSettings(source: Source): CompactSettings {
  const shard = source.flagOr(ENVIRONMENT.shard, '0', parseShard);
  const date = source.check('--date', readDate(source.values.date ?? ''));
  if (date === null || shard === null) throw configError(source.problems);
  return { kind: 'compact', dataDir: dataDirIn(source), date, shard };
}

/** @throws FyersError `operator.config` */
function harvestSettings(source: Source, readLists: ReadLists): HarvestSettings {
  const { values, env, problems } = source;
  const shard = source.flagOr(ENVIRONMENT.shard, '0', parseShard);
  const feed = source.flagOr(ENVIRONMENT.feed, 'rest', parseFeed);
  const lists = listsIn(source, readLists);
  const sampling = samplingIn(source, feed ?? 'rest', lists);
  if (sampling !== null && feed !== null) {
    problems.push(...streamProblems([{ ...sampling, feed }], lists));
  }
  const keys = source.keys();
  const masterUrl = source.endpoint(ENVIRONMENT.masterUrl);
  const sessions = source.flag(values.days, countFromOne, '--days must be a whole number from 1');
  const until = source.flag(
    values.until,
    instantIn,
    '--until must be a time with its offset, such as 2026-11-25T16:00:00+05:30',
  );
  if (sampling === null || feed === null || shard === null || problems.length > 0) {
    throw configError(problems);
  }
  return {
    ...keys,
    kind: 'harvest',
    sampling,
    feed,
    broker: replacedBroker(keys.apiUrl),
    masterUrl: masterUrl ?? masterUrlFor(keys.apiUrl),
    dataDir: dataDirIn(source),
    shard,
    referenceCsv: values.compat,
    raw: values.raw,
    tokensFolder: values['use-ssm'] ? null : values.tokens,
    bucket: env[ENVIRONMENT.bucket] ?? null,
    sessions,
    until,
  };
}

/** @throws FyersError `operator.usage` if the time at which to stop has passed */
export function refusePast({ until }: Pick<HarvestSettings, 'until'>, now: Instant): void {
  if (until === null || until > now) return;
  throw usageError(`--until ${formatIso(until)} is not after now, ${formatIso(now)}.`);
}

function parseArguments(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (caught) {
    // Keep Node's first sentence; the rest is about option parsers.
    const [problem = ''] = toError(caught).message.split(/\.\s|\.$/);
    throw usageError(`${problem}.`);
  }
}

/** On AWS the lists are in the bucket, and `pulumi up` has checked them. */
function listsIn(source: Source, readLists: ReadLists): IndexLists {
  const { values, env, problems } = source;
  const indices = indicesIn(source.text(ENVIRONMENT.symbols) ?? '');
  if (indices.length === 0 || env[ENVIRONMENT.bucket] !== undefined) return NO_LISTS;
  const read = readLists(values['use-ssm'] ? '.' : values.tokens, indices);
  // The problems are joined, and the last full stop is added.
  problems.push(...read.problems.map((problem) => problem.replace(/\.$/, '')));
  return read.lists;
}

function samplingIn(source: Source, feed: ConfiguredFeed, lists: IndexLists): SamplingPlan | null {
  const symbols = source.text(ENVIRONMENT.symbols);
  const every = source.text(ENVIRONMENT.everySeconds);
  const sampling = parseSampling(
    symbols ?? REFERENCE_SYMBOLS.join(','),
    (every ?? '5').replace(/s$/, ''),
    feed,
    lists,
  );
  for (const { about, problem } of sampling.faults) {
    const places = [
      ...(about === 'everySeconds' || symbols === undefined
        ? []
        : [source.place(ENVIRONMENT.symbols)]),
      ...(about === 'symbols' || every === undefined
        ? []
        : [source.place(ENVIRONMENT.everySeconds)]),
    ];
    source.problems.push(`${places.join(' and ')}: ${problem}`);
  }
  return sampling.ok ? sampling.value : null;
}

/**
 * If another server replaces the API, it also replaces the public files, so that no request reaches
 * Fyers by accident.
 */
export function masterUrlFor(apiUrl: string): string {
  return apiUrl === FYERS_API_URL ? FYERS_MASTER_URL : `${apiUrl}/sym_details`;
}

function countFromOne(text: string): number | null {
  return /^\d{1,6}$/.test(text) && Number(text) > 0 ? Number(text) : null;
}

function instantIn(text: string): Instant | null {
  try {
    return parseInstant(text);
  } catch {
    return null;
  }
}

function usageError(problem: string): FyersError {
  return new FyersError('operator.usage', problem, USAGE);
}

function configError(problems: readonly string[]): FyersError {
  return new FyersError('operator.config', `${problems.join('; ')}.`, USAGE);
}

function replacedBroker(apiUrl: string): string | null {
  const { hostname } = new URL(apiUrl);
  return hostname.endsWith('.fyers.in') ? null : hostname;
}
