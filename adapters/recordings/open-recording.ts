// Opens any recording: a day of the data folder, running or closed, or a file of this program or of
// the reference implementation.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UPDATES_FILE } from '../../core/config/names.ts';
import { errnoOf, FyersError, toError } from '../../core/errors.ts';
import {
  COLUMNS,
  CSV_HEADER,
  isText,
  RECORDED_COLUMNS,
  SCHEMA_VERSION,
} from '../../core/recording/columns.ts';
import { referenceCsvDate, type CsvForm } from '../../core/recording/csv-files.ts';
import type { DayEvent } from '../../core/recording/day-events.ts';
import type { Manifest } from '../../core/recording/manifest.ts';
import { uniqueRows, numberColumn, type RecordedRow } from '../../core/recording/rows.ts';
import { daysWords } from '../../core/text.ts';
import {
  isLikeDate,
  readDate,
  instant,
  isInstant,
  type IstDate,
  istDateAt,
  parseIstDate,
} from '../../core/time.ts';
import { dayFolders } from './data-folder.ts';
import { dayArchive, type DayArchive } from './day-archive.ts';
import { kindOf, refuseLink } from './disk.ts';
import { openParquet, type ParquetRows } from './parquet/rows.ts';
import { csvRows, openCsv } from './reference-csv.ts';
import { DAY_LOG, filesOf } from './segmented-log.ts';
import { magicOf } from './unzip.ts';

/**
 * day: a folder of the harvester · parquet, day-log: files that it wrote · csv: an exported day ·
 * reference: the reference implementation's CSV of 25 columns.
 */
type RecordingKind = 'day' | 'parquet' | 'day-log' | 'csv' | 'reference';

export interface Recording {
  readonly kind: RecordingKind;
  /** The folder or file that is read. */
  readonly place: string;
  /** From the day, the file's name, or its first row; null for a file without rows. */
  readonly date: IstDate | null;
  /** Names of its columns; all other columns are null in every row. */
  readonly columns: ReadonlySet<string>;
  /** Columns that have a value in every row. */
  readonly required: ReadonlySet<string>;
  /** Full sentences on how a file is read, if that is not obvious. */
  readonly notes: readonly string[];
  /**
   * Every row in the order of receipt, one at a time; null for an incomplete row. May be called
   * again.
   *
   * @throws FyersError `platform.integrity` if the file is damaged
   */
  rows(): AsyncIterable<RecordedRow | null>;
  /**
   * The first unreadable line with the reason, such as "line 7: ltp "x" is not a number"; null if
   * unknown.
   */
  whyUnreadable(): Promise<string | null>;
  /** Plans, holes and notes; empty for a single file. */
  events(): Promise<readonly DayEvent[]>;
  /** Null for a file, and for a day that is not compacted yet. */
  manifest(): Promise<Manifest | null>;
  /** The day's folder; null for a file. */
  readonly day: DayArchive | null;
}

interface OpenOptions {
  /** A date, a day's folder or a file; null means the latest day. */
  readonly what: string | null;
  /** The folder of recordings; a relative path in `what` is resolved against `cwd`. */
  readonly dataDir: string;
  readonly cwd: string;
}

/**
 * @throws FyersError `operator.usage` if there is no such recording, or if another version wrote
 * it; `platform.integrity` if it is damaged
 */
export async function openRecording({ what, dataDir, cwd }: OpenOptions): Promise<Recording> {
  const days = dayFolders(dataDir);
  const given = what === null ? null : readDate(what);
  const named =
    given === null ? ((await days.dates()).at(-1) ?? null) : given.ok ? given.value : null;
  if (what === null && named === null) throw noRecordedDaysError(dataDir);
  if (named !== null) {
    if (!(await days.dates()).includes(named))
      throw missingDayError(named, dataDir, await days.dates());
    return openDay(days.folder(named).pathOf('.'), named);
  }
  const place = path.resolve(cwd, what ?? '');
  const found = await stat(place).catch(() => null);
  if (found === null) {
    throw given?.ok === false && isLikeDate(what ?? '')
      ? notADateError(given.problem)
      : missingFileError(place, dataDir);
  }
  if (found.isDirectory()) {
    const date = parseIstDate(path.basename(place));
    if (date === null) throw notADayError(place);
    return openDay(place, date);
  }
  if (!found.isFile()) throw notAFileError(place, kindOf(found));
  return (await magicOf(place)).toString('latin1') === 'PAR1'
    ? openParquetFile(place)
    : openCsvFile(place);
}

