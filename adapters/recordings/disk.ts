// Groups the file operations of a recording in an object, so that a test can make any of them fail, and turns disk
// errors into errors with a next step. Refuses links, devices and pipes in a recording that may come from elsewhere: a
// link leads to another file of this machine, and a device or a pipe has no end. Appends to files: each append is
// synced before it counts, and opening removes a last line that a crash left incomplete.
import type { Stats } from 'node:fs';
import {
  lstat,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  statfs,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, FyersError, toError } from '../../core/errors.ts';
import { damagedFileError, notAFileError } from './open-recording.ts';

export interface Disk {
  readonly mkdir: typeof mkdir;
  readonly open: typeof open;
  readonly rename: typeof rename;
  readonly rm: typeof rm;
  readonly writeFile: typeof writeFile;
  /** Total blocks, and the blocks that are free for an ordinary user. */
  readonly space: (folder: string) => Promise<{ readonly blocks: number; readonly bavail: number }>;
}

export const THIS_DISK: Disk = { mkdir, open, rename, rm, writeFile, space: statfs };

/** Atomic: after a crash the file has either the old content or the new one. */
export async function replaceFile(
  file: string,
  content: string | AsyncIterable<Uint8Array> | Uint8Array,
  disk: Disk = THIS_DISK,
): Promise<void> {
  await disk.writeFile(`${file}.partial`, content, { flush: true });
  await disk.rename(`${file}.partial`, file);
  await syncFolder(path.dirname(file), disk);
}

