// Exports all or part of a recording as CSV or Parquet, and the stored frames of a stream's day as Tardis CSV files
// (`./fyers export`).
import { createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Command, Option } from 'commander';
import { removeAtEnd } from '../../adapters/process/stop-signal.ts';
import { writeTardisFiles } from '../../adapters/recordings/tardis-files.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { RECORDED_COLUMNS } from '../../core/recording/columns.ts';
import { REFERENCE_CSV_HEADER, referenceCsvLineOf } from '../../core/recording/csv-files.ts';
import { plansIn } from '../../core/recording/day-events.ts';
import { type RowGroup, groupOf } from '../../core/recording/row-group.ts';
import { type RecordedRow, textColumn } from '../../core/recording/rows.ts';
import { instantOf } from '../../core/stream/frame-log.ts';
import { TARDIS_TYPES, type TardisType } from '../../core/stream/tardis.ts';
import { bookTopicsIn } from '../../core/stream/updates.ts';
import { quoteTopicsIn } from '../../core/stream/volume-steps.ts';
import { counted } from '../../core/text.ts';
import { formatIso, instant } from '../../core/time.ts';
import { phasesIn } from '../../harvester/calendar.ts';
import type { Session } from '../shared/io.ts';
import { PROBLEMS_EXIT_CODE } from '../shared/judgement.ts';
import {
  type OpenedRecording,
  recordingOf,
  withRecordingOptions,
  type RecordingOptions,
} from '../shared/recordings.ts';
import {
  type SelectionOptions,
  exportUsageError,
  namesIn,
  selectionOf,
  momentSelectionOf,
} from '../shared/selection.ts';
import { unknownSymbolText, readOverrides, symbolsNamed } from '../shared/settings.ts';
import { startCounter } from '../shared/terminal.ts';

interface TardisExportOptions extends RecordingOptions, SelectionOptions {
  readonly to: string;
  readonly compat?: true;
  readonly force?: true;
  readonly types?: string;
  readonly for?: 'nautilus';
}

interface ExportOptions extends TardisExportOptions {
  readonly format?: 'tardis';
}

const DEFAULT_TYPES: readonly TardisType[] = ['incremental_book_L2', 'quotes'];

/** NautilusTrader refuses exchanges that Tardis does not have. The reader's `instrument_id` replaces this one. */
const NAUTILUS_EXCHANGE = 'binance';

const GROUP = 20_000;
const symbolOf = textColumn('symbol');

