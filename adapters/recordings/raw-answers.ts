// Stores the broker's raw answers: one compressed file of JSON lines for each start of a day, in
// the day's folder. The file is for diagnosis and not part of the recording: if the process is
// killed, its last lines are lost.
import { type WriteStream, createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { type Gzip, constants, createGzip } from 'node:zlib';
import { toError } from '../../core/errors.ts';
import { type IstDate, formatIso, istDateAt } from '../../core/time.ts';
import type { RawAnswer } from '../fyers/depth-feed.ts';

export interface RawLog extends AsyncDisposable {
  keep(answer: RawAnswer): void;
}

interface Open {
  readonly date: IstDate;
  readonly zip: Gzip;
  readonly file: Promise<WriteStream>;
}

/** @param onFailed called once if the disk refuses a write; nothing else depends on it */
export function rawLog(dataDir: string, onFailed: (problem: string) => void): RawLog {
  let open: Open | null = null;
  let failed = false;
  const reportFailure = (caught: unknown): void => {
    if (!failed) onFailed(toError(caught).message);
    failed = true;
  };
  const begin = (date: IstDate): Open => {
    const zip = createGzip({ flush: constants.Z_SYNC_FLUSH });
    const file = fileFor(path.join(dataDir, 'days', date)).then((name) => {
      const stream = createWriteStream(name, { mode: 0o600 });
      stream.on('error', reportFailure);
      return zip.pipe(stream);
    });
    file.catch(reportFailure);
    return { date, zip, file };
  };
  const close = async (one: Open): Promise<void> => {
    one.zip.end();
    try {
      await finished(await one.file);
    } catch (caught) {
      reportFailure(caught);
    }
  };
  return {
    keep({ slot, receivedAt, ...answer }) {
      if (failed) return;
      const date = istDateAt(slot);
      if (open !== null && open.date !== date) void close(open);
      if (open?.date !== date) open = begin(date);
      const line = { slot: formatIso(slot), receivedAt: formatIso(receivedAt), ...answer };
      open.zip.write(`${JSON.stringify(line)}\n`);
    },
    [Symbol.asyncDispose]: async () => {
      if (open !== null) await close(open);
      open = null;
    },
  };
}

/** `raw-0.jsonl.gz`, or the next number, so that the files of earlier processes stay. */
async function fileFor(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const count = (await readdir(folder)).filter((name) => /^raw-\d+\.jsonl\.gz$/.test(name)).length;
  return path.join(folder, `raw-${String(count)}.jsonl.gz`);
}
