// Keeps the frame log of one day: numbered files in the day's folder. The recorder appends to a
// `.raw` file for a minute and then makes a segment of it: compressed, written, read back and
// compared, and only then is the raw file removed. A crashed process leaves a raw file; its whole
// batches become a segment before the next recording and before compaction. A raw file that cannot
// be compressed, for example on a full disk, is kept and tried again. Names begin with the Indian
// time of the first batch, so that two machines that record parts of one day have different names.
import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { constants, crc32, zstdCompress, zstdDecompress } from 'node:zlib';
import { FyersError, toError } from '../../core/errors.ts';
import type { FileFacts } from '../../core/recording/manifest.ts';
import {
  encodeMark,
  type FrameRecords,
  readFrameLog,
  receivedInstant,
  startFrameBatch,
} from '../../core/stream/frame-log.ts';
import { formatIso, type Instant, instant, type IstDate, timeOfDay } from '../../core/time.ts';
import { damagedFileError, notReadableError } from './open-recording.ts';
import { type Disk, replaceFile, THIS_DISK } from './disk.ts';
import { release } from './unzip.ts';

/** A larger segment is not from a recorder, whose raw files are far smaller. */
const MAX_RAW_BYTES = 256 * 1024 * 1024;
/**
 * Chunks are sized for the usual ratio, so that a segment is unpacked in one piece without a copy.
 */
const USUAL_RATIO = 4;
const MIN_CHUNK_BYTES = 64 * 1024;
/** Higher levels gain a tenth and cost several times the processor time. */
const LEVEL = 3;
const NAME = /^frames-\d{6}-\d{4}\.(raw|bin\.zst)$/;
const SEGMENT = '.bin.zst';
const RAW = '.raw';
const UPLOADED = 'frames-uploaded.json';

/** Returns the second in which the first batch was written; null if the name is not a segment's. */
export function instantOfFrames(name: string, date: IstDate): Instant | null {
  const [, hours, minutes, seconds] = /^frames-(\d\d)(\d\d)(\d\d)-/.exec(name) ?? [];
  return timeOfDay(date, `${hours ?? ''}:${minutes ?? ''}:${seconds ?? ''}`);
}

export type FrameSegments = ReturnType<typeof frameSegments>;

export function frameSegments(folder: string, disk: Disk = THIS_DISK) {
  const pathOf = (name: string): string => path.join(folder, name);
  const filesLike = async (end: string): Promise<readonly string[]> =>
    (await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => []))
      .filter((entry) => entry.isFile() && NAME.test(entry.name) && entry.name.endsWith(end))
      .map(({ name }) => name)
      .sort();
  const uploaded = async (): Promise<readonly string[]> =>
    namesIn(await readFile(pathOf(UPLOADED), 'utf8').catch(() => ''));
  return {
    pathOf,
    /** Complete segments in the order of time. */
    names: () => filesLike(SEGMENT),
    /**
     * Returns a path for a new raw file. It sorts after all others, even if the clock was set back.
     */
    async placeFor(at: Instant): Promise<string> {
      const used = [...(await filesLike(RAW)), ...(await filesLike(SEGMENT))].map((name) =>
        name.slice('frames-'.length).split(/[-.]/),
      );
      const numbers = used.map(([, number = '']) => Number(number));
      const number = String(Math.max(0, ...numbers) + 1).padStart(4, '0');
      const now = formatIso(at).slice(11, 19).replaceAll(':', '');
      const [time] = [now, ...used.map(([earlier = '']) => earlier)].sort().slice(-1);
      return pathOf(`frames-${time ?? now}-${number}${RAW}`);
    },
    /** Whether a raw file could not be made into a segment. */
    hasRaw: async () => (await filesLike(RAW)).length > 0,
    seal: (raw: string, bytes?: number): Promise<void> => seal(raw, bytes, disk),
    /**
     * Makes segments of all raw files. Call it only if no recorder of this day is running.
     *
     * @returns the problem of each raw file that could not be made into a segment; the file is kept
     */
    async recover(): Promise<readonly string[]> {
      const problems: string[] = [];
      for (const name of await filesLike(RAW)) {
        await seal(pathOf(name), undefined, disk).catch((caught: unknown) => {
          problems.push(toError(caught).message);
        });
      }
      return problems;
    },
    /**
     * Reads a segment. Disposing of the result frees the memory of the records' bytes.
     *
     * @throws FyersError `platform.integrity` if the segment is damaged; `platform.disk` if the disk
     * cannot read it
     */
    async read(name: string): Promise<FrameRecords & Disposable> {
      const bytes = await unzip(pathOf(name));
      const { records, problem } = readFrameLog(bytes, crc32);
      if (problem !== null)
        throw damagedFileError(pathOf(name), new Error(`its frames are ${problem}`));
      return disposable(records, bytes);
    },
    async facts(name: string): Promise<FileFacts> {
      const bytes = await readFile(pathOf(name));
      const facts = { name, bytes: bytes.length, sha256: hashOf(bytes) };
      release(bytes);
      return facts;
    },
    uploaded,
    async markUploaded(name: string): Promise<void> {
      await replaceFile(pathOf(UPLOADED), JSON.stringify([...(await uploaded()), name]), disk);
    },
  };
}

