// Reads the settings of an operator's folder. `.env` overrides the process environment, as in the Pulumi program.
// Also matches symbol names as people write them (the broker's name, or an NSE share's ticker, in any case), and
// collects evidence about this machine's clock from server answers and tokens.
import { readCalendarFile } from '../../adapters/operator/calendar-file.ts';
import { type EnvFile, readEnvFile } from '../../adapters/operator/env-and-token-files.ts';
import { readIndexLists } from '../../adapters/operator/index-lists.ts';
import {
  type ClockFault,
  clockFaultWords,
  faultByServer,
  faultByToken,
  SET_CLOCK,
} from '../../core/clock-faults.ts';
import type { IndexLists } from '../../core/config/groups.ts';
import {
  configuredIndices,
  type FindSetting,
  type HarvesterPlan,
  harvestersOf,
} from '../../core/config/harvesters.ts';
import { environmentName, type Key, parseKeys } from '../../core/config/keys.ts';
import { type Parsed, parseEndpoint, parseSuffix, wholeName } from '../../core/config/values.ts';
import { FyersError } from '../../core/errors.ts';
import { parseOverridesText } from '../../core/market/calendar-data.ts';
import type { CalendarOverrides } from '../../core/market/calendar.ts';
import {
  ENVIRONMENT,
  FYERS_API_URL,
  type Names,
  namesFor,
  OPERATOR_FILES,
} from '../../core/config/names.ts';
import type { Clock } from '../../core/ports.ts';
import { type Instant, plus } from '../../core/time.ts';
import type { Environment, Io } from './io.ts';

/** Returns the value of a key of `.env`; null if it is not set. An empty value counts as not set. */
export type Settings = ((name: string) => string | null) & {
  /** Where the value is, and how to correct it there. */
  readonly placeOf: (name: string) => SettingPlace;
  /** The line of `.env` that has the key without a value; null if there is no such line. */
  readonly emptyLineOf: (name: string) => string | null;
};

interface SettingPlace {
  /** Such as `FYERS_PIN in /home/me/fyers/.env line 3`. */
  readonly place: string;
  /** A full sentence. */
  readonly fix: string;
  /** How to remove it there, a full sentence. */
  readonly removal: string;
}

/** @throws FyersError `operator.config` if `.env` exists and cannot be read */
export function settingsOf(folder: string, env: Environment): Settings {
  const file = readEnvFile(folder);
  throwIfProblems(file.problems);
  return settingsIn(file, env);
}

/** As {@link settingsOf}, but ignores problems in other lines of `.env`. */
export function settingsIn({ values, places }: EnvFile, env: Environment): Settings {
  const read = (name: string) => nonEmpty(values[name]) ?? nonEmpty(env[name]);
  const placeOf = (name: string): SettingPlace =>
    nonEmpty(values[name]) === null
      ? {
          place: `${name} in the environment`,
          fix: `Correct that variable, or run \`unset ${name}\`.`,
          removal: `Run \`unset ${name}\`.`,
        }
      : {
          place: `${name} in ${places[name] ?? OPERATOR_FILES.env}`,
          fix: 'Correct that line.',
          removal: 'Remove that line.',
        };
  const emptyLineOf = (name: string): string | null =>
    nonEmpty(values[name]) === null ? (places[name] ?? null) : null;
  return Object.assign(read, { placeOf, emptyLineOf });
}

/**
 * The keys that {@link plannedHarvesters} parses by their row in `core/config/keys.ts`; its other keys have their own
 * rules.
 */
export const PLAN_KEYS: readonly Key[] = ['feed', 'instanceType'];

interface PlannedHarvesters {
  readonly plans: readonly HarvesterPlan[];
  readonly lists: IndexLists;
  /** Full sentences with the next step: the reasons why `pulumi up` would refuse the recorded symbols. */
  readonly problems: readonly string[];
}

/** @param folder of `.env`, with the lists of the indices */
export function plannedHarvesters(folder: string, settings: Settings): PlannedHarvesters {
  const find: FindSetting = (key) => {
    const name = environmentName(key);
    const text = settings(name);
    return text === null ? null : { text, ...settings.placeOf(name) };
  };
  const { values, problems: ofKeys } = parseKeys(
    (key) => find(key)?.text ?? null,
    (text) => text,
  );
  const { lists, problems: ofLists } = readIndexLists(folder, configuredIndices(values));
  const problems = [
    ...ofKeys.flatMap(({ key, problem }) => {
      const found = PLAN_KEYS.includes(key) ? find(key) : null;
      return found === null ? [] : [`${found.place} ${problem}. ${found.fix}`];
    }),
    ...ofLists,
  ];
  const plans = harvestersOf(find, values, lists, problems);
  return { plans, lists, problems };
}

/**
 * Parses one value; null if it is not set.
 * @throws FyersError `operator.config` naming the place of the value
 */