async function openDay(folder: string, date: IstDate): Promise<Recording> {
  const day = dayArchive(folder);
  const manifest = await day.manifest();
  const zipped = manifest?.files.find(
    ({ name }) => name.endsWith('.parquet') && name !== UPDATES_FILE,
  );
  const parts = await filesOf(folder, DAY_LOG);
  const nextStep = parts.length > 0 ? recompactHint(date, path.resolve(folder)) : undefined;
  if (zipped !== undefined) await refuseLink(day.pathOf(zipped.name));
  const parquet = zipped === undefined ? null : await parquetIn(day.pathOf(zipped.name), nextStep);
  return {
    kind: 'day',
    place: path.resolve(folder),
    date,
    columns: new Set(parquet?.columns ?? CSV_HEADER.split(',')),
    required: parquet?.required ?? REQUIRED,
    notes: [],
    rows: () =>
      parquet === null ? uniqueRows(logRows(parts)) : parquetRows(parquet, folder, nextStep),
    whyUnreadable: () => Promise.resolve(null),
    events: () => day.events(),
    manifest: () => Promise.resolve(manifest),
    day,
  };
}

/** Columns of a day log that every row has. */
const REQUIRED: ReadonlySet<string> = new Set(
  COLUMNS.flatMap(({ name, nullable }) => (nullable ? [] : [name])),
);

async function openParquetFile(place: string): Promise<Recording> {
  const parquet = await parquetIn(place);
  const missing = CSV_HEADER.split(',').find((name) => !parquet.columns.includes(name));
  if (missing !== undefined) throw otherVersionError(place, `it has no column ${missing}`);
  const rows = () => parquetRows(parquet, place);
  const { columns, required } = parquet;
  return fileOf('parquet', place, { columns: new Set(columns), required, notes: [], rows });
}

async function openCsvFile(place: string): Promise<Recording> {
  const csv = await openCsv(place);
  const required = new Set([...REQUIRED].filter((name) => csv.columns.has(name)));
  return fileOf(csv.form.kind, place, { ...csv, required });
}

type OfFile = Pick<Recording, 'columns' | 'required' | 'notes' | 'rows'> &
  Partial<Pick<Recording, 'whyUnreadable'>>;

async function fileOf(kind: RecordingKind, place: string, facts: OfFile): Promise<Recording> {
  const { columns, required, notes, rows } = facts;
  return {
    kind,
    place,
    date: referenceCsvDate(path.basename(place)) ?? (await firstDate(rows())),
    columns,
    required,
    notes,
    rows,
    whyUnreadable: facts.whyUnreadable ?? (() => Promise.resolve(null)),
    events: () => Promise.resolve([]),
    manifest: () => Promise.resolve(null),
    day: null,
  };
}

const timestampOf = numberColumn('timestamp');

async function firstDate(rows: AsyncIterable<RecordedRow | null>): Promise<IstDate | null> {
  for await (const row of rows) {
    const at = row === null ? null : timestampOf(row);
    if (at !== null) return istDateAt(instant(at));
  }
  return null;
}

/** Sorts each row group by time of receipt, because compaction sorted it by symbol. */
async function* parquetRows(
  parquet: ParquetRows,
  place: string,
  nextStep?: string,
): AsyncGenerator<RecordedRow | null> {
  try {
    for await (const group of parquet.groups(RECORDED_COLUMNS.map(({ name }) => name))) {
      const sorted = group.toSorted((a, b) => (timestampOf(a) ?? 0) - (timestampOf(b) ?? 0));
      for (const row of sorted) yield isValidRow(row) ? row : null;
    }
  } catch (caught) {
    throw failedReadError(place, toError(caught), nextStep);
  }
}

const OTHER_KINDS = RECORDED_COLUMNS.flatMap((column, index) =>
  column.kind === 'text' || column.kind === 'timestamp' ? [{ ...column, index }] : [],
);

/**
 * A Parquet file of another writer may have any text, and any number as an instant.
 */
function isValidRow(row: RecordedRow): boolean {
  return OTHER_KINDS.every(({ name, kind, index }) => {
    const cell = row[index] ?? null;
    if (cell === null) return name !== 'timestamp' && name !== 'symbol';
    if (kind === 'text') return typeof cell === 'string' && isText(name, cell);
    return typeof cell === 'number' && isInstant(cell);
  });
}

