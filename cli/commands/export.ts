// Exports all or part of a recording as CSV or Parquet (`./fyers export`).
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Command, Option } from 'commander';
import { TARDIS_TYPES } from '../../core/stream/tardis.ts';
import { COMPAT_HEADER, compatLineOf } from '../../core/recording/reference-csv.ts';
import { RECORDED_COLUMNS } from '../../core/recording/columns.ts';
import { type RecordedRow, textColumn } from '../../core/recording/rows.ts';
import { type RowGroup, groupOf } from '../../core/recording/row-group.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { formatIso, instant } from '../../core/time.ts';
import { counted } from '../../core/text.ts';
import { phasesIn } from '../../harvester/calendar.ts';
import type { Session } from '../shared/io.ts';
import { startCounter } from '../shared/terminal.ts';
import { type OpenedRecording, recordingOf, withRecordingOptions } from '../shared/recordings.ts';
import { type SelectionOptions, namesIn, selectionOf } from '../shared/selection.ts';
import { DEFAULT_TYPES, exportTardis, type TardisExportOptions } from './export-tardis.ts';
import { exportUsageError, fileExistsError, notWritableError } from '../shared/export-errors.ts';
import { unknownSymbolText, ownDaysOf, symbolsNamed } from '../shared/settings.ts';

interface ExportOptions extends TardisExportOptions {
  readonly format?: 'tardis';
}

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
      .option('--from <HH:MM>', 'from this time of the day on')
      .option('--until <HH:MM>', 'until before this time')
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
Rows come in the order in which they were received. Incomplete lines are left out and counted. Phase and marks
are columns of a compacted day; for any other recording --phase uses the calendar, and the file has no such columns.

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
  const phaseOn = phasesIn(await recording.events(), ownDaysOf(io));
  const isSelected = selectionOf(options, recording.date, phaseOn);
  const picked = selectRows(recording, options, { isSelected, onRow: counter.show });
  try {
    if (form === 'parquet') await writeParquetFile(file, recording, picked.rows);
    else if (options.compat === true) await writeText(file, form, compatLines(picked.rows));
    else await writeText(file, form, csvLines(recording, picked.rows));
  } catch (caught) {
    await rm(`${file}.partial`, { force: true });
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
    throw exportUsageError('--compat is a CSV file, and --to names a Parquet file.');
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
    isSelected(row) && (options.compat !== true || compatLineOf(row) !== null);
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

async function* compatLines(rows: AsyncIterable<RecordedRow>): AsyncGenerator<string> {
  yield `${COMPAT_HEADER}\n`;
  for await (const row of rows) yield `${compatLineOf(row) ?? ''}\n`;
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
      ? `${place} has no row.`
      : `${place} has rows, but none${hours} matches the selection. Nothing was written.`,
  );
}
