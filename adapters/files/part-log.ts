// A log in numbered files: lines go to the last one, and a file that the disk failed is never written again.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { toError } from '../../core/errors.ts';
import type { LogEnd } from '../../core/depth/pieces.ts';
import { type AppendFile, openAppendFile } from './append-file.ts';
import { type Disk, THIS_DISK, diskFault } from './disk.ts';
import { refuseLink } from './plain-file.ts';

/** One kind of log. */
export interface PartNames {
  /** For people, such as "day log". */
  readonly what: string;
  readonly nameOf: (part: number) => string;
  /** Null for the name of anything else. */
  readonly partOf: (name: string) => number | null;
  /** What an earlier harvester of the day, on another machine, had shipped; it is read first. */
  readonly earlier: string;
  /** The first line of each file, with its end; empty for none. */
  readonly header: string;
}

export interface PartLog {
  readonly cutBytes: number;
  /** Null: the disk refused to open the log, and nothing was written since. */
  readonly end: () => LogEnd | null;
  /**
   * replaced: the disk failed, and the text is in a new file.
   * @throws FyersError `platform.disk` when that fails too; the next call begins with another file
   */
  append(text: string): Promise<'appended' | 'replaced'>;
  close(): Promise<void>;
}

export interface Part {
  readonly part: number;
  readonly file: string;
}

/** The log's own files in the order in which they were begun. */
export async function partsIn(folder: string, names: PartNames): Promise<readonly Part[]> {
  return (await readdir(folder))
    .flatMap((name) => {
      const part = names.partOf(name);
      return part === null ? [] : [{ part, file: path.join(folder, name) }];
    })
    .sort((a, b) => a.part - b.part);
}

/** Every file of the log as it is read: what was taken over first. Empty where there is no folder. @throws FyersError for a link or a device */
export async function filesOf(folder: string, names: PartNames): Promise<readonly string[]> {
  const present = await readdir(folder).catch((): string[] => []);
  if (present.length === 0) return [];
  const earlier = present.includes(names.earlier) ? [path.join(folder, names.earlier)] : [];
  const all = [...earlier, ...(await partsIn(folder, names)).map(({ file }) => file)];
  for (const file of all) await refuseLink(file);
  return all;
}

/** Continues the last file of the folder, or begins the first. Where the disk refuses, the first append tries again. */
export async function openPartLog(
  folder: string,
  names: PartNames,
  disk: Disk = THIS_DISK,
): Promise<PartLog> {
  const known = await partsIn(folder, names).catch((): Part[] => []);
  let last = known.at(-1)?.part ?? 0;
  let current = await openPart(path.join(folder, names.nameOf(last)), names, disk).catch(
    () => null,
  );
  let end = current === null ? null : { part: last, bytes: current.bytes() };
  return {
    cutBytes: current?.cutBytes ?? 0,
    end: () => end,
    async append(text) {
      if (current !== null) {
        try {
          await current.append(text);
          end = { part: last, bytes: current.bytes() };
          return 'appended';
        } catch {
          // Closing tells nothing more: what counts was synced.
          await current.close().catch(() => undefined);
          current = null;
        }
      }
      // Not the number of a file that failed: what is left of it may still be there.
      last += 1;
      current = await begin(folder, names, last, text, disk);
      end = { part: last, bytes: current.bytes() };
      return 'replaced';
    },
    async close() {
      await current?.close().catch(() => undefined);
      current = null;
    },
  };
}

async function openPart(
  name: string,
  { header }: PartNames,
  disk: Disk,
  must: 'be any' | 'be new' = 'be any',
): Promise<AppendFile> {
  const file = await openAppendFile(name, disk, must);
  try {
    if (file.fresh && header !== '') await file.append(header);
    return file;
  } catch (caught) {
    await file.close().catch(() => undefined);
    throw caught;
  }
}

/** A new file with that text in it. What fails is removed: nothing in it counts, and a disk that is full stays clean. */
async function begin(
  folder: string,
  names: PartNames,
  part: number,
  text: string,
  disk: Disk,
): Promise<AppendFile> {
  const name = path.join(folder, names.nameOf(part));
  let file: AppendFile | null = null;
  try {
    file = await openPart(name, names, disk, 'be new');
    await file.append(text);
    return file;
  } catch (caught) {
    await file?.close().catch(() => undefined);
    if (Reflect.get(toError(caught), 'code') !== 'EEXIST') {
      await disk.rm(name, { force: true }).catch(() => undefined);
    }
    throw diskFault(`The ${names.what} in ${folder}`, folder, caught);
  }
}
