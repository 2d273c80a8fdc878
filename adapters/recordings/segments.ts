// Reads and writes the segments of one day: made from this machine's logs, or fetched for a day
// that another machine started.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import {
  type FileFacts,
  type LogEnds,
  parsePieceState,
  type Piece,
  pieceNames,
  type PieceState,
} from '../../core/recording/manifest.ts';
import { DAY_LOG, EVENT_LOG, type LogFormat } from './segmented-log.ts';
import { type Disk, replaceFile } from './disk.ts';
import { stretchOf } from './lines.ts';
import { unzippedPiece } from './unzip.ts';

const STATE = 'pieces.json';
/**
 * Limit of log text in one segment: after hours without the bucket, the backlog is uploaded in
 * several segments.
 */
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;

/**
 * @param folder the day's folder
 * @param fetched folder for fetched segments until all of them are there
 */
export function dayPieces(folder: string, fetched: string, disk: Disk) {
  const pathOf = (name: string): string => path.join(folder, name);
  const writeGzip = async (name: string, text: Buffer): Promise<FileFacts> => {
    const bytes = await promisify(gzip)(text);
    await replaceFile(pathOf(name), bytes, disk);
    return {
      name,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
  };
  const save = (state: PieceState): Promise<void> =>
    replaceFile(pathOf(STATE), `${JSON.stringify(state)}\n`, disk);
  return {
    pathOf,
    state: async (): Promise<PieceState | null> => {
      const text = await readFile(pathOf(STATE), 'utf8').catch(() => null);
      return text === null ? null : parsePieceState(text);
    },
    save,
    async cut({ next, from }: PieceState, to: LogEnds): Promise<Piece | null> {
      const names = pieceNames(next);
      const range = (log: 'rows' | 'events') => ({
        from: from[log],
        to: to[log],
        most: MAX_SEGMENT_BYTES,
      });
      const rows = await stretchOf(folder, DAY_LOG, range('rows'));
      const events = await stretchOf(folder, EVENT_LOG, range('events'));
      if (rows.text.length + events.text.length === 0) return null;
      const files = [await writeGzip(names.events, events.text)];
      // A day's first segment already has the header, because every file of the log starts with
      // one.
      const header = Buffer.from(rows.text.indexOf(DAY_LOG.header) === 0 ? '' : DAY_LOG.header);
      if (rows.text.length > 0) {
        files.push(await writeGzip(names.rows, Buffer.concat([header, rows.text])));
      }
      return { to: { rows: rows.to, events: events.to }, files };
    },
    async remove({ files }: Piece): Promise<void> {
      for (const { name } of files) await disk.rm(pathOf(name), { force: true });
    },
    async placeFor(name: string): Promise<string> {
      await disk.mkdir(fetched, { recursive: true });
      return path.join(fetched, name);
    },
    async takeOver(names: {
      readonly rows: readonly string[];
      readonly events: readonly string[];
    }) {
      await disk.mkdir(folder, { recursive: true });
      const join = async (log: LogFormat, pieces: readonly string[]): Promise<void> => {
        if (pieces.length === 0) return;
        await replaceFile(pathOf(log.earlier), unzipSegments(fetched, pieces), disk);
      };
      await join(DAY_LOG, names.rows);
      await join(EVENT_LOG, names.events);
    },
    forgetFetched: (): Promise<void> => disk.rm(fetched, { recursive: true, force: true }),
  };
}

/** Unzips one segment at a time: a whole day would be large for a small machine. */
async function* unzipSegments(folder: string, names: readonly string[]): AsyncGenerator<Buffer> {
  for (const name of names) yield unzippedPiece(await readFile(path.join(folder, name)));
}
