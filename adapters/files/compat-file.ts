// The reference's CSV file, as it grows beside the day log. It is a copy: nothing waits for the disk.
import { open } from 'node:fs/promises';
import { COMPAT_HEADER } from '../../core/depth/compat.ts';
import { endOfLastLine } from './append-file.ts';

/** Appends whole lines, under the header; what a crash left of a last line is cut. */
export async function appendCompat(file: string, lines: readonly string[]): Promise<void> {
  const handle = await open(file, 'a+');
  try {
    const { size } = await handle.stat();
    const whole = await endOfLastLine(handle, size);
    if (whole < size) await handle.truncate(whole);
    await handle.appendFile([...(whole === 0 ? [COMPAT_HEADER] : []), ...lines, ''].join('\n'));
  } finally {
    await handle.close();
  }
}
