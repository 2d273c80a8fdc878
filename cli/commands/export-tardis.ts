// Exports the stored frames of a stream's day as Tardis CSV files (`./fyers export --format tardis`).
import path from 'node:path';
import { writeTardisFiles } from '../../adapters/recordings/tardis-files.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { plansIn } from '../../core/recording/day-events.ts';
import { instantOf } from '../../core/stream/frame-log.ts';
import { TARDIS_TYPES, type TardisType } from '../../core/stream/tardis.ts';
import { bookTopicsIn } from '../../core/stream/updates.ts';
import { quoteTopicsIn } from '../../core/stream/volume-steps.ts';
import { counted } from '../../core/text.ts';
import { phasesIn } from '../../harvester/calendar.ts';
import { exportUsageError, fileExistsError, notWritableError } from '../shared/export-errors.ts';
import type { Session } from '../shared/io.ts';
import { type OpenedRecording, type RecordingOptions, recordingOf } from '../shared/recordings.ts';
import { momentSelectionOf, namesIn, type SelectionOptions } from '../shared/selection.ts';
import { ownDaysOf, symbolsNamed, unknownSymbolText } from '../shared/settings.ts';

export interface TardisExportOptions extends RecordingOptions, SelectionOptions {
  readonly to: string;
  readonly compat?: true;
  readonly force?: true;
  readonly types?: string;
  readonly for?: 'nautilus';
}

export const DEFAULT_TYPES: readonly TardisType[] = ['incremental_book_L2', 'quotes'];

/** NautilusTrader refuses an exchange that Tardis does not have. Its `instrument_id` replaces it. */
const NAUTILUS_EXCHANGE = 'binance';

/** Exports one day. Segments of a day in the bucket are downloaded one after the other. */
export async function exportTardis(
  session: Session,
  what: string | undefined,
  options: TardisExportOptions,
): Promise<void> {
  const { io } = session;
  const types = typesIn(options);
  if (options.compat === true)
    throw exportUsageError('--compat is a CSV file of its own, not of Tardis.');
  const folder = path.resolve(io.cwd, options.to);
  await using recording = await recordingOf(session, what, options, { dataOnStdout: true });
  const { date, segments, events } = await framesOf(recording);
  const isFiveLevels = plansIn(events).every(({ feed }) => feed === 'hsm');
  if (isFiveLevels && types.includes('book_snapshot_25')) throw fiveLevelsError(recording.place);
  const isSelected = momentSelectionOf(options, date, phasesIn(events, ownDaysOf(io)));
  const isWritten = (symbol: string, at: number): boolean =>
    isSelected(symbol, instantOf(at), null);
  const written = await writeTardisFiles({
    ...{ segments, topics: bookTopicsIn(events), date, folder, types },
    quoteTopics: quoteTopicsIn(events),
    exchange: options.for === undefined ? null : NAUTILUS_EXCHANGE,
    isSelected: isWritten,
    onExisting: (file) => {
      if (options.force !== true) throw fileExistsError(file);
    },
    onProgress: ({ segment, segments: all, rows }) => {
      const part = `segment ${String(segment)} of ${String(all)}`;
      io.progress?.(`Writing: ${part}, ${rows.toLocaleString('en')} rows`);
    },
  })
    .catch((caught: unknown) => {
      throw caught instanceof FyersError ? caught : notWritableError(folder, toError(caught));
    })
    .finally(() => io.progress?.(''));
  const absent = (namesIn(options) ?? [])
    .filter((name) => ![...written.symbols].some(symbolsNamed([name])))
    .map((name) => unknownSymbolText(written.symbols, name));
  if (written.files.length === 0) throw noRowsError(recording.place, types, absent);
  const files = counted(written.files.length, 'file');
  io.out(`${counted(written.rows, 'row')} are in ${files} in ${path.relative(io.cwd, folder)}/.`);
  if (types.includes('trades')) io.err(written.hasTrades ? TRADES_TEXT : NO_TRADES_TEXT);
  for (const name of written.damaged)
    io.err(`${name} could not be read: its time is a gap. See it: \`./fyers check ${date}\`.`);
  // The gap after the last connection is the end of the day.
  const gaps = written.gaps.filter(
    ({ symbol, from, to }) => to !== null && isWritten(symbol, from),
  );
  if (gaps.length > 0)
    io.err(`${counted(gaps.length, 'gap')} of a book: its last levels stay until it begins again.`);
  for (const text of absent) io.err(text);
}

const TRADES_TEXT =
  'The rows of trades are steps of the traded volume, of unknown side: a step may be several trades.';
const NO_TRADES_TEXT =
  'There is no row of trades: HSM sent no volume that grew in the selected time.';

function typesIn({ types }: TardisExportOptions): readonly TardisType[] {
  if (types === undefined) return DEFAULT_TYPES;
  const names = types.split(',').map((name) => name.trim());
  const known = TARDIS_TYPES.filter((type) => names.includes(type));
  const unknown = names.find((name) => !known.some((type) => type === name));
  if (unknown === undefined) return known;
  throw exportUsageError(`--types "${unknown}" is not one of ${TARDIS_TYPES.join(', ')}.`);
}

async function framesOf({ date, frames, place, ...recording }: OpenedRecording) {
  if (date === null || (await frames.names()).length === 0) {
    throw new FyersError(
      'operator.usage',
      `${place} has no frames of a stream, which --format tardis is made from.`,
      'Record a day with them: `./fyers harvest --feed tbt`.',
    );
  }
  return { date, segments: frames, events: await recording.events() };
}

function fiveLevelsError(place: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} was recorded from HSM, whose books have five levels.`,
    'Export its five levels: `./fyers export --format tardis --types book_snapshot_5 --to FOLDER`.',
  );
}

function noRowsError(
  place: string,
  types: readonly TardisType[],
  absent: readonly string[],
): FyersError {
  const isOfTrades = types.every((type) => type === 'trades');
  const wanted = isOfTrades ? 'step of the traded volume' : 'book';
  return exportUsageError(
    absent.length > 0
      ? absent.join(' ')
      : `${place} has no ${wanted} that matches the selection. Nothing was written.`,
  );
}
