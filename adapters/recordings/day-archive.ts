// Reads one day's folder after the close, and writes the files that are made from its logs.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { parseCsvLine } from '../../core/recording/columns.ts';
import {
  type FileFacts,
  type Manifest,
  manifestProblem,
  parseManifest,
} from '../../core/recording/manifest.ts';
import type { Observed } from '../../core/recording/observed.ts';
import type { RowGroup } from '../../core/recording/row-group.ts';
import { DAY_LOG, EVENT_LOG, type LogFormat, readEventLog } from './segmented-log.ts';
import { plainText, replaceFile } from './disk.ts';
import { type LineParser, lineParser } from './line-parser.ts';
import { LINE_END, blocksOf, linesOf } from './lines.ts';
import { type ParquetColumn, writeParquet } from './parquet/parquet.ts';
import { foreign } from './open-recording.ts';

/** `OBJECTS.dayFilePatterns` allows these names in the bucket. */
export const DAY_FILES = {
  parquet: 'depth.parquet',
  dayLog: 'day.log.gz',
  events: 'events.jsonl.gz',
  quarantine: 'quarantine.csv',
  manifest: 'manifest.json',
} as const;

/** A thousand times the size of a day's manifest. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
/** Local file with the outcome of the upload. */
const SHIPPED = 'shipped';

export type DayArchive = ReturnType<typeof dayArchive>;

export function dayArchive(folder: string) {
  const pathOf = (name: string): string => path.join(folder, name);
  const facts = (name: string): Promise<FileFacts> => factsOf(pathOf(name), name);
  return {
    pathOf,
    events: () => readEventLog(folder),
    rows: () => rowsIn(folder),
    async writeParquet(
      columns: readonly ParquetColumn[],
      groups: AsyncIterable<RowGroup>,
    ): Promise<FileFacts> {
      await writeParquet(pathOf(DAY_FILES.parquet), columns, groups);
      return facts(DAY_FILES.parquet);
    },
    async zipLogs(): Promise<readonly FileFacts[]> {
      await zip(textOf(folder, DAY_LOG), pathOf(DAY_FILES.dayLog));
      await zip(textOf(folder, EVENT_LOG), pathOf(DAY_FILES.events));
      return [await facts(DAY_FILES.dayLog), await facts(DAY_FILES.events)];
    },
    async quarantine(): Promise<FileFacts> {
      await replaceFile(pathOf(DAY_FILES.quarantine), unreadableIn(folder));
      return facts(DAY_FILES.quarantine);
    },
    async manifest(): Promise<Manifest | null> {
      const text = await plainText(pathOf(DAY_FILES.manifest), MAX_MANIFEST_BYTES);
      try {
        return text === null ? null : parseManifest(text);
      } catch (caught) {
        throw foreign(folder, manifestProblem(caught));
      }
    },
    writeManifest: (manifest: Manifest): Promise<void> =>
      replaceFile(pathOf(DAY_FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`),
    manifestFacts: () => facts(DAY_FILES.manifest),
    shipped: () => plainText(pathOf(SHIPPED), MAX_MANIFEST_BYTES),
    markShipped: (outcome: string): Promise<void> => replaceFile(pathOf(SHIPPED), outcome),
  };
}

/**
 * The lines for which {@link rowsIn} returns null, in blocks: a damaged log may consist mostly of
 * them.
 */
async function* unreadableIn(folder: string): AsyncGenerator<Buffer> {
  for await (const lines of linesOf(folder, DAY_LOG)) {
    const unreadable = lines.filter(({ text, torn }) => torn || parseCsvLine(text) === null);
    yield Buffer.from(unreadable.map(({ text }) => `${text}\n`).join(''));
  }
}

/** The header once, then every line of every part, complete or not. */
async function* textOf(folder: string, names: LogFormat): AsyncGenerator<Buffer> {
  if (names.header !== '') yield Buffer.from(names.header);
  for await (const { bytes, torn } of blocksOf(folder, names)) {
    yield Buffer.concat(torn ? [bytes, Buffer.from('\n')] : [bytes]);
  }
}

/** Blocks of the day log's rows; null for an incomplete row. A row is valid until the next one. */
async function* rowsIn(folder: string): AsyncGenerator<Iterable<Observed | null>> {
  const parse = lineParser();
  for await (const { bytes, torn } of blocksOf(folder, DAY_LOG)) {
    yield torn ? [null] : rowsOf(bytes, parse);
  }
}

function* rowsOf(bytes: Buffer, parse: LineParser): Generator<Observed | null> {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(LINE_END, from);
    if (end > from) yield parse(bytes, from, end);
    from = end + 1;
  }
}

/** Deterministic: Node writes no time into a gzip header. */
async function zip(source: AsyncIterable<Buffer>, file: string) {
  const partial = `${file}.partial`;
  await pipeline(
    source,
    createGzip({ level: 4, chunkSize: 64 * 1024 }),
    createWriteStream(partial, { flush: true }),
  );
  await rename(partial, file);
}

export async function factsOf(file: string, name: string): Promise<FileFacts> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { name, bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}
