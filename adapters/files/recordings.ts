// One way to read what was recorded: a day of the data folder, running or closed, or a file of ours or of the reference.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { COLUMNS, CSV_HEADER, RECORDED_COLUMNS, isText } from '../../core/depth/columns.ts';
import { compatDateIn } from '../../core/depth/compat.ts';
import type { CsvForm } from '../../core/depth/csv-form.ts';
import type { DayEvent } from '../../core/depth/day-events.ts';
import type { Manifest } from '../../core/depth/manifest.ts';
import { type RecordedRow, firstOfSlots, numberColumn } from '../../core/depth/recorded.ts';
import { isLikeDate, readDate } from '../../core/date-text.ts';
import { toError } from '../../core/errors.ts';
import { type IstDate, instant, isInstant, istDateAt, parseIstDate } from '../../core/time.ts';
import { csvRows, openCsv } from './csv-recording.ts';
import { type DayArchive, dayArchive } from './day-archive.ts';
import { DAY_LOG } from './day-log.ts';
import { filesOf } from './part-log.ts';
import { kindOf, refuseLink } from './plain-file.ts';
import { magicOf } from './unzip.ts';
import { dayFolders } from './days.ts';
import { type ParquetRows, openParquet } from './parquet-rows.ts';
import {
  absentDay,
  absentFile,
  damaged,
  foreign,
  madeAnew,
  notADate,
  notADay,
  notAFile,
  withoutDays,
} from './recording-faults.ts';

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

export interface OpenOptions {
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
  const mending = parts.length > 0 ? madeAnew(date, path.resolve(folder)) : undefined;
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
      parquet === null ? firstOfSlots(logRows(parts)) : parquetRows(parquet, folder, mending),
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
    date: compatDateIn(path.basename(place)) ?? (await firstDate(rows())),
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
