// The file operations that a day's recording rests on, as a value, so that any of them can fail in a test.
import type { Stats } from 'node:fs';
import { lstat, mkdir, open, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FyersError, toError } from '../../core/errors.ts';
import { damaged, notAFile } from './open-recording.ts';

export interface Disk {
  readonly mkdir: typeof mkdir;
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
  readonly writeFile: typeof writeFile;
  /** Blocks in all, and those that are free for an ordinary user. */
  readonly space: (folder: string) => Promise<{ readonly blocks: number; readonly bavail: number }>;
}

export const THIS_DISK: Disk = { mkdir, open, rename, rm, writeFile, space: statfs };

/** The file has the old content or the new one, whenever the process ends. */
export async function replaceFile(
  file: string,
  content: string | AsyncIterable<Uint8Array> | Uint8Array,
  disk: Disk = THIS_DISK,
): Promise<void> {
  await disk.writeFile(`${file}.partial`, content, { flush: true });
  await disk.rename(`${file}.partial`, file);
  await syncFolder(path.dirname(file), disk);
}

/** A new file is lost with its folder's entry, so that goes to disk too. */
export async function syncFolder(folder: string, disk: Disk): Promise<void> {
  const handle = await disk.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * What is behind an error of the file system, and so what its reader can do. rights: nobody may write there, and waiting
 * does not change it · place: something else has the name, or the name is not possible · space and device: may come back ·
 * limit: of this process or machine.
 */
type Trouble = 'rights' | 'place' | 'space' | 'device' | 'limit';

const TROUBLES: Readonly<Record<string, Trouble>> = {
  EACCES: 'rights',
  EPERM: 'rights',
  EROFS: 'rights',
  EEXIST: 'place',
  EISDIR: 'place',
  ELOOP: 'place',
  ENAMETOOLONG: 'place',
  ENOTDIR: 'place',
  ENOTEMPTY: 'place',
  EDQUOT: 'space',
  EFBIG: 'space',
  ENOSPC: 'space',
  EBUSY: 'device',
  EIO: 'device',
  ENODEV: 'device',
  ENXIO: 'device',
  ESTALE: 'device',
  ETXTBSY: 'device',
  EMFILE: 'limit',
  ENFILE: 'limit',
};
/** Of these a disk is known to be the cause, even if the error does not name the file. */
const OF_A_DISK: ReadonlySet<string> = new Set(['EDQUOT', 'EIO', 'ENOSPC', 'EROFS']);

/** Of an error of the file system; null when it shows nothing. */
function troubleOf(caught: unknown): Trouble | null {
  const error = toError(caught);
  const code = String(Reflect.get(error, 'code'));
  // What Node gives for a folder that it cannot make, above all on a read-only disk (mkdir with `recursive`).
  if (code === 'ENOENT' && Reflect.get(error, 'syscall') === 'mkdir') return 'rights';
  return TROUBLES[code] ?? null;
}

/** Whether the error is of the file system, and not of a socket or of a program that was to be started. */
function isOfADisk(caught: unknown): boolean {
  const error = toError(caught);
  if (OF_A_DISK.has(String(Reflect.get(error, 'code')))) return true;
  const [place, syscall] = ['path', 'syscall'].map((name): unknown => Reflect.get(error, name));
  return typeof place === 'string' && !(typeof syscall === 'string' && syscall.startsWith('spawn'));
}

/** Only the operator can help. */
function isForGood(caught: unknown): boolean {
  const trouble = troubleOf(caught);
  return trouble !== null && trouble !== 'space' && trouble !== 'device';
}

/** @param what cannot be written, such as "The day log in data/days/2026-11-25". */
export function diskFault(what: string, folder: string, caught: unknown): FyersError {
  return new FyersError(
    'platform.disk',
    `${what} cannot be written: ${toError(caught).message}.`,
    mending(folder, caught, '; the harvester tries again with every slot.'),
    { cause: caught },
  );
}

/** The next step. @param then how it goes on, with the sentence's end */
function mending(folder: string, caught: unknown, then: string): string {
  const shown = folder.length > 200 ? '.' : folder;
  switch (troubleOf(caught)) {
    case 'rights':
      return `Let this user write there (\`ls -ld ${shown}\` shows who may)${then}`;
    case 'place':
      return `Remove what stands in its place (\`ls -ld ${shown}\` shows it), or use a shorter name${then}`;
    case 'limit':
      return `Let this process open more files (\`ulimit -n\` shows how many)${then}`;
    case 'space':
    case 'device':
    case null:
      return `Free space (\`df -h ${shown}\` shows it) or replace the disk${then}`;
  }
}

/** What a disk refuses is not a bug, whichever operation met it; null for every other error. */
export function diskRefusal(caught: unknown): FyersError | null {
  if (troubleOf(caught) === null || !isOfADisk(caught)) return null;
  const error = toError(caught);
  const place: unknown = Reflect.get(error, 'path');
  const folder = typeof place === 'string' ? path.dirname(place) : '.';
  return new FyersError(
    'platform.disk',
    `The disk refuses: ${error.message}.`,
    mending(folder, caught, ', then repeat the command.'),
    { cause: caught },
  );
}

/**
 * A disk that is full or fails may come back: with that, the harvester goes on.
 *
 * @throws FyersError `platform.disk` where nobody may write into the folder, so that a day would have no row
 */
export async function proveWritable(folder: string, disk: Disk = THIS_DISK): Promise<void> {
  const trial = path.join(folder, '.trial');
  try {
    await disk.mkdir(folder, { recursive: true });
    await disk.writeFile(trial, '');
    await disk.rm(trial);
  } catch (caught) {
    if (!isForGood(caught)) return;
    throw new FyersError(
      'platform.disk',
      `Nothing can be recorded into ${folder}: ${toError(caught).message}.`,
      mending(folder, caught, ', or name another folder with --data DIR.'),
      { cause: caught },
    );
  }
}

// Refuses what is not an ordinary file in a recording that may come from elsewhere: a link leads to another file of this
// machine, and a device or a pipe has no end.

/** What a file is that is not an ordinary one. */
export function kindOf(found: Stats): string {
  if (found.isSymbolicLink()) return 'a link';
  return found.isDirectory() ? 'a folder' : 'a device or a pipe';
}

/** Does nothing for a file that is missing: whoever reads it finds that out. @throws FyersError `platform.integrity` */
export async function refuseLink(file: string): Promise<void> {
  const found = await lstat(file).catch(() => null);
  if (found !== null && !found.isFile()) throw notAFile(file, kindOf(found));
}

/** The text of an ordinary file; null when it is missing. @throws FyersError `platform.integrity` for one that is too large */
export async function plainText(file: string, maxBytes: number): Promise<string | null> {
  const found = await lstat(file).catch((caught: unknown) => {
    if (Reflect.get(toError(caught), 'code') === 'ENOENT') return null;
    throw caught;
  });
  if (found === null) return null;
  if (!found.isFile()) throw notAFile(file, kindOf(found));
  if (found.size > maxBytes) {
    throw damaged(file, new Error(`it has more than ${String(maxBytes)} bytes`));
  }
  return readFile(file, 'utf8');
}
