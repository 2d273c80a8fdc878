// Reads and writes the frame log of a stream: all rows and later corrections are derived from it. A file is a header,
// `[8 bytes "FYFRAMES"][u32 version]`, and then batches: `[u32 payload length][u32 records][u32 CRC32][payload]`. The
// CRC32 covers the eight bytes before it and the payload, so that it also detects a wrong length. A payload is a series
// of records, `[u32 length][f64 received, in microseconds since 1970][u8 socket][bytes]`. All numbers are
// little-endian. The bytes of a record are a frame as it was received or, if the highest bit of the socket is set, a
// mark: JSON that the recorder wrote. A batch counts only as a whole. The reader stops at the first batch that is cut,
// or that differs from its checksum, and reports the place and the reason; it never searches for a later batch.
import * as z from 'zod/mini';
import { type Instant, instant, isInstant } from '../time.ts';
import { parseJson } from '../text.ts';

/** `crc32` of node:zlib: the checksum of the bytes, continued from that of earlier bytes. */
export type Crc32 = (bytes: Uint8Array, earlier?: number) => number;

export interface FrameRecord {
  readonly kind: 'frame' | 'mark';
  /** Microseconds since 1970. */
  readonly receivedAt: number;
  /** 0: HSM, 1 to 3: TBT. */
  readonly socket: number;
  readonly bytes: Uint8Array;
}

const MAGIC = 'FYFRAMES';
const VERSION = 1;
const HEADER_BYTES = MAGIC.length + 4;
const BATCH_HEADER_BYTES = 12;
const CRC_AT = 8;
const RECORD_HEADER_BYTES = 13;
const MARK_BIT = 0x80;
const FIRST_CAPACITY = 64 * 1024;
const MICROSECONDS = 1_000;

/** The first bytes of every file. */
export function frameLogHeader(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes.set(new TextEncoder().encode(MAGIC));
  viewOf(bytes).setUint32(MAGIC.length, VERSION, true);
  return bytes;
}

export interface FrameBatch {
  /** Size of the batch if it were written now; 0 if it has no record. */
  readonly bytes: () => number;
  readonly frames: () => number;
  /** Copies the bytes. */
  add(record: Omit<FrameRecord, 'receivedAt'> & { readonly receivedAt: Instant }): void;
  /** Returns the batch for the file, and starts the next one. */
  take(): Uint8Array;
}

export function startFrameBatch(crc32: Crc32): FrameBatch {
  let buffer = new Uint8Array(FIRST_CAPACITY);
  let view = viewOf(buffer);
  let [end, records, frames] = [BATCH_HEADER_BYTES, 0, 0];
  const reserve = (bytes: number): void => {
    if (end + bytes <= buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * buffer.length, end + bytes));
    larger.set(buffer.subarray(0, end));
    buffer = larger;
    view = viewOf(buffer);
  };
  return {
    bytes: () => (records === 0 ? 0 : end),
    frames: () => frames,
    add({ kind, receivedAt, socket, bytes }) {
      reserve(RECORD_HEADER_BYTES + bytes.length);
      view.setUint32(end, bytes.length, true);
      view.setFloat64(end + 4, receivedAt * MICROSECONDS, true);
      view.setUint8(end + 12, kind === 'mark' ? socket | MARK_BIT : socket);
      buffer.set(bytes, end + RECORD_HEADER_BYTES);
      end += RECORD_HEADER_BYTES + bytes.length;
      records += 1;
      if (kind === 'frame') frames += 1;
    },
    take() {
      const batch = buffer.slice(0, end);
      const head = viewOf(batch);
      head.setUint32(0, end - BATCH_HEADER_BYTES, true);
      head.setUint32(4, records, true);
      head.setUint32(CRC_AT, checksumOf(batch, crc32), true);
      [end, records, frames] = [BATCH_HEADER_BYTES, 0, 0];
      return batch;
    },
  };
}

/**
 * Why a file is not read to its end. header: it is not a frame log · version: a later release wrote it ·
 * torn: the last batch is incomplete · damaged: a batch differs from its checksum.
 */
type FrameLogProblem = 'header' | 'version' | 'torn' | 'damaged';

/** Creates each record when it is read, because all records of a minute at once would burden the garbage collector. */
export interface FrameRecords extends Iterable<FrameRecord> {
  readonly count: number;
}

export interface FrameLog {
  /** The records of every whole batch before the problem; they share the memory of the file. */
  readonly records: FrameRecords;
  /** The position at which the last whole batch ends. */
  readonly wholeBytes: number;
  /** Null if the file ends with a whole batch. */
  readonly problem: FrameLogProblem | null;
}

