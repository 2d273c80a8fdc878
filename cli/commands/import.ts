// Imports the Python original's CSV files as recorded days (`./fyers import`).
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { dayFolders, lockFolder } from '../../adapters/recordings/data-folder.ts';
import { type Recording, openRecording } from '../../adapters/recordings/open-recording.ts';
import { type RecordedRow, bookOf, numberColumn } from '../../core/recording/rows.ts';
import type { Manifest } from '../../core/recording/manifest.ts';
import type { Row } from '../../core/recording/columns.ts';
import { FyersError } from '../../core/errors.ts';
import { dayOf, yearNotice } from '../../core/market/calendar.ts';
import { type IstDate, instant, parseIstDate } from '../../core/time.ts';
import { counted } from '../../core/text.ts';
import type { Imported } from '../../harvester/import.ts';
import type { Session } from '../shared/io.ts';
import { startCounter, paint } from '../shared/terminal.ts';
import { DEFAULT_DATA } from '../shared/recordings.ts';
import { readOverrides } from '../shared/settings.ts';

interface ImportOptions {
  readonly data: string;
  readonly date?: string;
}

export function addImport(program: Command, session: Session): void {
  program
    .command('import')
    .description("Import the Python original's CSV files as recorded days.")
    .argument('<files...>', 'market_depth_YYYY-MM-DD.csv')
    .option('--data <DIR>', 'where the days go', DEFAULT_DATA)
    .option(
      '--date <DATE>',
      'the day to import, if the file has several (default: the date in its name)',
    )
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Each file becomes a day with Parquet, manifest and marks, as if it had been recorded here: a zero for a missing value
becomes empty, and every five-second slot that the original missed is a hole. Files and existing days are not changed. A
file without a header is read by the position of its columns. Import a file with several days once for each day, with
--date. Rows of days without a market are not imported. Rows stamped after 15:30 are not imported either, because the
original stamps the first books of a morning with the end of the day before. If one file fails, its error is printed and
the others are imported; the exit code is then not 0.

The original records from 09:15 to 15:30, but a day's plan covers all its phases, on most days 09:00 to 16:00. The other
slots are explained as not-running, so at most 4,500 of 5,040 slots can be recorded. The files do not contain the time of
each request, so there are no latencies.

Example:
  $ ./fyers import old/market_depth_2025-12-*.csv
  $ ./fyers report 2025-12-26`,
    )
    .action((files: readonly string[], options: ImportOptions) =>
      importFiles(session, files, options),
    );
}

async function importFiles(
  session: Session,
  files: readonly string[],
  options: ImportOptions,
): Promise<void> {
  const { io } = session;
  const dataDir = path.resolve(io.cwd, options.data);
  const named = options.date === undefined ? null : parseIstDate(options.date);
  if (options.date !== undefined && named === null) throw notADateError(options.date);
  await using _lock = await lockFolder(dataDir);
  for (const what of files) {
    try {
      const recording = await openRecording({ what, dataDir, cwd: io.cwd });
      for (const note of recording.notes) io.err(note);
      await importFile(session, { ...recording, date: named ?? recording.date }, dataDir);
    } catch (caught) {
      // If one file fails, continue with the others.
      if (!(caught instanceof FyersError)) throw caught;
      session.failed(caught);
    }
  }
}

async function importFile(session: Session, recording: Recording, dataDir: string): Promise<void> {
  const { io } = session;
  const { date, place } = recording;
  if (recording.kind !== 'reference') throw unknownFormatError(place);
  // If a file's name has no date, its first row decides the day.
  if (date === null) throw noRowsError(place, null, await recording.whyUnreadable());
  const name = path.basename(place);
  const calendar = readOverrides(io);
  const day = dayOf(date, calendar);
  if (day.kind === 'closed') {
    io.err(
      `${name}: the market was closed on ${date} (${day.why}); the rows repeat one unchanging book and were not imported.`,
    );
    return;
  }
  if ((await dayFolders(dataDir).dates()).includes(date)) throw dayExistsError(date, dataDir);
  const notice = yearNotice([date], calendar);
  // A missing holiday looks like a trading day.
  if (notice !== null) io.err(`${name}: the ${notice.problem}. ${notice.nextStep}`);
  const [{ importDay }, { compactDay }, { sessionsOn }] = await Promise.all([
    import('../../harvester/import.ts'),
    import('../../harvester/compact.ts'),
    import('../../harvester/calendar.ts'),
  ]);
  // Build the day in a separate folder and move it when complete, so that an interrupted command leaves no partial
  // day.
  const temporaryFolder = path.join(dataDir, 'importing');
  await rm(temporaryFolder, { recursive: true, force: true });
  try {
    const days = dayFolders(temporaryFolder);
    using counter = startCounter(io, name);
    const imported = await importDay({
      days,
      clock: io.clock,
      events: { log: () => undefined },
      date,
      session: day.plan,
      rows: () => rowsOf(recording),
      onRow: counter.show,
    });
    const why = imported.unreadable === 0 ? null : await recording.whyUnreadable();
    if (imported.rows === 0) throw noRowsError(place, { ...imported, date }, why);
    const folder = days.folder(date);
    const manifest = await compactDay({ folder, date, shard: 0, ...sessionsOn(date, calendar) });
    await mkdir(path.join(dataDir, 'days'), { recursive: true });
    await rename(path.join(temporaryFolder, 'days', date), path.join(dataDir, 'days', date));
    for (const line of linesOf(session, place, { ...imported, why }, manifest)) io.out(line);
  } finally {
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}

function linesOf(
  { io }: Session,
  place: string,
  { unreadable, outsideHours, otherDays, why }: Imported & { readonly why: string | null },
  { date, rows, received, expected, leftOut }: Manifest,
): readonly string[] {
  const number = (count: number) => count.toLocaleString('en');
  const left: readonly (readonly [number, string])[] = [
    [outsideHours, 'stamped before 09:15 or after 15:30'],
    [leftOut.duplicate, 'further rows of their symbol in the same five seconds'],
    [unreadable, 'not readable'],
  ];
  const text = `${path.basename(place)}: ${number(rows)} rows are the day ${date}, ${number(received)} of ${number(expected)} slots.`;
  return [
    paint(io, 'good', text),
    ...[...otherDays].flatMap(([day, count]) => [
      `  Left out, because they are of another day: ${counted(count, 'row')} of ${day}.`,
      `  Import them as that day: \`${importOf(path.relative(io.cwd, place), day)}\`.`,
    ]),
    ...left.flatMap(([count, reason]) =>
      count === 0 ? [] : [`  Left out, because they are ${reason}: ${number(count)}.`],
    ),
    ...(why === null ? [] : [`  The first of those: ${why}.`]),
  ];
}

