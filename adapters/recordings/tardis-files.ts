// Writes a day's stored frames as Tardis CSV files, one for each symbol and type, in one pass over the frames. No
// incomplete file remains: all are written into a temporary folder, which is removed at a signal too, and are moved out
// of it after the last frame.
import { appendFile, mkdir, mkdtemp, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { nullIfDamaged } from '../../core/errors.ts';
import type { FrameRecord } from '../../core/stream/frame-log.ts';
import {
  startTardis,
  tardisFileName,
  tardisHeader,
  type TardisOptions,
  type TardisRow,
  type TardisType,
  tardisTrade,
} from '../../core/stream/tardis.ts';
import { type BookTopics, type Gap, startUpdates } from '../../core/stream/updates.ts';
import { startVolumeSteps } from '../../core/stream/volume-steps.ts';
import { removeAtEnd } from '../process/stop-signal.ts';
import type { FrameSegments } from './frame-segments.ts';

interface TardisFilesOptions extends TardisOptions {
  readonly segments: {
    readonly names: FrameSegments['names'];
    readonly read: (name: string) => Promise<Iterable<FrameRecord>>;
  };
  /** Needed for HSM only. */
  readonly topics: BookTopics;
  /** Needed for trades only. */
  readonly quoteTopics: ReadonlyMap<string, string>;
  /** The day, for the files' names. */
  readonly date: string;
  readonly folder: string;
  /** @throws if a file of this path must not be replaced; called before any row is written to it */
  readonly onExisting: (file: string) => void;
  readonly onProgress: (progress: TardisProgress) => void;
}

/** Reported before each segment is read. */
interface TardisProgress {
  /** From 1. */
  readonly segment: number;
  readonly segments: number;
  /** Written so far. */
  readonly rows: number;
}

interface TardisFilesWritten {
  readonly files: readonly string[];
  readonly rows: number;
  /** Symbols with a book, whether selected or not. */
  readonly symbols: ReadonlySet<string>;
  readonly gaps: readonly Gap[];
  readonly hasTrades: boolean;
  /** Names of segments that could not be read; each is a gap. */
  readonly damaged: readonly string[];
}

/** Characters of a file that wait for compression: with a thousand files they stay below 64 MB. */
const BLOCK_CHARACTERS = 32 * 1024;
/** A small window, because a file's lines are alike and there may be a thousand files. */
const COMPRESSION = { windowBits: 13, memLevel: 6 };

export async function writeTardisFiles(options: TardisFilesOptions): Promise<TardisFilesWritten> {
  const tardis = startTardis(options);
  await mkdir(options.folder, { recursive: true });
  const partial = await mkdtemp(path.join(options.folder, 'partial-'));
  await using _partial = removeAtEnd(partial, 'folder');
  const files = tardisFiles({ ...options, partial });
  const symbols = new Set<string>();
  const damaged: string[] = [];
  const updates = startUpdates(options.topics);
  const steps = options.types.includes('trades') ? startVolumeSteps(options.quoteTopics) : null;
  const tradesOf = (record: FrameRecord): readonly TardisRow[] =>
    (steps?.apply(record) ?? [])
      .filter(({ symbol, receivedAt }) => options.isSelected(symbol, receivedAt))
      .map((step) => tardisTrade(step, options.exchange));
  const apply = (record: FrameRecord): readonly TardisRow[] => [
    ...tradesOf(record),
    ...updates.apply(record).flatMap((each) => {
      symbols.add(each.symbol);
      return each.kind === 'update' ? tardis.apply(each) : [];
    }),
  ];
  try {
    const names = await options.segments.names();
    for (const [index, name] of names.entries()) {
      options.onProgress({ segment: index + 1, segments: names.length, rows: files.rows() });
      const records = await nullIfDamaged(options.segments.read(name));
      if (records === null) {
        damaged.push(name);
        updates.interrupt();
        steps?.interrupt();
      }
      for (const record of records ?? []) await files.write(apply(record));
    }
    await files.write(tardis.finish());
    const written = await files.complete();
    const hasTrades = files.types().has('trades');
    return {
      hasTrades,
      files: written,
      rows: files.rows(),
      symbols,
      gaps: updates.gaps(),
      damaged,
    };
  } catch (caught) {
    files.abandon();
    throw caught;
  }
}

function tardisFiles({
  folder,
  partial,
  date,
  onExisting,
}: TardisFilesOptions & { readonly partial: string }) {
  const open = new Map<string, OpenFile>();
  const types = new Set<TardisType>();
  let rows = 0;
  const fileOf = async ({ symbol, type }: TardisRow): Promise<OpenFile> => {
    const name = tardisFileName(type, date, symbol);
    const known = open.get(name);
    if (known !== undefined) return known;
    const file = path.join(folder, name);
    if ((await stat(file).catch(() => null)) !== null) onExisting(file);
    const opened = openFile(path.join(partial, name), tardisHeader(type));
    open.set(name, opened);
    types.add(type);
    return opened;
  };
  return {
    rows: () => rows,
    types: (): ReadonlySet<TardisType> => types,
    async write(added: readonly TardisRow[]): Promise<void> {
      for (const row of added) {
        const file = await fileOf(row);
        rows += 1;
        if (file.add(row.text)) await file.flush();
      }
    },
    async complete(): Promise<readonly string[]> {
      for (const file of open.values()) await file.close();
      for (const name of open.keys())
        await rename(path.join(partial, name), path.join(folder, name));
      return [...open.keys()];
    },
    abandon(): void {
      for (const file of open.values()) file.stop();
    },
  };
}

type OpenFile = ReturnType<typeof openFile>;

/**
 * A file is open only while a block is appended to it: a day of thousands of symbols would reach the limit of open
 * files. Its content is still one gzip stream, because some readers stop after the first stream of a file.
 */
function openFile(file: string, header: string) {
  const zip = createGzip(COMPRESSION);
  const packed: Buffer[] = [];
  zip.on('data', (block: Buffer) => packed.push(block));
  let waiting = [header, ''].join('\n');
  const takeWaiting = (): string => {
    const block = waiting;
    waiting = '';
    return block;
  };
  const append = async (): Promise<void> => {
    if (packed.length > 0) await appendFile(file, Buffer.concat(packed.splice(0)));
  };
  return {
    /** Returns whether a block is full. */
    add(line: string): boolean {
      waiting += `${line}\n`;
      return waiting.length >= BLOCK_CHARACTERS;
    },
    async flush(): Promise<void> {
      const block = takeWaiting();
      await new Promise<void>((resolve, reject) => {
        zip.write(block, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
      await append();
    },
    async close(): Promise<void> {
      zip.end(takeWaiting());
      await finished(zip);
      await append();
    },
    stop(): void {
      zip.destroy();
    },
  };
}
