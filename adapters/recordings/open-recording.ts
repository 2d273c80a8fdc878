// One way to read what was recorded: a day of the data folder, running or closed, or a file of ours or of the reference.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isLikeDate, readDate } from '../../core/date-text.ts';
import {
  COLUMNS,
  CSV_HEADER,
  isText,
  RECORDED_COLUMNS,
  SCHEMA_VERSION,
} from '../../core/recording/columns.ts';
import { referenceCsvDate } from '../../core/recording/reference-csv.ts';
import type { CsvForm } from '../../core/recording/csv-form.ts';
import type { DayEvent } from '../../core/recording/day-events.ts';
import type { Manifest } from '../../core/recording/manifest.ts';
import { uniqueRows, numberColumn, type RecordedRow } from '../../core/recording/rows.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { instant, isInstant, type IstDate, istDateAt, parseIstDate } from '../../core/time.ts';
import { daysWords } from '../../core/text.ts';
import { csvRows, openCsv } from './reference-csv.ts';
import { dayArchive, type DayArchive } from './day-archive.ts';
import { dayFolders } from './data-folder.ts';
import { openParquet, type ParquetRows } from './parquet/rows.ts';
import { DAY_LOG, filesOf } from './segmented-log.ts';
import { kindOf, refuseLink } from './disk.ts';
import { magicOf } from './unzip.ts';

/** day: a folder of the harvester's · parquet, day-log, csv: files of ours, the last one an exported one · reference: its CSV of 25 columns. */
type RecordingKind = 'day' | 'parquet' | 'day-log' | 'csv' | 'reference';

export interface Recording {
  readonly kind: RecordingKind;
  /** The folder or file that is read. */
  readonly place: string;
  /** The day's, or the one that the file's name tells, or its first row's; null for a file without a row. */
  readonly date: IstDate | null;
  /** Names of the columns that it has; the others are null in every row. */
  readonly columns: ReadonlySet<string>;
  /** Those of them that have a value in every row. */
  readonly required: ReadonlySet<string>;
  /** Full sentences on how a file is read, when that is not obvious. */
  readonly notes: readonly string[];
  /**
   * Every row in the order of receipt, one at a time; null for a line that is not a whole row. May be called again.
   * @throws FyersError `platform.integrity` where the file turns out to be damaged
   */
  rows(): AsyncIterable<RecordedRow | null>;
  /** The first of those lines with the reason, such as "line 7: ltp "x" is not a number"; null when unknown. */
  whyUnreadable(): Promise<string | null>;
  /** Plans, holes and happenings; none where only a file is read. */
  events(): Promise<readonly DayEvent[]>;
  /** Null for a file, and for a day that is not compacted yet. */
  manifest(): Promise<Manifest | null>;
  /** The day's folder; null for a file. */
  readonly day: DayArchive | null;
}

interface OpenOptions {
  /** A date, a day's folder or a file; null is the latest day. */
  readonly what: string | null;
  /** Where the recordings are; a relative path of `what` is taken from `cwd`. */
  readonly dataDir: string;
  readonly cwd: string;
}

/** @throws FyersError `operator.usage` where there is nothing of the kind, or another version wrote it; `platform.integrity` where it is damaged */
export async function openRecording({ what, dataDir, cwd }: OpenOptions): Promise<Recording> {
  const days = dayFolders(dataDir);
  const given = what === null ? null : readDate(what);
  const named =
    given === null ? ((await days.dates()).at(-1) ?? null) : given.ok ? given.value : null;
  if (what === null && named === null) throw withoutDays(dataDir);
  if (named !== null) {
    if (!(await days.dates()).includes(named)) throw absentDay(named, dataDir, await days.dates());
    return openDay(days.folder(named).pathOf('.'), named);
  }
  const place = path.resolve(cwd, what ?? '');
  const found = await stat(place).catch(() => null);
  if (found === null) {
    throw given?.ok === false && isLikeDate(what ?? '')
      ? notADate(given.problem)
      : absentFile(place, dataDir);
  }
  if (found.isDirectory()) {
    const date = parseIstDate(path.basename(place));
    if (date === null) throw notADay(place);
    return openDay(place, date);
  }
  if (!found.isFile()) throw notAFile(place, kindOf(found));
  return (await magicOf(place)).toString('latin1') === 'PAR1'
    ? openParquetFile(place)
    : openCsvFile(place);
}

async function openDay(folder: string, date: IstDate): Promise<Recording> {
  const day = dayArchive(folder);
  const manifest = await day.manifest();
  const zipped = manifest?.files.find(({ name }) => name.endsWith('.parquet'));
  const parts = await filesOf(folder, DAY_LOG);
  const mending = parts.length > 0 ? recompactHint(date, path.resolve(folder)) : undefined;
  if (zipped !== undefined) await refuseLink(day.pathOf(zipped.name));
  const parquet = zipped === undefined ? null : await parquetIn(day.pathOf(zipped.name), mending);
  return {
    kind: 'day',
    place: path.resolve(folder),
    date,
    columns: new Set(parquet?.columns ?? CSV_HEADER.split(',')),
    required: parquet?.required ?? REQUIRED,
    notes: [],
    rows: () =>
      parquet === null ? uniqueRows(logRows(parts)) : parquetRows(parquet, folder, mending),
    whyUnreadable: () => Promise.resolve(null),
    events: () => day.events(),
    manifest: () => Promise.resolve(manifest),
    day,
  };
}

