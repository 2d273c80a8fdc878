// What the harvester needs of a machine's files and processes; `main.ts` gives it the real ones.
import type { Column, Row, Status } from '../core/recording/columns.ts';
import type { DayEvent } from '../core/recording/day-events.ts';
import type { TimeReading } from '../core/recording/clock-faults.ts';
import type {
  FileFacts,
  LogEnds,
  Manifest,
  Piece,
  PieceState,
} from '../core/recording/manifest.ts';
import type { Observed } from '../core/recording/observed.ts';
import type { RowGroup } from '../core/recording/row-group.ts';
import type { MasterRow, Segment } from '../core/market/symbol-master.ts';
import type { IstDate } from '../core/time.ts';

/** The two append-only logs of one day, open for writing by this process alone. */
export interface DayLogs {
  /** Bytes of torn last lines that opening cut off. */
  readonly cutBytes: number;
  /** Where both logs end on disk; null where the disk has refused one of them. */
  readonly ends: () => LogEnds | null;
  /**
   * One append and fdatasync. replaced: the disk failed and a new file has them.
   * @throws FyersError `platform.disk` when that fails too, or while the event log owes lines; nothing is kept then
   */
  append(rows: readonly Row[]): Promise<'appended' | 'replaced'>;
  /** @throws FyersError `platform.disk`; the lines are kept and go before the next ones */
  record(events: readonly DayEvent[]): Promise<void>;
  close(): Promise<void>;
}

/** One day's files, for reading, compaction and shipping. */
export interface DayFolder {
  events(): Promise<readonly DayEvent[]>;
  /**
   * The rows of the day log in the order of writing, many at a time; null for a line that is not a whole row. A row is
   * good until the next one is asked for.
   */
  rows(): AsyncIterable<Iterable<Observed | null>>;
  /**
   * Writes the Parquet file; every value is read from what was written and compared, and the file then from its end.
   * @throws FyersError `platform.integrity` when what is read is not what was written
   */
  writeParquet(
    columns: readonly Pick<Column, 'name' | 'kind' | 'nullable'>[],
    groups: AsyncIterable<RowGroup>,
  ): Promise<FileFacts>;
  /** Compresses day log and event log, complete or not at all. */
  zipLogs(): Promise<readonly FileFacts[]>;
  /** Writes the lines of the day log that are not whole rows to a file of their own. */
  quarantine(): Promise<FileFacts>;
  /** Null until compaction has ended. */
  manifest(): Promise<Manifest | null>;
  writeManifest(manifest: Manifest): Promise<void>;
  /** The facts of the manifest itself, for shipping it. */
  manifestFacts(): Promise<FileFacts>;
  pathOf(name: string): string;
  /** How shipping ended; null until then. */
  shipped(): Promise<string | null>;
  markShipped(outcome: string): Promise<void>;
}

/** One day's pieces, for shipping while it is recorded. */
export interface DayPieces {
  /** Null: nobody on this machine has asked the bucket yet. */
  state(): Promise<PieceState | null>;
  save(state: PieceState): Promise<void>;
  /** Makes the next piece, with the part of the event log first; null when there is nothing new. */
  cut(state: PieceState, to: LogEnds): Promise<Piece | null>;
  /** Removes the files of a piece that is in the bucket. */
  remove(piece: Piece): Promise<void>;
  pathOf(name: string): string;
  /** Where a fetched object is to be put. */
  placeFor(name: string): Promise<string>;
  /** Puts what was fetched before the day's own logs. */
  takeOver(names: {
    readonly rows: readonly string[];
    readonly events: readonly string[];
  }): Promise<void>;
  forgetFetched(): Promise<void>;
}

export interface Days {
  /** Begins a day's logs, or continues them after a crash. */
  open(date: IstDate): Promise<DayLogs>;
  folder(date: IstDate): DayFolder;
  pieces(date: IstDate): DayPieces;
  /** Renames the folder of a day that holds nothing, so that nobody takes it for a day. Answers its new place. */
  putAside(date: IstDate): Promise<string>;
  /** Dates that have an event log, oldest first. */
  dates(): Promise<readonly IstDate[]>;
  diskUsedPercent(): Promise<number>;
  /** Removes the oldest shipped days until the disk is used no more than that. */
  makeRoom(maxUsedPercent: number): Promise<readonly IstDate[]>;
}

/** What events and measures have moved since the last flush. Never throws. */
export interface Metrics {
  measure(name: string, value: number): void;
  flush(): Promise<void>;
}

/** How long something may take, in real time, and what ends it sooner. */
export interface Bounds {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The broker's list of everything that is traded. Never throws. */
export type SymbolMaster = (
  segment: Segment,
  date: IstDate,
  bounds: Bounds,
) => Promise<{
  /** The newest one until `date`; null: none. */
  readonly file: {
    readonly date: IstDate;
    readonly rows: () => AsyncIterable<MasterRow>;
  } | null;
  /** Why it is not the one of `date`; null when it is. */
  readonly problem: string | null;
}>;

/** Reads the clocks of the machine. Never throws. */
export type Timepiece = () => TimeReading;

/** Somebody who looks on: systemd, or a person at a terminal. Never throws, and is never waited for. */
export interface ProgressListener {
  /** The harvester has got on: a slot is done, or a wait goes on. Never from a timer. */
  progress(status: Status): void;
  stopping(): void;
}
