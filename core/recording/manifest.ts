// Defines a day's manifest and the state of its uploaded segments. The manifest describes the day's objects and coverage. It is
// written last, so if it exists, all other objects are complete. A running day is shipped in numbered segments of its two
// logs; the upload state is kept on this machine's disk and so survives a restart.
import * as z from 'zod/mini';
import type { SessionPlan } from '../market/phases.ts';
import { formatIso, type Instant, type IstDate } from '../time.ts';
import { SCHEMA_VERSION } from './columns.ts';
import type { CoverageSummary } from './coverage.ts';
import type { FieldFaults } from './field-faults.ts';
import { MARKS, type QualitySummary } from './quality.ts';

const counts = {
  expected: z.number(),
  received: z.number(),
  explained: z.number(),
  unexplained: z.number(),
};

/** A name in the day's own folder. A manifest may come from outside and must not point to another file. */
const fileName = z.string().check(z.regex(/^[A-Za-z0-9][\w.-]{0,99}$/));

const file = z.object({ name: fileName, bytes: z.number(), sha256: z.string() });

const frameFile = z.object({
  ...file.shape,
  /** Null if compaction could not read the segment. */
  frames: z.nullable(z.number()),
});

/** The stored frames of a stream. */
const frames = z.object({
  /** Frames in all segments, and their bytes without compression. */
  frames: z.number(),
  bytes: z.number(),
  /** Stored, although the recorder could not read them: truncated, or not of the protocol. */
  badFrames: z.number(),
  /** Received, but not stored. */
  lostFrames: z.number(),
  /** Accepted connections by socket; one more than its reconnections. */
  sockets: z.array(z.object({ name: z.string(), connections: z.number() })),
  files: z.array(frameFile),
});

/** The updates of a stream's books, in the file `updates.parquet`. */
const updates = z.object({
  /**
   * `updates`: messages that changed or repeated a book. `rows`: their levels, and one row for the begin of each gap.
   */
  updates: z.number(),
  rows: z.number(),
  symbols: z.array(
    z.object({
      symbol: z.string(),
      updates: z.number(),
      rows: z.number(),
      /** Seconds: the longest time without a message while the book was sound. */
      maxAge: z.number(),
      /** Gaps until the session's close; the list has the first ones. */
      gaps: z.number(),
      gapList: z.array(
        z.object({ from: z.string(), to: z.nullable(z.string()), reason: z.string() }),
      ),
    }),
  ),
});

const mark = z.enum(MARKS);
/** Rows by mark; omits marks without rows. */
const marks = z.partialRecord(mark, z.number());

/** See `core/recording/quality.ts`. */
const quality = z.object({
  /** True if a symbol has a mark in `red`: check it before you use the day. */
  red: z.boolean(),
  marks,
  symbols: z.array(
    z.object({
      symbol: z.string(),
      rows: z.number(),
      continuousRows: z.number(),
      marks,
      frozenPercent: z.nullable(z.number()),
      red: z.array(mark),
      previousCloseDiffers: z.boolean(),
    }),
  ),
});

const manifest = z.object({
  version: z.literal(SCHEMA_VERSION),
  date: z.string(),
  shard: z.number(),
  session: z.object({
    name: z.string(),
    opensAt: z.string(),
    closesAt: z.string(),
    certainty: z.string(),
    source: z.string(),
  }),
  everySeconds: z.number(),
  /** Symbol × slot. */
  ...counts,
  /** Slots without a row, by reason. */
  holes: z.record(z.string(), z.number()),
  symbols: z.array(z.object({ symbol: z.string(), ...counts })),
  phases: z.array(
    z.object({
      name: z.string(),
      from: z.string(),
      to: z.string(),
      certainty: z.string(),
      ...counts,
    }),
  ),
  /** In the Parquet file. */
  rows: z.number(),
  /** Rows of the day log that compaction left out: a slot's second row, unplanned slots, unreadable lines. */
  leftOut: z.object({ duplicate: z.number(), unplanned: z.number(), malformed: z.number() }),
  firstReceivedAt: z.nullable(z.string()),
  lastReceivedAt: z.nullable(z.string()),
  quality,
  /** Rows without a usable value, by field; absent in manifests of earlier versions. */
  fieldFaults: z.optional(
    z.array(z.object({ field: z.string(), column: z.string(), rows: z.number() })),
  ),
  files: z.array(file),
  /** Absent if the feed polls, and in manifests of earlier versions. */
  frames: z.optional(frames),
  /** Absent in the same cases as `frames`. */
  updates: z.optional(updates),
});