/** Those of a day log, which no row is without. */
const REQUIRED: ReadonlySet<string> = new Set(
  COLUMNS.flatMap(({ name, nullable }) => (nullable ? [] : [name])),
);

async function openParquetFile(place: string): Promise<Recording> {
  const parquet = await parquetIn(place);
  const missing = CSV_HEADER.split(',').find((name) => !parquet.columns.includes(name));
  if (missing !== undefined) throw foreign(place, `it has no column ${missing}`);
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

/** Each row group by its time of receipt: compaction sorted it by symbol. */
async function* parquetRows(
  parquet: ParquetRows,
  place: string,
  mending?: string,
): AsyncGenerator<RecordedRow | null> {
  try {
    for await (const group of parquet.groups(RECORDED_COLUMNS.map(({ name }) => name))) {
      const sorted = group.toSorted((a, b) => (timestampOf(a) ?? 0) - (timestampOf(b) ?? 0));
      for (const row of sorted) yield isSound(row) ? row : null;
    }
  } catch (caught) {
    throw damaged(place, toError(caught), mending);
  }
}

const OTHER_KINDS = RECORDED_COLUMNS.flatMap((column, index) =>
  column.kind === 'text' || column.kind === 'timestamp' ? [{ ...column, index }] : [],
);

/** A Parquet file of another writer may hold any text, and any number in place of an instant. */
function isSound(row: RecordedRow): boolean {
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

async function parquetIn(file: string, mending?: string): Promise<ParquetRows> {
  try {
    return await openParquet(file);
  } catch (caught) {
    throw damaged(file, toError(caught), mending);
  }
}

// Why a recording cannot be read, in words.

function withoutDays(dataDir: string): FyersError {
  return new FyersError(
    'operator.usage',
    `There is no recorded day in ${dataDir}.`,
    'Name the folder with --data DIR, or record a day: `npx --no-install fyers harvest`.',
  );
}

function absentDay(date: IstDate, dataDir: string, dates: readonly IstDate[]): FyersError {
  return new FyersError(
    'operator.usage',
    dates.length === 0
      ? `There is no recorded day in ${dataDir}.`
      : `${date} is not in ${dataDir}, which has ${daysWords(dates)}.`,
    `Name another folder with --data DIR, or get the day from the bucket: \`npx --no-install fyers export ${date} --s3 --to ${date}.parquet\`.`,
  );
}

function absentFile(place: string, dataDir: string): FyersError {
  return new FyersError(
    'operator.usage',
    `There is no file ${place}.`,
    `Name a file that is there, or a recorded day as YYYY-MM-DD: \`ls ${path.join(dataDir, 'days')}\` lists them.`,
  );
}

/** @param problem a sentence without its point */
export function notADate(problem: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${problem.replace(/\?$/, '')}${problem.endsWith('?') ? '?' : '.'}`,
    'Days with a session: `npx --no-install fyers calendar`.',
  );
}

function notADay(place: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} is a folder, and not one of a day.`,
    'Name the day with the folder of recordings: `npx --no-install fyers check 2026-11-25 --data DIR`.',
  );
}

/** @param why what it is instead; null: unknown */
export function notARecording(place: string, why: string | null = null): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} is no recording${why === null ? '' : ` (${why})`}: neither Parquet, nor a day log, nor a market_depth file of the reference.`,
    'Name one of them, or a date: `npx --no-install fyers check --help`.',
  );
}

/** Of a file that begins like one. */
export function unlikeARecording(place: string, why: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} cannot be read as a recording: ${why}.`,
    'Take the file as the Python original wrote it; its form is in `npx --no-install fyers import --help`.',
  );
}

/** Of a device, a pipe or a link, which a recording does not have. */
export function notAFile(place: string, what: string): FyersError {
  return new FyersError(
    'platform.integrity',
    `${place} is ${what}, and a recording has ordinary files only.`,
    'Put the file itself in its place, or name another one: `npx --no-install fyers check --help`.',
  );
}

export function foreign(place: string, why: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${place} is not of version ${String(SCHEMA_VERSION)}, the one that this release reads: ${why}.`,
    'With the release that recorded it, write it in the columns that every release reads: `npx --no-install fyers export FILE --compat --to market_depth.csv`.',
  );
}

const ANOTHER_COPY =
  'Take another copy of it; of a day in the bucket: `npx --no-install fyers export DATE --s3 --to FILE`.';

/** Of a day whose log is still beside what was made of it. */
function recompactHint(date: IstDate, folder: string): string {
  const dataDir = path.dirname(path.dirname(folder));
  return `Its log is beside it: remove ${path.join(folder, 'manifest.json')} and run \`npx --no-install fyers compact ${date} --data ${dataDir}\`.`;
}

export function damaged(place: string, cause: Error, mending = ANOTHER_COPY): FyersError {
  return new FyersError(
    'platform.integrity',
    `${place} cannot be read to its end: ${cause.message}.`,
    mending,
    { cause },
  );
}
