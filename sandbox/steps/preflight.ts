// Checks everything that can stop `npm start`, before anything is created. Its messages are for a person who has
// neither AWS nor Pulumi, so it also applies the rules of `.env`, although the program applies them again.
import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { readCalendarFile } from '../../adapters/operator/calendar-file.ts';
import { readEnvFile, readTokenFiles } from '../../adapters/operator/env-and-token-files.ts';
import { readIndexLists } from '../../adapters/operator/index-lists.ts';
import { indicesIn, isGroup } from '../../core/config/groups.ts';
import { environmentName, type Key } from '../../core/config/keys.ts';
import { parseFeed, streamProblems } from '../../core/config/stream-limits.ts';
import { OPERATOR_FILES, REFERENCE_SYMBOLS } from '../../core/config/names.ts';
import {
  parseAppId,
  parseAppSecret,
  parseFyId,
  parsePin,
  parseSampling,
  type Parsed,
} from '../../core/config/values.ts';
import { errnoOf, FyersError, toError } from '../../core/errors.ts';
import { dayOf } from '../../core/market/calendar.ts';
import { parseOverridesText, type Override } from '../../core/market/calendar-data.ts';
import { type SessionPlan, slotsOf } from '../../core/market/phases.ts';
import { formatHhMm, type Instant, instant, plus, type IstDate } from '../../core/time.ts';
import { existingEmulator, isInstalled } from '../aws/emulator.ts';
import { envValue } from '../operator-folder.ts';
import { MARKER } from './afterwards.ts';

export interface Wanted {
  readonly date: IstDate;
  /** The user's folder; null: an invented one. */
  readonly env: string | null;
  /** Null: the one of the folder's `.env`, or `rest`. */
  readonly feed: string | null;
  readonly data: string;
  /** True: the recording of an earlier run may be replaced. */
  readonly isDefaultData: boolean;
}