const DAY_LOG_FORM: CsvForm = {
  kind: 'day-log',
  separator: ',',
  hasHeader: true,
  places: [...COLUMNS.keys()],
  width: COLUMNS.length,
};

/** The parts of a day log, one after the other. */
async function* logRows(parts: readonly string[]): AsyncGenerator<RecordedRow | null> {
  for (const part of parts) yield* csvRows(part, DAY_LOG_FORM, 'is still written');
}

async function parquetIn(file: string, nextStep?: string): Promise<ParquetRows> {
  try {
    return await openParquet(file);
  } catch (caught) {
    throw failedReadError(file, toError(caught), nextStep);
  }
}

function noRecordedDaysError(dataDir: string): FyersError {
  return new FyersError(
    'operator.usage',
    `There is no recorded day in ${dataDir}.`,
    'Name the folder with --data DIR, or record a day: `./fyers harvest`.',
  );
}

function missingDayError(date: IstDate, dataDir: string, dates: readonly IstDate[]): FyersError {
  return new FyersError(
    'operator.usage',
    dates.length === 0
      ? `There is no recorded day in ${dataDir}.`
      : `${date} is not in ${dataDir}, which has ${daysWords(dates)}.`,
    `Name another folder with --data DIR, or get the day from the bucket: \`./fyers export ${date} --s3 --to ${date}.parquet\`.`,
  );
}

function missingFileError(place: string, dataDir: string): FyersError {
  return new FyersError(
    'operator.usage',
    `There is no file ${place}.`,
    `Name a file that is there, or a recorded day as YYYY-MM-DD: \`ls ${path.join(dataDir, 'days')}\` lists them.`,
  );
}

/** @param problem a sentence without its full stop */
export function notADateError(problem: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${problem.replace(/\?$/, '')}${problem.endsWith('?') ? '?' : '.'}`,
    'Days with a session: `./fyers calendar`.',
  );
}

function notADayError(place: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} is not the folder of a day.`,
    'Name the day with the folder of recordings: `./fyers check 2026-11-25 --data DIR`.',
  );
}

/** @param why the actual type; null if unknown */
export function notARecordingError(place: string, why: string | null = null): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} is not a recording${why === null ? '' : ` (${why})`}: neither Parquet, nor a day log, nor a market_depth file of the reference.`,
    'Name one of them, or a date: `./fyers check --help`.',
  );
}

/** For a file that starts like a recording. */
export function unlikeARecordingError(place: string, why: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} cannot be read as a recording: ${why}.`,
    'Use the file as the Python original wrote it; `./fyers import --help` describes its form.',
  );
}

/** For a device, a pipe or a link, none of which belongs in a recording. */
export function notAFileError(place: string, what: string): FyersError {
  return new FyersError(
    'platform.integrity',
    `${place} is ${what}, but a recording has only ordinary files.`,
    'Replace it with the file itself, or name another one: `./fyers check --help`.',
  );
}

export function otherVersionError(place: string, why: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} does not have version ${String(SCHEMA_VERSION)}, which this release reads: ${why}.`,
    'Convert it with the release that recorded it: `./fyers export FILE --compat --to market_depth.csv`.',
  );
}

const ANOTHER_COPY =
  'Use another copy of it; for a day in the bucket: `./fyers export DATE --s3 --to FILE`.';

/** For a day whose log is still in its folder. */
function recompactHint(date: IstDate, folder: string): string {
  const dataDir = path.dirname(path.dirname(folder));
  return `Its log is in the same folder: remove ${path.join(folder, 'manifest.json')} and run \`./fyers compact ${date} --data ${dataDir}\`.`;
}

/** For an error while a file was read: of the system, or of the file's content. */
export function failedReadError(place: string, cause: Error, nextStep?: string): FyersError {
  return /^E[A-Z\d]+$/.test(errnoOf(cause))
    ? notReadableError(place, cause)
    : damagedFileError(place, cause, nextStep);
}

export function damagedFileError(place: string, cause: Error, nextStep = ANOTHER_COPY): FyersError {
  return new FyersError('platform.integrity', `${place} is damaged: ${cause.message}.`, nextStep, {
    cause,
  });
}

/** Not an integrity error, because the same file may be readable later. */
export function notReadableError(file: string, cause: Error): FyersError {
  return new FyersError(
    'platform.disk',
    `${file} cannot be read: ${cause.message}.`,
    `Let this user read it (\`ls -l ${file}\` shows who may), or replace the disk if it fails.`,
    { cause },
  );
}
