// Selects rows of a recording by symbol, phase and time of day.
import { symbolNames } from '../../core/config/values.ts';
import { type RecordedRow, numberColumn, textColumn } from '../../core/recording/rows.ts';
import { PHASE_NAMES } from '../../core/market/phases.ts';
import type { PhaseOfSymbol } from '../../core/market/symbol-plan.ts';
import { type Instant, type IstDate, instant, timeOfDay } from '../../core/time.ts';
import { FyersError } from '../../core/errors.ts';
import { symbolsNamed } from './settings.ts';

export interface SelectionOptions {
  readonly symbols?: string;
  readonly phase?: string;
  readonly from?: string;
  readonly until?: string;
}

const symbolOf = textColumn('symbol');
const timestampOf = numberColumn('timestamp');
const phaseOf = textColumn('phase');

/** Names of --symbols as written; null without the option. */
export function namesIn({ symbols }: SelectionOptions): readonly string[] | null {
  if (symbols === undefined) return null;
  const names = symbolNames(symbols);
  // An empty list would select nothing. No recording has an empty name, so this one is reported as
  // unknown.
  return names.length === 0 ? [''] : names;
}

/**
 * @param phaseOn phase of a row that is not compacted yet
 * @throws FyersError `operator.usage` for an unknown phase, an invalid time, or an empty time range
 */
export function selectionOf(
  options: SelectionOptions,
  date: IstDate | null,
  phaseOn: PhaseOfSymbol,
): (row: RecordedRow) => boolean {
  const isSelected = momentSelectionOf(options, date, phaseOn);
  return (row) =>
    isSelected(symbolOf(row) ?? '', instant(timestampOf(row) ?? 0), phaseOf(row) ?? null);
}

/**
 * As `selectionOf`, for updates and gaps, which have a symbol and an instant but are not rows.
 *
 * @throws FyersError as `selectionOf` does
 */
export function momentSelectionOf(
  options: SelectionOptions,
  date: IstDate | null,
  phaseOn: PhaseOfSymbol,
): (symbol: string, at: Instant, recordedPhase: string | null) => boolean {
  const names = namesIn(options);
  const isMeant = names === null ? null : symbolsNamed(names);
  const phase = options.phase?.toUpperCase();
  if (phase !== undefined && !PHASE_NAMES.some((name) => name === phase)) {
    throw exportUsageError(
      `--phase "${options.phase ?? ''}" is not one of ${PHASE_NAMES.join(', ')}.`,
    );
  }
  const from = timeOf('--from', options.from, date) ?? -Infinity;
  const until = timeOf('--until', options.until, date) ?? Infinity;
  if (from >= until) {
    throw exportUsageError(
      `--from ${options.from ?? ''} is not before --until ${options.until ?? ''}.`,
    );
  }
  return (symbol, at, recordedPhase) => {
    if (at < from || at >= until) return false;
    if (isMeant?.(symbol) === false) return false;
    if (phase === undefined) return true;
    return (recordedPhase ?? phaseOn(symbol, at)?.name) === phase;
  };
}

function timeOf(flag: string, text: string | undefined, date: IstDate | null): Instant | null {
  if (text === undefined) return null;
  const at = date === null ? null : timeOfDay(date, text);
  if (at === null)
    throw exportUsageError(`${flag} "${text}" is not a time of day (HH:MM or HH:MM:SS).`);
  return at;
}

/** @param problem a full sentence */
export function exportUsageError(problem: string): FyersError {
  return new FyersError('operator.usage', problem, 'See `./fyers export --help`.');
}
