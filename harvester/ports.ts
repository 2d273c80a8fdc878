// Declares the files and processes that the harvester needs; `main.ts` connects the real ones.
import type { Column, Row, Status } from '../core/recording/columns.ts';
import type { DayEvent } from '../core/recording/day-events.ts';
import type { TimeReading } from '../core/clock-faults.ts';
import type {
  FileFacts,
  LogEnds,
  Manifest,
  UploadSegment,
  UploadState,
} from '../core/recording/manifest.ts';
import type { Observed } from '../core/recording/observed.ts';
import type { RowGroup } from '../core/recording/row-group.ts';
import type { MasterRow, Segment } from '../core/market/symbol-master.ts';
import type { FrameRecord } from '../core/stream/frame-log.ts';
import type { UpdateColumn, UpdateNumbers } from '../core/stream/update-rows.ts';
import type { IstDate } from '../core/time.ts';

/** The two append-only logs of one day. Only this process writes them. */
export interface DayLogs {
  /** Bytes of torn last lines that opening removed. */
  readonly cutBytes: number;
  /** Where both logs end on disk; null if the disk has refused a write to one of them. */
  readonly ends: () => LogEnds | null;
  /**
   * One append and fdatasync. replaced: the disk failed, and a new file has the rows.
   *
   * @throws FyersError `platform.disk` if that fails too, or while event lines are pending; the
   * rows are dropped
   */
  append(rows: readonly Row[]): Promise<'appended' | 'replaced'>;
  /** @throws FyersError `platform.disk`; the lines are kept and written before the next ones */
  record(events: readonly DayEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** One day's files, for reading, compaction and upload. */
export interface DayFolder {
  events(): Promise<readonly DayEvent[]>;
  /**
   * The rows of the day log in the order of writing, in blocks; null for a line that is not a
   * complete row. A row is valid until the next one is requested.
   */
  rows(): AsyncIterable<Iterable<Observed | null>>;
  /**
   * Writes the Parquet file, reads every value back and compares it, then reads the file from its
   * end.
   *
   * @throws FyersError `platform.integrity` if the values read differ from the values written
   */
  writeParquet(
    columns: readonly WrittenColumn[],
    groups: AsyncIterable<RowGroup> | Iterable<RowGroup>,
    /** Default: the Parquet file of the grid. */
    name?: string,
  ): Promise<FileFacts>;
  /**
   * Creates an empty spill. @param symbols approximate number of symbols, which sizes the buffers
   */
  updateSpill(symbols: number): UpdateSpill;
  /** Compresses day log and event log; leaves no partial files. */
  zipLogs(): Promise<readonly FileFacts[]>;
  /** Copies the lines of the day log that are not complete rows to a separate file. */
  quarantine(): Promise<FileFacts>;
  /** Null until compaction has ended. */
  manifest(): Promise<Manifest | null>;
  writeManifest(manifest: Manifest): Promise<void>;
  /** The facts of the manifest file itself, for its upload. */
  manifestFacts(): Promise<FileFacts>;
  pathOf(name: string): string;
  readonly frames: DayFrames;
  /** Outcome of the upload; null if it has not ended. */
  shipped(): Promise<string | null>;
  markShipped(outcome: string): Promise<void>;
}

type WrittenColumn = Pick<Column, 'name' | 'nullable'> & {
  readonly kind: Column['kind'] | UpdateColumn['kind'];
};

/**
 * Stores messages on disk, by symbol, between the two passes of compaction. They are read as rows.
 */
export interface UpdateSpill extends Disposable {
  /** Copies the numbers. */
  add(symbol: string, numbers: UpdateNumbers): void;
  symbols(): readonly string[];
  rows(symbol: string): number;
  /**
   * Yields the rows of a symbol in order, in parts: columns of equal length, valid until the next part.
   */
  parts(symbol: string): Iterable<readonly Float64Array[]>;
}

/** The segments of a day's frame log; there are none if the feed polls. */
export interface DayFrames {
  /** In time order. */
  names(): Promise<readonly string[]>;
  pathOf(name: string): string;
  facts(name: string): Promise<FileFacts>;
  /**
   * Reads a segment. Disposing of the result may free the memory of its records.
   *
   * @throws FyersError `platform.integrity` if the segment is damaged
   */
  read(name: string): Promise<Iterable<FrameRecord> & Disposable>;
  /**
   * Makes segments of the raw files of a crashed process. Returns a problem for each file that
   * remains.
   */
  recover(): Promise<readonly string[]>;
  /** True if a raw file remains, because it could not be made into a segment. */
  hasRaw(): Promise<boolean>;
  /** Names of the segments that are in the bucket. */
  uploaded(): Promise<readonly string[]>;
  markUploaded(name: string): Promise<void>;
}

/** One day's segments, for upload while the day is recorded. */
export interface DayUploads {
  /** Null if this machine has not asked the bucket yet. */
  state(): Promise<UploadState | null>;
  save(state: UploadState): Promise<void>;
  /**
   * Writes the next segment, with its part of the event log first; null if there is nothing new.
   */
  cut(state: UploadState, to: LogEnds): Promise<UploadSegment | null>;
  /** Removes the local files of a segment that is in the bucket. */
  remove(segment: UploadSegment): Promise<void>;
  pathOf(name: string): string;
  /** Path for a fetched object. */
  placeFor(name: string): Promise<string>;
  /** Puts the fetched files before the day's own logs. */
  takeOver(names: {
    readonly rows: readonly string[];
    readonly events: readonly string[];
  }): Promise<void>;
  forgetFetched(): Promise<void>;
}

export interface Days {
  /** Opens a day's logs, or continues them after a crash. */
  open(date: IstDate): Promise<DayLogs>;
  folder(date: IstDate): DayFolder;
  uploads(date: IstDate): DayUploads;
  /** Renames an empty day folder, so that it is not mistaken for a day. Returns the new path. */
  putAside(date: IstDate): Promise<string>;
  /** Dates that have an event log, oldest first. */
  dates(): Promise<readonly IstDate[]>;
  diskUsedPercent(): Promise<number>;
  /** Removes the oldest uploaded days until disk use is at or below the limit. */
  makeRoom(maxUsedPercent: number): Promise<readonly IstDate[]>;
}

/** Metrics of events and measurements since the last flush. Never throws. */
export interface Metrics {
  measure(name: string, value: number): void;
  flush(): Promise<void>;
}

/** Limits of a call: a timeout in real time and a signal that ends it sooner. */
export interface Bounds {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The broker's list of all traded symbols. Never throws. */
export type SymbolMaster = (
  segment: Segment,
  date: IstDate,
  bounds: Bounds,
) => Promise<{
  /** The newest list up to `date`, or null. */
  readonly file: {
    readonly date: IstDate;
    readonly rows: () => AsyncIterable<MasterRow>;
  } | null;
  /** Why the list is not the one of `date`; null if it is. */
  readonly problem: string | null;
}>;

/** Reads the clocks of the machine. Never throws. */
export type Timepiece = () => TimeReading;

/** A progress display: systemd, or a person at a terminal. Never throws, and is never awaited. */
export interface ProgressListener {
  /** Called after each slot and during each wait, never from a timer. */
  progress(status: Status): void;
  stopping(): void;
}
