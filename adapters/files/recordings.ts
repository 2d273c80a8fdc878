// One way to read what was recorded: a day of the data folder, running or closed, or a file of ours or of the reference.
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { CSV_HEADER, type Cell, RECORDED_COLUMNS, parseCsvLine } from '../../core/depth/columns.ts';
import { COMPAT_HEADER, compatDateIn, parseCompatLine } from '../../core/depth/compat.ts';
import type { DayEvent } from '../../core/depth/day-events.ts';
import type { Manifest } from '../../core/depth/manifest.ts';
import { type RecordedRow, firstOfSlots, numberColumn } from '../../core/depth/recorded.ts';
import { isLikeDate, readDate } from '../../core/date-text.ts';
import { toError } from '../../core/errors.ts';
import { type IstDate, istDateAt, instant, parseIstDate } from '../../core/time.ts';
import { linesOf, magicOf } from './csv-lines.ts';
import { type DayArchive, dayArchive } from './day-archive.ts';
import { DAY_LOG } from './day-log.ts';
import { filesOf } from './part-log.ts';
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
  notARecording,
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
  /**
   * Every row in the order of receipt, one at a time; null for a line that is not a whole row. May be called again.
   * @throws FyersError `platform.integrity` where the file turns out to be damaged
   */
  rows(): AsyncIterable<RecordedRow | null>;
  /** Plans, holes and happenings; none where only a file is read. */
  events(): Promise<readonly DayEvent[]>;
  /** Null for a file, and for a day that is not compacted yet. */
  manifest(): Promise<Manifest | null>;
  /** The day's folder; null for a file. */
  readonly day: DayArchive | null;
}

const RECORDED_HEADER = RECORDED_COLUMNS.map(({ name }) => name).join(',');

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
  return (await magicOf(place)).toString('latin1') === 'PAR1'
    ? openParquetFile(place)
    : openCsv(place);
}

async function openDay(folder: string, date: IstDate): Promise<Recording> {
  const day = dayArchive(folder);
  const manifest = await manifestOf(day, folder);
  const zipped = manifest?.files.find(({ name }) => name.endsWith('.parquet'));
  const parts = await filesOf(folder, DAY_LOG);
  const mending = parts.length > 0 ? madeAnew(date, path.resolve(folder)) : undefined;
  const parquet = zipped === undefined ? null : await parquetIn(day.pathOf(zipped.name), mending);
  return {
    kind: 'day',
    place: path.resolve(folder),
    date,
    columns: new Set(parquet?.columns ?? CSV_HEADER.split(',')),
    rows: () =>
      parquet === null
        ? firstOfSlots(logRows(parts, 'is still written'))
        : parquetRows(parquet, folder, mending),
    events: () => day.events(),
    manifest: () => Promise.resolve(manifest),
    day,
  };
}

async function openParquetFile(place: string): Promise<Recording> {
  const parquet = await parquetIn(place);
  const missing = missingIn(parquet.columns);
  if (missing !== null) throw foreign(place, `it has no column ${missing}`);
  const rows = () => parquetRows(parquet, place);
  return fileOf('parquet', place, new Set(parquet.columns), rows);
}

async function openCsv(place: string): Promise<Recording> {
  const header = await firstLine(place);
  if (header === CSV_HEADER) {
    return fileOf('day-log', place, new Set(CSV_HEADER.split(',')), () => logRows([place]));
  }
  if (header === RECORDED_HEADER) {
    const columns = new Set(RECORDED_HEADER.split(','));
    return fileOf('csv', place, columns, () => csvRows(place, RECORDED_HEADER, recordedRow));
  }
  if (header === COMPAT_HEADER) {
    const columns = new Set(COMPAT_HEADER.split(','));
    return fileOf('reference', place, columns, () => csvRows(place, COMPAT_HEADER, compatRow));
  }
  if (header?.startsWith('timestamp,symbol,') === true) {
    const missing = missingIn(header.split(','));
    throw foreign(place, missing === null ? 'its columns differ' : `it has no column ${missing}`);
  }
  throw notARecording(place);
}

async function fileOf(
  kind: RecordingKind,
  place: string,
  columns: ReadonlySet<string>,
  rows: Recording['rows'],
): Promise<Recording> {
  return {
    kind,
    place,
    date: compatDateIn(path.basename(place)) ?? (await firstDate(rows())),
    columns,
    rows,
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
): AsyncGenerator<RecordedRow> {
  try {
    for await (const group of parquet.groups(RECORDED_COLUMNS.map(({ name }) => name))) {
      yield* group.toSorted((a, b) => (timestampOf(a) ?? 0) - (timestampOf(b) ?? 0));
    }
  } catch (caught) {
    throw damaged(place, toError(caught), mending);
  }
}

const OBSERVED = CSV_HEADER.split(',').length;

/** What compaction adds is text. */
function recordedRow(line: string): RecordedRow | null {
  const texts = line.split(',');
  const cells = parseCsvLine(texts.slice(0, OBSERVED).join(','));
  if (cells === null || texts.length !== RECORDED_COLUMNS.length) return null;
  return [...cells, ...texts.slice(OBSERVED).map((text) => (text === '' ? null : text))];
}

const DERIVED: readonly Cell[] = RECORDED_COLUMNS.slice(OBSERVED).map(() => null);

/** The parts of a day log, one after the other. */
async function* logRows(
  parts: readonly string[],
  atTorn?: 'is still written',
): AsyncGenerator<RecordedRow | null> {
  for (const part of parts) yield* csvRows(part, CSV_HEADER, loggedRow, atTorn);
}

function loggedRow(line: string): RecordedRow | null {
  const cells = parseCsvLine(line);
  return cells === null ? null : [...cells, ...DERIVED];
}

const AFTER_COMPAT: readonly Cell[] = RECORDED_COLUMNS.slice(COMPAT_HEADER.split(',').length).map(
  () => null,
);

function compatRow(line: string): RecordedRow | null {
  const cells = parseCompatLine(line);
  return cells === null ? null : [...cells, ...AFTER_COMPAT];
}

/** @param atTorn what a last line without its end is: cut off in a file, but not in a day that may go on */
async function* csvRows(
  file: string,
  header: string,
  parse: (line: string) => RecordedRow | null,
  atTorn: 'is cut off' | 'is still written' = 'is cut off',
): AsyncGenerator<RecordedRow | null> {
  try {
    for await (const { text, torn } of linesOf(file)) {
      if (torn && atTorn === 'is still written') return;
      if (text !== header) yield torn ? null : parse(text);
    }
  } catch (caught) {
    throw damaged(file, toError(caught));
  }
}

async function firstLine(file: string): Promise<string | null> {
  try {
    for await (const { text, torn } of linesOf(file)) return torn ? null : text;
    return null;
  } catch (caught) {
    throw damaged(file, toError(caught));
  }
}

async function parquetIn(file: string, mending?: string): Promise<ParquetRows> {
  try {
    return await openParquet(file);
  } catch (caught) {
    throw damaged(file, toError(caught), mending);
  }
}

async function manifestOf(day: DayArchive, folder: string): Promise<Manifest | null> {
  try {
    return await day.manifest();
  } catch {
    throw foreign(folder, 'its manifest is of another version');
  }
}

/** An observed column of this version that is not among them. */
function missingIn(names: readonly string[]): string | null {
  return CSV_HEADER.split(',').find((name) => !names.includes(name)) ?? null;
}