/** Facts that the run needs later. */
export interface Preflight {
  readonly session: SessionPlan;
  /** False: the first step takes longer. */
  readonly isEmulatorInstalled: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

/** @throws FyersError of the family `operator` with every problem of the first kind that it finds. */
export async function preflight(wanted: Wanted, env: Env): Promise<Preflight> {
  const overrides = wanted.env === null ? [] : await checkFolder(wanted.env, wanted.feed);
  const session = sessionOn(wanted.date, overrides);
  await checkData(wanted);
  return { session, isEmulatorInstalled: await checkEmulator(env) };
}

/** Slots of all symbols that the instance's environment asks for; 0: there is a group, whose size is not known. */
export function expectedRows(session: SessionPlan, environment: Env): number {
  const names = (environment['FYERS_SYMBOLS'] ?? '').split(',');
  return names.some(isGroup) ? 0 : names.length * slotsOn(session, environment).length;
}

/** The grid of the instance's environment. */
export function slotsOn(session: SessionPlan, environment: Env): readonly Instant[] {
  return slotsOf(session, Number(environment['FYERS_EVERY_SECONDS'] ?? '5'));
}

/** A time of day in the middle of continuous trading, `12:20`. */
export function timeInside(session: SessionPlan): string {
  const { phases, opensAt, closesAt } = session;
  const found = phases.find(({ name }) => name === 'CONTINUOUS');
  const { from, to } = found ?? { from: opensAt, to: closesAt };
  return formatHhMm(plus(instant(from), (to - from) / 2));
}

function sessionOn(date: IstDate, overrides: readonly Override[]): SessionPlan {
  const day = dayOf(date, { overrides });
  if (day.kind === 'open') return day.plan;
  throw new FyersError(
    'operator.usage',
    `NSE does not trade on ${date} (${day.why}), so there is nothing to record.`,
    'Name a trading day: `npm start -- --date 2026-11-25`; `./fyers calendar 2026` lists them.',
  );
}

async function checkFolder(dir: string, feed: string | null): Promise<readonly Override[]> {
  const file = path.join(dir, OPERATOR_FILES.env);
  try {
    await access(file, constants.R_OK);
  } catch (caught) {
    const cause = toError(caught);
    throw new FyersError(
      'operator.config',
      `--env ${dir}: ${file} cannot be read (${errnoOf(cause) || cause.message}).`,
      'Name a folder that has your .env, or leave --env out to use an invented account.',
      { cause },
    );
  }
  const { values, places, problems } = readEnvFile(dir);
  const asked = feed ?? envValue(values, 'feed') ?? 'rest';
  const found = [...problems, ...valueProblems({ dir, values, places, file, asked })];
  found.push(...readTokenFiles(dir, values[environmentName('clientId')] ?? null).problems);
  const calendar = readCalendarFile(dir);
  if (calendar.kind === 'malformed') found.push(calendar.problem);
  if (found.length === 0) {
    const own = parseOverridesText(values[environmentName('calendar')] ?? '');
    if (own.ok) return own.value;
    return calendar.kind === 'days' ? calendar.overrides : [];
  }
  throw new FyersError(
    'operator.config',
    [
      'Nothing was started, because of these problems:',
      ...found.map((problem) => `  - ${problem}`),
    ].join('\n'),
    '\nCorrect them and run the command again, or leave --env out to use an invented account.',
  );
}

interface FolderValues {
  readonly dir: string;
  readonly values: Readonly<Record<string, string>>;
  readonly places: Readonly<Record<string, string>>;
  readonly file: string;
  /** The feed, as the operator wrote it. */
  readonly asked: string;
}

function valueProblems({ dir, values, places, file, asked }: FolderValues): readonly string[] {
  const valueOf = (key: Key) => envValue(values, key);
  const check = <T>(key: Key, parse: (text: string) => Parsed<T>): readonly string[] => {
    const name = environmentName(key);
    const value = valueOf(key);
    const parsed = value === null ? null : parse(value);
    return parsed === null || parsed.ok
      ? []
      : [`${name} in ${places[name] ?? file} ${parsed.problem}.`];
  };
  const missing = (['clientId', 'secretKey'] as const).filter((key) => valueOf(key) === null);
  const feed = parseFeed(asked);
  const listed = readIndexLists(dir, indicesIn(valueOf('symbols') ?? ''));
  const sampling = parseSampling(
    valueOf('symbols') ?? REFERENCE_SYMBOLS.join(','),
    valueOf('everySeconds') ?? '5',
    feed.ok ? feed.value : 'rest',
    listed.lists,
  );
  const streams =
    sampling.ok && feed.ok
      ? streamProblems([{ ...sampling.value, feed: feed.value }], listed.lists)
      : [];
  return [
    ...missing.map((key) => `${environmentName(key)} is missing in ${file}.`),
    ...check('clientId', parseAppId),
    ...check('secretKey', parseAppSecret),
    ...check('pin', parsePin),
    ...check('fyId', parseFyId),
    ...listed.problems,
    ...(sampling.ok ? [] : [`${file}: ${sampling.problem}.`]),
    ...(feed.ok
      ? []
      : [
          `${environmentName('feed')} in ${places[environmentName('feed')] ?? file} ${feed.problem}.`,
        ]),
    ...streams.map((problem) => `${file}: ${problem}.`),
  ];
}

async function checkData({ data, date, isDefaultData }: Wanted): Promise<void> {
  const found = await stat(data).catch(() => null);
  const refuse = (problem: string): never => {
    throw new FyersError(
      'operator.usage',
      problem,
      'Name another folder: `npm start -- --data DIR`.',
    );
  };
  if (found === null) {
    const parent = path.dirname(path.resolve(data));
    const isWritable = await access(parent, constants.W_OK).then(
      () => true,
      () => false,
    );
    // A deeper path is made folder by folder; only an existing parent can be checked.
    const exists = (await stat(parent).catch(() => null)) !== null;
    if (exists && !isWritable) refuse(`${data} cannot be created: ${parent} is not writable.`);
    return;
  }
  if (!found.isDirectory()) refuse(`${data} is not a folder.`);
  const names = await readdir(data);
  if (isDefaultData) {
    if (names.length > 0 && !names.includes(MARKER)) {
      refuse(`${data} was not created by npm start, so it is not replaced.`);
    }
    return;
  }
  const day = await stat(path.join(data, 'days', date)).catch(() => null);
  if (day !== null) refuse(`--data ${data} already has ${date}; nothing was changed.`);
}

/** Returns whether the emulator is installed. */
async function checkEmulator(env: Env): Promise<boolean> {
  const endpoint = env['AWS_ENDPOINT_URL'] ?? '';
  const isOfRun = endpoint !== '' && (env['FYERS_API_URL'] ?? env['FYERS_BUCKET']) !== undefined;
  if (isOfRun) throw otherRunError(endpoint, 'This terminal has the settings of another run');
  const existing = await existingEmulator(env);
  if (existing === null) return isInstalled();
  // Imported late: AWS clients take long to load.
  const { storedToken, TOKEN } = await import('./token.ts');
  const token = await storedToken(existing, TOKEN).catch(() => null);
  if (token !== null) throw otherRunError(endpoint, 'Another run is still running');
  return true;
}

function otherRunError(endpoint: string, problem: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${problem}: AWS_ENDPOINT_URL is ${endpoint}.`,
    'Use a new terminal, or run `unset AWS_ENDPOINT_URL AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY FYERS_API_URL FYERS_BUCKET`, then run the command again.',
  );
}
