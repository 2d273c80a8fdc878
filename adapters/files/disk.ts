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

/** @param what cannot be written, such as "The day log in data/days/2026-11-25". */
export function diskFault(what: string, folder: string, caught: unknown): FyersError {
  const cause = toError(caught);
  return new FyersError(
    'platform.disk',
    `${what} cannot be written: ${cause.message}.`,
    `Free space (\`df -h ${folder}\` shows it) or replace the disk; the harvester tries again with every slot.`,
    { cause },
  );
}