/** Makes the records disposable: disposal frees the memory of their bytes. */
function disposable(records: FrameRecords, bytes: Uint8Array): FrameRecords & Disposable {
  let isDisposed = false;
  return {
    count: records.count,
    [Symbol.iterator]() {
      if (isDisposed) throw new RangeError('the records of this segment are disposed of');
      return records[Symbol.iterator]();
    },
    [Symbol.dispose]() {
      isDisposed = true;
      release(bytes);
    },
  };
}

async function seal(raw: string, bytes: number | undefined, disk: Disk): Promise<void> {
  const file = (await readFile(raw)).subarray(0, bytes);
  const { records, wholeBytes, problem } = readFrameLog(file, crc32);
  const isDamaged = problem === 'damaged';
  if (records.count > 0 || isDamaged) {
    const whole = Buffer.concat([
      file.subarray(0, wholeBytes),
      ...(isDamaged ? [lossAfter(records)] : []),
    ]);
    const segment = `${raw.slice(0, -RAW.length)}${SEGMENT}`;
    const packed = await promisify(zstdCompress)(whole, {
      params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    await replaceFile(segment, packed, disk);
    if (!whole.equals(await unzip(segment))) {
      throw new FyersError(
        'platform.integrity',
        `${segment} differs from the frames that were written to it.`,
        `Replace the disk (\`df -h ${path.dirname(raw)}\` names it); the frames stay in ${raw}.`,
      );
    }
  }
  // A torn last batch is left by a crash and is not damage.
  if (problem === null || problem === 'torn') {
    await disk.rm(raw);
    return;
  }
  const kept = `${raw}.damaged`;
  await rename(raw, kept);
  throw new FyersError(
    'platform.integrity',
    `The frames in ${kept} cannot be read after byte ${String(wholeBytes)} (${problem}).`,
    `The frames before it are in the segment. Replace the disk if this repeats (\`df -h ${path.dirname(raw)}\` names it).`,
  );
}

/** A batch with a mark that at least one frame is missing. */
function lossAfter(records: FrameRecords): Uint8Array {
  const last = [...records].at(-1);
  const batch = startFrameBatch(crc32);
  batch.add({
    ...{ kind: 'mark', socket: 0, bytes: encodeMark({ mark: 'lost', frames: 1 }) },
    receivedAt: last === undefined ? instant(0) : receivedInstant(last),
  });
  return batch.take();
}

async function unzip(file: string): Promise<Buffer> {
  const packed = await readFile(file).catch((caught: unknown) => {
    throw notReadableError(file, toError(caught));
  });
  try {
    const bytes = await promisify(zstdDecompress)(packed, {
      chunkSize: Math.min(MAX_RAW_BYTES, Math.max(MIN_CHUNK_BYTES, USUAL_RATIO * packed.length)),
      maxOutputLength: MAX_RAW_BYTES,
    });
    release(packed);
    return bytes;
  } catch (caught) {
    throw damagedFileError(file, toError(caught));
  }
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The list only saves calls: without it, each segment is offered again and found in the bucket. */
function namesIn(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
