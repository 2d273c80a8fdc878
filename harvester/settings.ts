// Parses the harvester's arguments and environment. Reports all problems in one error.
import { parseArgs } from 'node:util';
import {
  type Parsed,
  type SamplingPlan,
  parseEndpoint,
  parseSampling,
  parseShard,
  parseSuffix,
} from '../core/config/values.ts';
import { type ConfiguredFeed, parseFeed, streamProblems } from '../core/config/stream-limits.ts';
import { readDate } from '../core/date-text.ts';
import { FyersError, toError } from '../core/errors.ts';
import {
  ENVIRONMENT,
  FYERS_API_URL,
  FYERS_MASTER_URL,
  REFERENCE_SYMBOLS,
} from '../core/config/names.ts';
import { type Instant, type IstDate, formatIso, parseInstant } from '../core/time.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface HarvestSettings {
  readonly kind: 'harvest';
  readonly sampling: SamplingPlan;
  readonly feed: ConfiguredFeed;
  readonly suffix: string;
  readonly apiUrl: string;
  /** The host of `apiUrl`, if it is not one of Fyers' own: the recorded day names it. */
  readonly broker: string | null;
  readonly masterUrl: string;
  readonly dataDir: string;
  readonly shard: number;
  readonly debug: boolean;
  /** Also write the reference CSV file. */
  readonly compat: boolean;
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

const inEnvironment: PlaceOf = (name) => `${name} in the environment`;

/**
 * @throws FyersError `operator.usage` for an unknown argument, `operator.config` with every invalid
 * value
 */
export function parseSettings(
  argv: readonly string[],
  env: Environment,
  placeOf: PlaceOf = inEnvironment,
): HarvestSettings | CompactSettings {
  const { values, positionals } = parseArguments(argv);
  const problems: string[] = [];
  const requireValue = <T>(value: T | null, problem: string): T | null => {
    if (value === null) problems.push(problem);
    return value;
  };
  const dataDir = values.data ?? env[ENVIRONMENT.dataDir] ?? 'harvested_data';
  const place = (flag: string | undefined, name: string): string =>
    flag === undefined ? placeOf(name) : `--${FLAGS[name] ?? ''}`;
  const valueIn = <T>(where: string, parsedValue: Parsed<T>): T | null => {
    if (!parsedValue.ok) problems.push(`${where} ${parsedValue.problem}`);
    return parsedValue.ok ? parsedValue.value : null;
  };
  const shard = valueIn(
    place(values.shard, ENVIRONMENT.shard),
    parseShard(values.shard ?? env[ENVIRONMENT.shard] ?? '0'),
  );
  if (positionals[0] === 'compact') {
    const date = valueIn('--date', readDate(values.date ?? ''));
    if (date === null || shard === null) throw configError(problems);
    return { kind: 'compact', dataDir, date, shard };
  }
  if (positionals.length > 0)
    throw usageError(`"${positionals.join(' ')}" is not a known argument.`);
  const feed = valueIn(
    place(values.feed, ENVIRONMENT.feed),
    parseFeed(values.feed ?? env[ENVIRONMENT.feed] ?? 'rest'),
  );
  const sampling = samplingIn(values, env, { place, problems }, feed ?? 'rest');
  if (sampling !== null && feed !== null) {
    problems.push(...streamProblems([{ ...sampling, feed }]));
  }
  const suffix = env[ENVIRONMENT.suffix] ?? '';
  valueIn(placeOf(ENVIRONMENT.suffix), parseSuffix(suffix));
  const endpointIn = (name: string): string | null => {
    const text = env[name];
    return text === undefined ? null : valueIn(placeOf(name), parseEndpoint(text));
  };
  const apiUrl = endpointIn(ENVIRONMENT.apiUrl);
  const masterUrl = endpointIn(ENVIRONMENT.masterUrl);
  const sessions = parseOptional(values.days, (text) =>
    requireValue(countFromOne(text), '--days must be a whole number from 1'),
  );
  const until = parseOptional(values.until, (text) =>
    requireValue(
      instantIn(text),
      '--until must be a time with its offset, such as 2026-11-25T16:00:00+05:30',
    ),
  );
  if (sampling === null || feed === null || shard === null || problems.length > 0) {
    throw configError(problems);
  }
  return {
    kind: 'harvest',
    sampling,
    feed,
    suffix,
    apiUrl: apiUrl ?? FYERS_API_URL,
    broker: replacedBroker(apiUrl ?? FYERS_API_URL),
    masterUrl: masterUrl ?? masterUrlBeside(apiUrl),
    dataDir,
    shard,
    debug: values.debug,
    compat: values.compat,
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

/** Flags that override an environment variable. */
const FLAGS: Readonly<Record<string, string>> = {
  [ENVIRONMENT.symbols]: 'symbols',
  [ENVIRONMENT.everySeconds]: 'every',
  [ENVIRONMENT.feed]: 'feed',
  [ENVIRONMENT.shard]: 'shard',
};

interface Report {
  readonly place: (flag: string | undefined, name: string) => string;
  readonly problems: string[];
}

function samplingIn(
  values: { readonly symbols?: string | undefined; readonly every?: string | undefined },
  env: Environment,
  { place, problems }: Report,
  feed: ConfiguredFeed,
): SamplingPlan | null {
  const symbols = values.symbols ?? env[ENVIRONMENT.symbols];
  const every = values.every ?? env[ENVIRONMENT.everySeconds];
  const sampling = parseSampling(
    symbols ?? REFERENCE_SYMBOLS.join(','),
    (every ?? '5').replace(/s$/, ''),
    feed,
  );
  for (const { about, problem } of sampling.faults) {
    const places = [
      ...(about === 'everySeconds' || symbols === undefined
        ? []
        : [place(values.symbols, ENVIRONMENT.symbols)]),
      ...(about === 'symbols' || every === undefined
        ? []
        : [place(values.every, ENVIRONMENT.everySeconds)]),
    ];
    problems.push(`${places.join(' and ')}: ${problem}`);
  }
  return sampling.ok ? sampling.value : null;
}

/**
 * If another server replaces the API, it also replaces the public files, so that no request reaches
 * Fyers by accident.
 */
function masterUrlBeside(apiUrl: string | null): string {
  return apiUrl === null || apiUrl === FYERS_API_URL ? FYERS_MASTER_URL : `${apiUrl}/sym_details`;
}

function parseOptional<T>(text: string | undefined, parse: (text: string) => T): T | null {
  return text === undefined ? null : parse(text);
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