/** Each import makes one day. */
function importOf(file: string, day: IstDate): string {
  return `./fyers import ${file} --date ${day}`;
}

const timestampOf = numberColumn('timestamp');

async function* rowsOf(recording: Recording): AsyncGenerator<Row | null> {
  for await (const row of recording.rows()) yield row === null ? null : asRow(row);
}

function asRow(row: RecordedRow): Row {
  const [book, at] = [bookOf(row), instant(timestampOf(row) ?? 0)];
  return { symbol: book.symbol, slot: at, requestedAt: null, receivedAt: at, feed: 'rest', book };
}

function unknownFormatError(place: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} is not a file of the Python original.`,
    'Name its market_depth files: `./fyers import market_depth_2025-12-26.csv`.',
  );
}

/**
 * @param found null if no row has a date
 * @param why why the first unreadable line is not a row
 */
function noRowsError(
  place: string,
  found: (Imported & { readonly date: IstDate }) | null,
  why: string | null,
): FyersError {
  const [other] = found?.otherDays ?? [];
  if (found !== null && other !== undefined) {
    const days = [...found.otherDays].map(([day, count]) => `${counted(count, 'row')} of ${day}`);
    return new FyersError(
      'operator.usage',
      `${place} has no row of ${found.date} between 09:15 and 15:30, only rows of other days: ${days.join(', ')}.`,
      `Import them as that day: \`./fyers import ${path.basename(place)} --date ${other[0]}\`.`,
    );
  }
  if (found !== null && found.outsideHours > 0) {
    return new FyersError(
      'operator.usage',
      `${place} has no row of ${found.date} between 09:15 and 15:30, only ${counted(found.outsideHours, 'row')} of other times of that day.`,
      'The Python original records from 09:15 to 15:30 only, so leave this file out. `./fyers import --help` says why.',
    );
  }
  const of = found === null || found.unreadable === 0 ? '' : `, of ${String(found.unreadable)}`;
  return new FyersError(
    'operator.usage',
    `${place} has no line that can be read as a row${of}.${why === null ? '' : ` The first is ${why}.`}`,
    'A row begins with a time that has its offset, such as 2025-12-26T09:15:02.000+05:30; see `./fyers import --help`.',
  );
}

function notADateError(text: string): FyersError {
  return new FyersError(
    'operator.usage',
    `--date "${text}" is not a date.`,
    'Write it as YYYY-MM-DD: `./fyers import FILE --date 2025-12-26`.',
  );
}

function dayExistsError(date: IstDate, dataDir: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${dataDir} already has ${date}; nothing was changed.`,
    'Import into another folder: `./fyers import FILE --data DIR`.',
  );
}