/** Syncs the folder too, because a new file is lost if its folder's entry is. */
async function syncFolder(folder: string, disk: Disk): Promise<void> {
  const handle = await disk.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Cause of a file system error, which determines the next step. rights: the user may not write
 * there, and waiting does not help · place: the name is in use or impossible · space and device:
 * may recover · limit: of this process or machine.
 */
type ErrorCause = 'rights' | 'place' | 'space' | 'device' | 'limit';

const ERROR_CAUSES: Readonly<Record<string, ErrorCause>> = {
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
/** Codes that only a disk causes, even if the error does not name the file. */
const DISK_ERROR_CODES: ReadonlySet<string> = new Set(['EDQUOT', 'EIO', 'ENOSPC', 'EROFS']);

/** Null if the cause is unknown. */
function causeOf(caught: unknown): ErrorCause | null {
  const error = toError(caught);
  const code = errnoOf(error);
  // Node reports this for a folder that it cannot create, mostly on a read-only disk (mkdir with
  // `recursive`).
  if (code === 'ENOENT' && Reflect.get(error, 'syscall') === 'mkdir') return 'rights';
  return ERROR_CAUSES[code] ?? null;
}

/** Whether the error is from the file system, and not from a socket or from starting a program. */
function isFileSystemError(caught: unknown): boolean {
  const error = toError(caught);
  if (DISK_ERROR_CODES.has(errnoOf(error))) return true;
  const [place, syscall] = ['path', 'syscall'].map((name): unknown => Reflect.get(error, name));
  return typeof place === 'string' && !(typeof syscall === 'string' && syscall.startsWith('spawn'));
}

/** Whether only the operator can fix the error. */
function isPermanent(caught: unknown): boolean {
  const trouble = causeOf(caught);
  return trouble !== null && trouble !== 'space' && trouble !== 'device';
}

/** @param what the file that cannot be written, such as "The day log in data/days/2026-11-25" */
export function diskFault(what: string, folder: string, caught: unknown): FyersError {
  return new FyersError(
    'platform.disk',
    `${what} cannot be written: ${toError(caught).message}.`,
    nextStepFor(folder, caught, '; the harvester tries again with every slot.'),
    { cause: caught },
  );
}

/**
 * The next step.
 *
 * @param then the rest of the sentence
 */
function nextStepFor(folder: string, caught: unknown, then: string): string {
  const shown = folder.length > 200 ? '.' : folder;
  switch (causeOf(caught)) {
    case 'rights':
      return `Let this user write there (\`ls -ld ${shown}\` shows who may)${then}`;
    case 'place':
      return `Remove the file or folder in its place (\`ls -ld ${shown}\` shows it), or use a shorter name${then}`;
    case 'limit':
      return `Let this process open more files (\`ulimit -n\` shows how many)${then}`;
    case 'space':
    case 'device':
    case null:
      return `Free space (\`df -h ${shown}\` shows it) or replace the disk${then}`;
  }
}

/**
 * An error for any operation that the disk refuses, because that is not a bug; null for every other
 * error.
 */
export function diskRefusal(caught: unknown): FyersError | null {
  if (causeOf(caught) === null || !isFileSystemError(caught)) return null;
  const error = toError(caught);
  const place: unknown = Reflect.get(error, 'path');
  const folder = typeof place === 'string' ? path.dirname(place) : '.';
  return new FyersError(
    'platform.disk',
    `The disk refuses: ${error.message}.`,
    nextStepFor(folder, caught, ', then repeat the command.'),
    { cause: caught },
  );
}

/**
 * Passes if the disk is full or failing: that may recover, so the harvester continues.
 *
 * @throws FyersError `platform.disk` if this user cannot write into the folder, because the day
 * would get no row
 */
export async function proveWritable(folder: string, disk: Disk = THIS_DISK): Promise<void> {
  const trial = path.join(folder, '.trial');
  try {
    await disk.mkdir(folder, { recursive: true });
    await disk.writeFile(trial, '');
    await disk.rm(trial);
  } catch (caught) {
    if (!isPermanent(caught)) return;
    throw new FyersError(
      'platform.disk',
      `Nothing can be recorded into ${folder}: ${toError(caught).message}.`,
      nextStepFor(folder, caught, ', or name another folder with --data DIR.'),
      { cause: caught },
    );
  }
}

/** Names the type of a file that is not an ordinary one. */
export function kindOf(found: Stats): string {
  if (found.isSymbolicLink()) return 'a link';
  return found.isDirectory() ? 'a folder' : 'a device or a pipe';
}

/**
 * Ignores a missing file: its reader reports it.
 *
 * @throws FyersError `platform.integrity`
 */
export async function refuseLink(file: string): Promise<void> {
  const found = await lstat(file).catch(() => null);
  if (found !== null && !found.isFile()) throw notAFileError(file, kindOf(found));
}

/**
 * The text of an ordinary file; null if it is missing.
 * @throws FyersError `platform.integrity` for one that is too large
 */
export async function plainText(file: string, maxBytes: number): Promise<string | null> {
  const found = await lstat(file).catch((caught: unknown) => {
    if (errnoOf(caught) === 'ENOENT') return null;
    throw caught;
  });
  if (found === null) return null;
  if (!found.isFile()) throw notAFileError(file, kindOf(found));
  if (found.size > maxBytes) {
    throw damagedFileError(file, new Error(`it has more than ${String(maxBytes)} bytes`));
  }
  return readFile(file, 'utf8');
}

export interface AppendFile {
  /** Bytes of an incomplete last line that opening removed. */
  readonly cutBytes: number;
  /** True if the file had no complete line. */
  readonly fresh: boolean;
  /** Bytes that are certainly on disk: complete lines. */
  readonly bytes: () => number;
  /**
   * One write and one fdatasync. If it throws, do not use the file again: the kernel may have
   * dropped the pages.
   */
  append(content: string | Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** @param must "be new": an existing file of that name is an error with code EEXIST */
export async function openAppendFile(
  file: string,
  disk: Disk = THIS_DISK,
  must: 'be any' | 'be new' = 'be any',
): Promise<AppendFile> {
  await disk.mkdir(path.dirname(file), { recursive: true });
  const handle = await disk.open(file, must === 'be new' ? 'ax+' : 'a+');
  try {
    const { size } = await handle.stat();
    const whole = await endOfLastLine(handle, size);
    if (whole < size) await handle.truncate(whole);
    await handle.sync();
    await syncFolder(path.dirname(file), disk);
    let bytes = whole;
    return {
      cutBytes: size - whole,
      fresh: whole === 0,
      bytes: () => bytes,
      append: async (content) => {
        await handle.appendFile(content);
        await handle.datasync();
        bytes += Buffer.byteLength(content);
      },
      close: () => handle.close(),
    };
  } catch (caught) {
    await handle.close().catch(() => undefined);
    throw caught;
  }
}

const BLOCK = 64 * 1024;
const LINE_END = 10;

/** Length of the complete lines in bytes; anything after them is incomplete. */
export async function endOfLastLine(handle: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(BLOCK);
  for (let end = size; end > 0; end -= BLOCK) {
    const from = Math.max(0, end - BLOCK);
    const { bytesRead } = await handle.read(block, 0, end - from, from);
    const at = block.subarray(0, bytesRead).lastIndexOf(LINE_END);
    if (at >= 0) return from + at + 1;
  }
  return 0;
}