export function readFrameLog(file: Uint8Array, crc32: Crc32): FrameLog {
  const batches: Uint8Array[] = [];
  let count = 0;
  const stop = (wholeBytes: number, problem: FrameLogProblem | null): FrameLog => ({
    records: { count, [Symbol.iterator]: () => recordsIn(batches) },
    ...{ wholeBytes, problem },
  });
  const header = frameLogHeader();
  if (MAGIC !== new TextDecoder('latin1').decode(file.subarray(0, MAGIC.length))) {
    const isCut = file.length < MAGIC.length && header.subarray(0, file.length).every(sameAs(file));
    return stop(0, isCut ? 'torn' : 'header');
  }
  if (file.length < HEADER_BYTES) return stop(0, 'torn');
  const view = viewOf(file);
  if (view.getUint32(MAGIC.length, true) !== VERSION) return stop(0, 'version');
  for (let at = HEADER_BYTES; at < file.length;) {
    if (at + BATCH_HEADER_BYTES > file.length) return stop(at, 'torn');
    const to = at + BATCH_HEADER_BYTES + view.getUint32(at, true);
    if (to > file.length) return stop(at, 'torn');
    const batch = file.subarray(at, to);
    const found = view.getUint32(at + CRC_AT, true) === checksumOf(batch, crc32);
    const records = found ? countRecords(batch) : null;
    if (records === null) return stop(at, 'damaged');
    batches.push(batch);
    count += records;
    at = to;
  }
  return stop(file.length, null);
}

function sameAs(file: Uint8Array): (byte: number, at: number) => boolean {
  return (byte, at) => byte === file[at];
}

/** Returns null if the records do not fill the batch exactly: another program wrote it. */
function countRecords(batch: Uint8Array): number | null {
  const view = viewOf(batch);
  let [at, count] = [BATCH_HEADER_BYTES, 0];
  while (at + RECORD_HEADER_BYTES <= batch.length) {
    const receivedAt = view.getFloat64(at + 4, true);
    if (!isInstant(Math.floor(receivedAt / MICROSECONDS))) return null;
    at += RECORD_HEADER_BYTES + view.getUint32(at, true);
    count += 1;
  }
  return at === batch.length && count === view.getUint32(4, true) ? count : null;
}

/** @param batches only batches that `countRecords` accepts */
function* recordsIn(batches: readonly Uint8Array[]): Generator<FrameRecord, undefined> {
  for (const batch of batches) {
    const view = viewOf(batch);
    for (let at = BATCH_HEADER_BYTES; at < batch.length;) {
      const from = at + RECORD_HEADER_BYTES;
      const to = from + view.getUint32(at, true);
      const socket = view.getUint8(at + 12);
      yield {
        kind: (socket & MARK_BIT) === 0 ? 'frame' : 'mark',
        receivedAt: view.getFloat64(at + 4, true),
        socket: socket & ~MARK_BIT,
        bytes: batch.subarray(from, to),
      };
      at = to;
    }
  }
}

function checksumOf(batch: Uint8Array, crc32: Crc32): number {
  return crc32(batch.subarray(BATCH_HEADER_BYTES), crc32(batch.subarray(0, CRC_AT)));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The log has microseconds since 1970, a higher precision than the recorder's clock. */
export function instantOf(microseconds: number): Instant {
  return instant(Math.floor(microseconds / MICROSECONDS));
}

export function receivedInstant({ receivedAt }: FrameRecord): Instant {
  return instantOf(receivedAt);
}

const mark = z.discriminatedUnion('mark', [
  /** The stream accepted the connection: its books and topics are empty. */
  z.object({
    mark: z.literal('opened'),
    /** The socket's name in the day's event log. */
    name: z.string(),
    /** For HSM: the part of the login's answer that is needed to read frames. The answer itself is not stored. */
    login: z.optional(
      z.object({
        acknowledgeEvery: z.number(),
        liteCounts: z.nullable(z.record(z.string(), z.nullable(z.number()))),
      }),
    ),
  }),
  z.object({ mark: z.literal('closed') }),
  /** A recorder has started, so every connection of an earlier one has ended. */
  z.object({ mark: z.literal('began') }),
  /** The recorder could not read the last frame of the socket. */
  z.object({ mark: z.literal('bad-frame') }),
  /** Frames of all sockets that are not in the log: the disk refused them, or they were withheld. */
  z.object({ mark: z.literal('lost'), frames: z.number() }),
]);

export type FrameMark = z.infer<typeof mark>;

export function encodeMark(value: FrameMark): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Returns null if the bytes are not a mark, or a mark of a later release. */
export function parseMark(bytes: Uint8Array): FrameMark | null {
  const read = z.safeParse(mark, parseJson(new TextDecoder().decode(bytes)));
  return read.success ? read.data : null;
}
