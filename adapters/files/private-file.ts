// A file that only its owner may read, replaced whole: nobody ever sees half of it, or sees it with wider permissions.
import { open, rename, rm } from 'node:fs/promises';
import { FyersError, toError } from '../../core/errors.ts';

/** @throws FyersError `platform.disk`; what was there before is there still */
export async function writePrivateFile(file: string, content: string): Promise<void> {
  // Git ignores it. A crash leaves at most this one, for its owner's eyes, and the next write removes it.
  const partial = `${file}.partial`;
  try {
    await rm(partial, { force: true });
    const handle = await open(partial, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (caught) {
    const cause = toError(caught);
    await rm(partial, { force: true }).catch(() => undefined);
    throw new FyersError(
      'platform.disk',
      `${file} cannot be written: ${cause.message}.`,
      'Look at its folder with `ls -ld`, and repeat the command.',
      { cause },
    );
  }
}
