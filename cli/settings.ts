// The settings of an operator's folder: `.env` wins over the process environment, as it does for the Pulumi program.
import { readCalendarFile } from '../adapters/files/calendar-file.ts';
import { readEnvFile } from '../adapters/files/operator-files.ts';
import { type Parsed, parseSuffix } from '../core/config.ts';
import { FyersError } from '../core/errors.ts';
import type { CalendarOptions } from '../core/market/calendar.ts';
import { parseOverridesText } from '../core/market/calendar-data.ts';
import { ENVIRONMENT, FYERS_API_URL, type Names, namesFor } from '../core/names.ts';
import type { Environment } from './io.ts';
import { withoutEndSlashes } from '../core/text.ts';

/** By a key's name in `.env`; null where it is given nowhere. An empty value counts as none. */
export type Settings = (name: string) => string | null;

/** @throws FyersError `operator.config` when `.env` is there and cannot be read */
export function settingsOf(folder: string, env: Environment): Settings {
  const { values, problems } = readEnvFile(folder);
  refuse(problems);
  return settingsIn(values, env);
}

/** @param values those of `.env` */
export function settingsIn(values: Environment, env: Environment): Settings {
  return (name) => nonEmpty(values[name]) ?? nonEmpty(env[name]);
}

/** @throws FyersError `operator.config` with all problems, when there are any; each is a full sentence */
export function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw configError(problems);
}

/** @throws FyersError `operator.config` naming the place */
export function valueOrStop<T>(place: string, parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw configError([`${place} ${parsed.problem}.`]);
}

/**
 * The operator's own days: FYERS_CALENDAR where it is given, else `calendar.json` of the folder.
 *
 * @throws FyersError `operator.config` where they are malformed
 */
export function calendarOf(folder: string, settings: Settings): CalendarOptions {
  const given = settings(ENVIRONMENT.calendar);
  if (given !== null) {
    return { overrides: valueOrStop(ENVIRONMENT.calendar, parseOverridesText(given)) };
  }
  const file = readCalendarFile(folder);
  if (file.kind === 'malformed') throw configError([file.problem]);
  return file.kind === 'days' ? { overrides: file.overrides } : {};
}

/** The same of the folder that a command was started in. */
export function ownDaysOf({ cwd, env }: { cwd: string; env: Environment }): CalendarOptions {
  return calendarOf(cwd, settingsOf(cwd, env));
}

export function apiUrlOf(settings: Settings): string {
  return withoutEndSlashes(settings(ENVIRONMENT.apiUrl) ?? FYERS_API_URL);
}

/**
 * The names of the stack that is meant.
 *
 * @param flag the value of `--suffix`; it wins over the settings
 * @throws FyersError `operator.config`
 */
export function namesOf(settings: Settings, flag: string | undefined): Names {
  return namesFor(suffixOf(settings, flag));
}

/** Empty for the reference's own names. The rest as {@link namesOf}. */
export function suffixOf(settings: Settings, flag: string | undefined): string {
  const text = flag ?? settings(ENVIRONMENT.suffix) ?? '';
  const place = flag === undefined ? ENVIRONMENT.suffix : '--suffix';
  return valueOrStop(place, parseSuffix(text));
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
    'Correct that; `npx --no-install fyers doctor` looks at every setting.',
  );
}

function nonEmpty(text: string | undefined): string | null {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? null : trimmed;
}

/** Whether a proof of the token reads market depth too: unless the operator records nothing (`FYERS_HARVESTER=false`). */
export function proofReads(settings: Settings): 'profile' | 'depth' {
  return settings('FYERS_HARVESTER') === 'false' ? 'profile' : 'depth';
}
