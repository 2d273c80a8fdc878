// The reference's CSV file, as it grows beside the day log. It is a copy: nothing waits for the disk.
import { type FileHandle, open } from 'node:fs/promises';
import { COMPAT_HEADER } from '../../core/depth/compat.ts';

/** More than the longest line. */
const TAIL = 4_096;
const LINE_END = 10;

/** Appends whole lines, under the header; what a crash left of a last line is cut. */
export async function appendCompat(file: string, lines: readonly string[]): Promise<void> {
  const handle = await open(file, 'a+');
  try {
    const whole = await cutTornTail(handle);
    await handle.appendFile([...(whole === 0 ? [COMPAT_HEADER] : []), ...lines, ''].join('\n'));
  } finally {
    await handle.close();
  }
}

/** The bytes that stay. */
async function cutTornTail(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const from = Math.max(0, size - TAIL);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(TAIL), 0, size - from, from);
  const end = buffer.subarray(0, bytesRead).lastIndexOf(LINE_END) + 1;
  const whole = end === 0 ? 0 : from + end;
  if (whole < size) await handle.truncate(whole);
  return whole;
}
