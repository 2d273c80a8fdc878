// Refuses what is not an ordinary file in a recording that may come from elsewhere: a link leads to another file of this
// machine, and a device or a pipe has no end.
import type { Stats } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { toError } from '../../core/errors.ts';
import { damaged, notAFile } from './recording-faults.ts';

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