export type FrameFile = z.infer<typeof frameFile>;
export type UpdateFacts = z.infer<typeof updates>;
export type FrameFacts = z.infer<typeof frames>;
export type Manifest = z.infer<typeof manifest>;
export type FileFacts = z.infer<typeof file>;

interface ManifestFacts {
  readonly date: IstDate;
  readonly shard: number;
  readonly session: SessionPlan;
  readonly everySeconds: number;
  readonly coverage: CoverageSummary;
  readonly rows: number;
  readonly leftOut: Manifest['leftOut'];
  readonly firstReceivedAt: Instant | null;
  readonly lastReceivedAt: Instant | null;
  readonly quality: QualitySummary;
  readonly fieldFaults: readonly FieldFaults[];
  readonly files: readonly FileFacts[];
  /** Null if the day has no frames. */
  readonly frames: FrameFacts | null;
  /** Null if the day has no frames. */
  readonly updates: UpdateFacts | null;
}

/** Depends only on the day's data, not on the current time: compacting again gives the same bytes. */
export function manifestOf(facts: ManifestFacts): Manifest {
  const { session, coverage } = facts;
  const { holes, symbols, phases, ...counted } = coverage;
  return {
    version: SCHEMA_VERSION,
    date: facts.date,
    shard: facts.shard,
    session: {
      name: session.name,
      opensAt: formatIso(session.opensAt),
      closesAt: formatIso(session.closesAt),
      certainty: session.certainty,
      source: session.source,
    },
    everySeconds: facts.everySeconds,
    ...counted,
    holes: { ...holes },
    symbols: [...symbols],
    phases: phases.map(({ phase, ...each }) => ({
      name: phase.name,
      from: formatIso(phase.from),
      to: formatIso(phase.to),
      certainty: phase.certainty,
      ...each,
    })),
    rows: facts.rows,
    leftOut: facts.leftOut,
    firstReceivedAt: facts.firstReceivedAt === null ? null : formatIso(facts.firstReceivedAt),
    lastReceivedAt: facts.lastReceivedAt === null ? null : formatIso(facts.lastReceivedAt),
    quality: {
      red: facts.quality.red,
      marks: { ...facts.quality.marks },
      symbols: facts.quality.symbols.map((each) => ({ ...each, red: [...each.red] })),
    },
    fieldFaults: facts.fieldFaults.map((each) => ({ ...each })),
    files: [...facts.files],
    ...(facts.frames === null ? {} : { frames: facts.frames }),
    ...(facts.updates === null ? {} : { updates: facts.updates }),
  };
}

/** Explains an error of {@link parseManifest}, as the end of a sentence. */
export function manifestProblem(caught: unknown): string {
  if (!(caught instanceof z.core.$ZodError)) return 'its manifest is not JSON';
  const path = (caught.issues[0]?.path ?? []).map(String).join('.');
  return path === 'version' || path === ''
    ? 'its manifest is of another version'
    : `the value ${path} of its manifest is invalid`;
}

/** @throws if the text is not a manifest of this version */
export function parseManifest(text: string): Manifest {
  return manifest.parse(JSON.parse(text));
}

const logEnd = z.object({ part: z.number(), bytes: z.number() });
const logEnds = z.object({ rows: logEnd, events: logEnd });

const uploadState = z.object({
  /** The number of the next segment; the first is 1. */
  next: z.number(),
  /** Where in this machine's logs that segment begins. */
  from: logEnds,
  /** Created and perhaps in the bucket, but not confirmed: the same bytes are sent again until they are. */
  pending: z.nullable(z.object({ to: logEnds, files: z.array(file) })),
});

/** The end of a log's complete lines on disk, in the file with that number. */
export type LogEnd = z.infer<typeof logEnd>;
export type LogEnds = z.infer<typeof logEnds>;
export type UploadState = z.infer<typeof uploadState>;
export type UploadSegment = NonNullable<UploadState['pending']>;

const START: LogEnd = { part: 0, bytes: 0 };

/** The state of a machine that has uploaded nothing of the day: its own logs follow the segments of other machines. */
export function firstState(next: number): UploadState {
  return { next, from: { rows: START, events: START }, pending: null };
}

/** Objects of the day's folder, which sort in shipping order. The segment of the event log claims the number. */
export function segmentNames(number: number): { readonly rows: string; readonly events: string } {
  const digits = String(number).padStart(4, '0');
  return { rows: `day-${digits}.csv.gz`, events: `events-${digits}.jsonl.gz` };
}

/** Returns null if the text is not a state. */
export function parseUploadState(text: string): UploadState | null {
  try {
    return uploadState.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