export function addExport(program: Command, session: Session): void {
  withRecordingOptions(
    program
      .command('export')
      .description('Export all or some rows of a recording as CSV or Parquet.')
      .argument('[what]', 'a date, or a file of any kind (default: the latest day)')
      .requiredOption('--to <FILE>', 'the output file: FILE.csv, FILE.csv.gz or FILE.parquet')
      .addOption(
        new Option(
          '--format <FORMAT>',
          "every book of a stream's day, as CSV files of this format in the folder --to",
        ).choices(['tardis']),
      )
      .option(
        '--types <A,B>',
        `kinds of Tardis files: ${TARDIS_TYPES.join(', ')} (default: ${DEFAULT_TYPES.join(',')})`,
      )
      .addOption(
        new Option(
          '--for <READER>',
          'Tardis files with an exchange that this reader accepts',
        ).choices(['nautilus']),
      )
      .option('--symbols <A,B>', 'only these symbols: NSE:SBIN-EQ, or SBIN')
      .option('--phase <PHASE>', 'only this phase, such as CAS_ENTRY')
      .option('--from <HH:MM>', 'at or after this time of the day')
      .option('--until <HH:MM>', 'before this time of the day')
      .option(
        '--compat',
        "CSV in the Python original's form: 25 columns, 09:15 to 15:30, 0 for missing values",
      )
      .option('--force', 'overwrite an existing file'),
  )
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Rows are in the order in which they were received. Incomplete lines are left out and counted. Phase and marks are columns
of a compacted day; for any other recording --phase uses the calendar, and the output has no such columns.
With --format tardis a segment of frames that is missing or damaged is a gap, and the exit code is 4.

Examples:
  $ ./fyers export 2026-11-25 --s3 --to wednesday.parquet
  $ ./fyers export --symbols SBIN --phase CAS_ENTRY --to auction.csv
  $ ./fyers export 2026-11-25 --compat --to market_depth_2026-11-25.csv
  $ ./fyers export 2026-11-25 --format tardis --symbols SBIN --to tardis`,
    )
    .action((what: string | undefined, options: ExportOptions) =>
      options.format === undefined
        ? exportRows(session, what, options)
        : exportTardis(session, what, options),
    );
}

type Form = 'csv' | 'csv.gz' | 'parquet';

async function exportRows(
  session: Session,
  what: string | undefined,
  options: ExportOptions,
): Promise<void> {
  const { io } = session;
  if (options.types !== undefined || options.for !== undefined)
    throw exportUsageError('--types and --for are options of --format tardis.');
  const form = formOf(options);
  const file = path.resolve(io.cwd, options.to);
  if (options.force !== true && (await stat(file).catch(() => null)) !== null)
    throw fileExistsError(file);
  await using recording = await recordingOf(session, what, options, { dataOnStdout: true });
  using counter = startCounter(io, 'Writing');
  const phaseOn = phasesIn(await recording.events(), readOverrides(io));
  const isSelected = selectionOf(options, recording.date, phaseOn);
  const picked = selectRows(recording, options, { isSelected, onRow: counter.show });
  await using _partial = removeAtEnd(`${file}.partial`, 'file');
  try {
    if (form === 'parquet') await writeParquetFile(file, recording, picked.rows);
    else if (options.compat === true) await writeText(file, form, referenceCsvLines(picked.rows));
    else await writeText(file, form, csvLines(recording, picked.rows));
  } catch (caught) {
    if (caught instanceof FyersError) throw caught;
    throw notWritableError(file, toError(caught));
  }
  const { written, unreadable, symbols } = picked.counts();
  const to = path.relative(io.cwd, file);
  io.out(`${counted(written, 'row')} ${written === 1 ? 'is' : 'are'} in ${to}.`);
  if (unreadable > 0) {
    const were = unreadable === 1 ? 'was' : 'were';
    const why = await recording.whyUnreadable();
    const first = why === null ? '' : ` The first: ${why}.`;
    io.err(`${counted(unreadable, 'line')} could not be read, and ${were} left out.${first}`);
  }
  for (const name of findAbsentNames(options, symbols)) io.err(unknownSymbolText(symbols, name));
}

function formOf({ to, compat }: ExportOptions): Form {
  const form = (['csv.gz', 'csv', 'parquet'] as const).find((ending) => to.endsWith(`.${ending}`));
  if (form === undefined)
    throw exportUsageError(`--to ${to} must end in .csv, .csv.gz or .parquet.`);
  if (compat === true && form === 'parquet')
    throw exportUsageError('--compat writes CSV, but --to names a Parquet file.');
  return form;
}

interface Picking {
  readonly isSelected: (row: RecordedRow) => boolean;
  readonly onRow: (rows: number) => void;
}

function selectRows(
  recording: OpenedRecording,
  options: ExportOptions,
  { isSelected, onRow }: Picking,
) {
  const isWritten = (row: RecordedRow) =>
    isSelected(row) && (options.compat !== true || referenceCsvLineOf(row) !== null);
  let [written, unreadable, read] = [0, 0, 0];
  const symbols = new Set<string>();
  async function* rows(): AsyncGenerator<RecordedRow> {
    for await (const row of recording.rows()) {
      onRow((read += 1));
      if (row === null) {
        unreadable += 1;
        continue;
      }
      symbols.add(symbolOf(row) ?? '');
      if (!isWritten(row)) continue;
      written += 1;
      yield row;
    }
    // The output is still a temporary file, so an existing file is kept.
    if (written === 0) throw noRowsError(recording.place, options, symbols);
  }
  return { rows: rows(), counts: () => ({ written, unreadable, symbols }) };
}

function findAbsentNames(
  options: SelectionOptions,
  symbols: ReadonlySet<string>,
): readonly string[] {
  const names = namesIn(options) ?? [];
  return names.filter((name) => ![...symbols].some(symbolsNamed([name])));
}

async function* referenceCsvLines(rows: AsyncIterable<RecordedRow>): AsyncGenerator<string> {
  yield `${REFERENCE_CSV_HEADER}\n`;
  for await (const row of rows) yield `${referenceCsvLineOf(row) ?? ''}\n`;
}

/** Writes the columns that the recording has, so that a reader detects the same format again. */
async function* csvLines(
  { columns }: OpenedRecording,
  rows: AsyncIterable<RecordedRow>,
): AsyncGenerator<string> {
  const writtenRows = RECORDED_COLUMNS.flatMap(({ name, kind }, index) =>
    columns.has(name) ? [{ name, kind, index }] : [],
  );
  yield `${writtenRows.map(({ name }) => name).join(',')}\n`;
  for await (const row of rows) {
    const texts = writtenRows.map(({ kind, index }) => {
      const cell = row[index] ?? null;
      if (cell === null) return '';
      return kind === 'timestamp' ? formatIso(instant(Number(cell))) : String(cell);
    });
    yield `${texts.join(',')}\n`;
  }
}

/** Writes to a temporary file first, so that the target is complete or unchanged. */
async function writeText(file: string, form: Form, lines: AsyncIterable<string>): Promise<void> {
  const to = createWriteStream(`${file}.partial`);
  if (form === 'csv.gz') await pipeline(Readable.from(lines), createGzip(), to);
  else await pipeline(Readable.from(lines), to);
  await rename(`${file}.partial`, file);
}

/** Uses the schema of a day's Parquet file. Rows of the Python original leave the newer columns empty. */
async function writeParquetFile(
  file: string,
  { required }: OpenedRecording,
  rows: AsyncIterable<RecordedRow>,
): Promise<void> {
  const { writeParquet } = await import('../../adapters/recordings/parquet/parquet.ts');
  const columns = RECORDED_COLUMNS.map((column) => ({
    ...column,
    nullable: column.nullable || !required.has(column.name),
  }));
  await writeParquet(file, columns, groupRows(rows));
}

async function* groupRows(rows: AsyncIterable<RecordedRow>): AsyncGenerator<RowGroup> {
  let group: RecordedRow[] = [];
  for await (const row of rows) {
    group.push(row);
    if (group.length < GROUP) continue;
    yield groupOf(RECORDED_COLUMNS, group);
    group = [];
  }
  if (group.length > 0) yield groupOf(RECORDED_COLUMNS, group);
}

function noRowsError(
  place: string,
  options: ExportOptions,
  symbols: ReadonlySet<string>,
): FyersError {
  const absent = findAbsentNames(options, symbols);
  if (symbols.size > 0 && absent.length > 0)
    return exportUsageError(absent.map((name) => unknownSymbolText(symbols, name)).join(' '));
  const hours = options.compat === true ? ', in the hours of the Python original,' : '';
  return exportUsageError(
    symbols.size === 0
      ? `${place} has no rows.`
      : `${place} has rows, but none${hours} matches the selection. Nothing was written.`,
  );
}

/** Exports one day's frames. Segments of a day in the bucket are downloaded one after the other. */
async function exportTardis(
  session: Session,
  what: string | undefined,
  options: TardisExportOptions,
): Promise<void> {
  const { io } = session;
  const types = typesIn(options);
  if (options.compat === true)
    throw exportUsageError('--compat and --format tardis are two formats: choose one.');
  const folder = path.resolve(io.cwd, options.to);
  await using recording = await recordingOf(session, what, options, { dataOnStdout: true });
  const { date, segments, events } = await framesOf(recording);
  const isFiveLevels = plansIn(events).every(({ feed }) => feed === 'hsm');
  if (isFiveLevels && types.includes('book_snapshot_25')) throw fiveLevelsError(recording.place);
  const isSelected = momentSelectionOf(options, date, phasesIn(events, readOverrides(io)));
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
  const place = recording.bucket === null ? '' : ' --s3';
  for (const name of written.damaged)
    io.err(
      `${name} is missing or damaged: its time is a gap. See: \`./fyers check ${date}${place}\`.`,
    );
  if (written.damaged.length > 0) session.exitWith(PROBLEMS_EXIT_CODE);
  const absent = (namesIn(options) ?? [])
    .filter((name) => ![...written.symbols].some(symbolsNamed([name])))
    .map((name) => unknownSymbolText(written.symbols, name));
  if (written.files.length === 0) throw noTardisRowsError(recording.place, types, absent);
  const files = counted(written.files.length, 'file');
  io.out(`${counted(written.rows, 'row')} are in ${files} in ${path.relative(io.cwd, folder)}/.`);
  if (types.includes('trades')) io.err(written.hasTrades ? TRADES_TEXT : NO_TRADES_TEXT);
  // The gap after the last connection is the end of the day.
  const gaps = written.gaps.filter(
    ({ symbol, from, to }) => to !== null && isWritten(symbol, from),
  );
  if (gaps.length > 0)
    io.err(
      `${counted(gaps.length, 'gap')}: during a gap the files keep the last levels before it.`,
    );
  for (const text of absent) io.err(text);
}

const TRADES_TEXT =
  'Each row of trades is a step of the traded volume: it may be several trades, and its side is unknown.';
const NO_TRADES_TEXT =
  'There are no rows of trades: the volume from HSM did not grow in the selected time.';

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
      `${place} has no frames of a stream, and --format tardis needs them.`,
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

function noTardisRowsError(
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

function fileExistsError(file: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${file} already exists. Nothing was written.`,
    'Name another place with --to, or replace the existing one: `./fyers export --to PLACE --force`.',
  );
}

/** @param place the file, or the folder of the Tardis files */
function notWritableError(place: string, cause: Error): FyersError {
  return new FyersError(
    'platform.disk',
    `${place} cannot be written: ${cause.message}.`,
    'Name a place where you may write, on a disk with space: `./fyers export --to PLACE`.',
    { cause },
  );
}