export function parseSettingOrThrow<T>(
  settings: Settings,
  name: string,
  parse: (text: string) => Parsed<T>,
): T | null {
  const text = settings(name);
  if (text === null) return null;
  const parsed = parse(text);
  if (parsed.ok) return parsed.value;
  const { place, fix } = settings.placeOf(name);
  throw configError([`${place} ${parsed.problem}. ${fix}`]);
}

/** @throws FyersError `operator.config` listing all problems if there are any; each is a full sentence */
export function throwIfProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw configError(problems);
}

/** @throws FyersError `operator.config` naming the place */
export function parseOrThrow<T>(place: string, parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw configError([`${place} ${parsed.problem}.`]);
}

/**
 * The operator's calendar overrides: FYERS_CALENDAR if set, else `calendar.json` of the folder.
 * @throws FyersError `operator.config` if they are malformed
 */
export function calendarOf(folder: string, settings: Settings): CalendarOverrides {
  const overrides = parseSettingOrThrow(settings, ENVIRONMENT.calendar, parseOverridesText);
  if (overrides !== null) return { overrides };
  const file = readCalendarFile(folder);
  if (file.kind === 'malformed') throw configError([file.problem]);
  return file.kind === 'days' ? { overrides: file.overrides } : {};
}

/** As {@link calendarOf}, for the working directory. */
export function readOverrides({ cwd, env }: { cwd: string; env: Environment }): CalendarOverrides {
  return calendarOf(cwd, settingsOf(cwd, env));
}

/** @throws FyersError `operator.config` for an address to which a token must not be sent */
export function apiUrlOf(settings: Settings): string {
  return parseSettingOrThrow(settings, ENVIRONMENT.apiUrl, parseEndpoint) ?? FYERS_API_URL;
}

/**
 * The selected stack's names.
 * @param flag the value of `--suffix`; it overrides the settings
 * @throws FyersError `operator.config`
 */
export function namesOf(settings: Settings, flag: string | undefined): Names {
  return namesFor(suffixOf(settings, flag));
}

/** Empty for the Python original's names. Otherwise as {@link namesOf}. */
export function suffixOf(settings: Settings, flag: string | undefined): string {
  if (flag !== undefined) return parseOrThrow('--suffix', parseSuffix(flag));
  return parseSettingOrThrow(settings, ENVIRONMENT.suffix, parseSuffix) ?? '';
}

function configError(problems: readonly string[]): FyersError {
  const count = `${String(problems.length)} ${problems.length === 1 ? 'problem' : 'problems'}`;
  return new FyersError(
    'operator.config',
    [
      `${count} in the configuration; nothing was changed.`,
      ...problems.map((problem) => `  - ${problem}`),
      ' ',
    ].join('\n'),
    'Correct that; `./fyers doctor` checks every setting.',
  );
}

function nonEmpty(text: string | undefined): string | null {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? null : trimmed;
}

/** Proving a token also reads market depth, unless the operator records nothing (`FYERS_HARVESTER=false`). */
export function proofReads(settings: Settings): 'profile' | 'depth' {
  return settings('FYERS_HARVESTER') === 'false' ? 'profile' : 'depth';
}

/** Matches recorded symbols: `NSE:SBIN-EQ` matches `SBIN`, `sbin` and `nse:sbin-eq`. */
export function symbolsNamed(names: readonly string[]): (symbol: string) => boolean {
  const wanted = new Set(names.map(wholeName));
  return (symbol) => wanted.has(symbol.toUpperCase());
}

/** Message for a name that matches no recorded symbol. */
export function unknownSymbolText(symbols: ReadonlySet<string>, name: string): string {
  return `${name === '' ? '""' : name} is not in it; there are ${[...symbols].sort().join(', ') || 'no rows'}.`;
}

export interface ClockCheck {
  /** Listener for the broker's adapter: the `Date` header of an answer that has just arrived. */
  readonly onServerTime: (serverTime: Instant) => void;
  /** A token that was read or has just been issued. */
  readonly onToken: (token: string | null) => void;
  /** Null without evidence that the clock is wrong. A server's answer has priority over a token. */
  readonly fault: () => ClockFault | null;
  /** Current time, corrected by the fault. */
  readonly rightTime: () => Instant;
}

/** Warns in a command that succeeded in spite of the wrong clock. */
export function warnOfClock({ err }: Pick<Io, 'err'>, check: ClockCheck): void {
  const fault = check.fault();
  if (fault !== null) err(`${clockFaultWords(fault)} ${SET_CLOCK}`);
}

export function clockCheck(clock: Pick<Clock, 'now'>): ClockCheck {
  let byServer: ClockFault | null | undefined;
  let byToken: ClockFault | null = null;
  const fault = (): ClockFault | null => (byServer === undefined ? byToken : byServer);
  return {
    onServerTime(serverTime) {
      byServer = faultByServer(serverTime, clock.now(), "the time of Fyers' answer");
    },
    onToken(token) {
      const found = faultByToken(token, clock.now());
      if ((found?.offMs ?? 0) > (byToken?.offMs ?? 0)) byToken = found;
    },
    fault,
    rightTime: () => plus(clock.now(), fault()?.offMs ?? 0),
  };
}
