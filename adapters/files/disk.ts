// The file operations that a day's recording rests on, as a value, so that any of them can fail in a test.
import { mkdir, open, rename, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FyersError, toError } from '../../core/errors.ts';

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

/** Rights. */
const BARRED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS']);
/** A file in the place of a folder, or the reverse. */
const MISTAKEN: ReadonlySet<unknown> = new Set(['EEXIST', 'EISDIR', 'ENOTDIR']);
const FAILING: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EIO']);

/** Only the operator can help. */
function isForGood(caught: unknown): boolean {
  return BARRED.has(codeOf(caught)) || MISTAKEN.has(codeOf(caught));
}

function codeOf(caught: unknown): unknown {
  return Reflect.get(toError(caught), 'code');
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
  const code = codeOf(caught);
  if (BARRED.has(code))
    return `Let this user write there (\`ls -ld ${folder}\` shows who may)${then}`;
  return MISTAKEN.has(code)
    ? `Remove what stands in its place (\`ls -ld ${folder}\` shows it)${then}`
    : `Free space (\`df -h ${folder}\` shows it) or replace the disk${then}`;
}

/** What a disk refuses is no fault of ours, whichever operation met it; null for every other error. */
export function diskRefusal(caught: unknown): FyersError | null {
  const error = toError(caught);
  const place: unknown = Reflect.get(error, 'path');
  if (!FAILING.has(codeOf(caught)) && !(isForGood(caught) && typeof place === 'string'))
    return null;
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
