// Downloads the public symbol master to the data folder, and falls back to the newest earlier file.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import got, { HTTPError, TimeoutError } from 'got';
import { toError } from '../../core/errors.ts';
import { type MasterRow, type Segment, masterRowOf } from '../../core/market/symbol-master.ts';
import { type IstDate, parseIstDate } from '../../core/time.ts';
import { USER_AGENT } from './http.ts';

export interface SymbolMasterOptions {
  /** Without a trailing slash. */
  readonly masterUrl: string;
  /** Created when needed. */
  readonly folder: string;
  /** Largest accepted file, in bytes. */
  readonly maxBytes?: number;
}

interface MasterFile {
  /** The date of the download. */
  readonly date: IstDate;
  /** Reads the file again at each call, line by line. */
  readonly rows: () => AsyncIterable<MasterRow>;
}

export interface FoundMaster {
  /** Null if there is neither today's file nor an earlier one. */
  readonly file: MasterFile | null;
  /** Why the file is not today's; null if it is. */
  readonly problem: string | null;
}

export interface FetchOptions {
  /** Real time for the whole file. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Four times the size of the larger file in August 2026 (14.5 MB). */
const MAX_BYTES = 60_000_000;
/** One line in a hundred may have an unknown form; more than that means another file format. */
const MAX_BAD_LINE_RATIO = 0.01;
const LINE_END = 10;
const MAX_LINE_LENGTH = 65_536;

/**
 * Downloads each segment once a day. Never throws: a network or disk fault is returned as the
 * problem.
 */
export function symbolMaster(options: SymbolMasterOptions) {
  const { folder } = options;
  return async (segment: Segment, date: IstDate, bounds: FetchOptions): Promise<FoundMaster> => {
    let problem: string | null = null;
    try {
      if (!(await datesOf(folder, segment)).includes(date)) {
        await fetchFile(options, segment, date, bounds);
      }
    } catch (caught) {
      problem = `${segment}.csv: ${failureReason(toError(caught))}`;
    }
    const newest = (await datesOf(folder, segment)).findLast((each) => each <= date);
    if (newest === undefined)
      return { file: null, problem: problem ?? `${segment}.csv was removed` };
    const file = fileOf(folder, segment, newest);
    return { file: { date: newest, rows: () => rowsOf(segment, file) }, problem };
  };
}

/** Writes to a partial file first, and renames it only if it is complete and valid. */
async function fetchFile(
  { masterUrl, folder, maxBytes = MAX_BYTES }: SymbolMasterOptions,
  segment: Segment,
  date: IstDate,
  { timeoutMs, signal }: FetchOptions,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = fileOf(folder, segment, date);
  const partial = `${file}.partial`;
  try {
    const body = got.stream(`${masterUrl}/${segment}.csv`, {
      headers: { 'user-agent': USER_AGENT },
      timeout: { request: timeoutMs },
      retry: { limit: 0 },
      followRedirect: false,
      signal,
    });
    await pipeline(body, limitBytes(maxBytes), createWriteStream(partial, { flush: true }));
    await verifyFile(segment, partial);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  const earlier = (await datesOf(folder, segment)).filter((each) => each < date);
  for (const each of earlier) await rm(fileOf(folder, segment, each), { force: true });
}

function limitBytes(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(new RangeError(`it has more than ${String(maxBytes)} bytes`));
      else done(null, chunk);
    },
  });
}

/** @throws RangeError for an empty file, a web page, another format, a truncated file */
async function verifyFile(segment: Segment, file: string): Promise<void> {
  let [good, bad, isLastGood] = [0, 0, false];
  for await (const line of linesOf(file)) {
    isLastGood = masterRowOf(segment, line) !== null;
    if (isLastGood) good += 1;
    else bad += 1;
  }
  if (good === 0 || bad > (good + bad) * MAX_BAD_LINE_RATIO) {
    throw new RangeError(`${String(bad)} of its ${String(good + bad)} lines are not instruments`);
  }
  if (!isLastGood) throw new RangeError('it ends in the middle of a line');
}

async function* rowsOf(segment: Segment, file: string): AsyncGenerator<MasterRow> {
  for await (const line of linesOf(file)) {
    const row = masterRowOf(segment, line);
    if (row !== null) yield row;
  }
}

/**
 * Decodes each line separately. A line sliced from a decoded block would keep the whole block in
 * memory, and so would every cell kept from it: in the end, the whole file.
 */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const block of createReadStream(file) as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, block]);
    let from = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, from)) {
      const line = bytes.toString('utf8', from, end).trimEnd();
      if (line !== '') yield line;
      from = end + 1;
    }
    rest = bytes.subarray(from);
    if (rest.length > MAX_LINE_LENGTH) throw new RangeError('it has no lines');
  }
  if (rest.length > 0) yield rest.toString();
}

/** Oldest first. */
async function datesOf(folder: string, segment: Segment): Promise<readonly IstDate[]> {
  const names = await readdir(folder).catch(() => []);
  const pattern = new RegExp(`^${segment}-(\\d{4}-\\d\\d-\\d\\d)\\.csv$`);
  return names.flatMap((name) => parseIstDate(pattern.exec(name)?.[1] ?? '') ?? []).sort();
}

function fileOf(folder: string, segment: Segment, date: IstDate): string {
  return path.join(folder, `${segment}-${date}.csv`);
}

function failureReason(error: Error): string {
  if (error instanceof HTTPError) return `answered HTTP ${String(error.response.statusCode)}`;
  return error instanceof TimeoutError ? 'did not arrive in time' : error.message;
}
