// Appends lines to a file, or the batches of a new frame log. Each append is synced before it
// counts; opening removes a last line that a crash left incomplete.
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { type Disk, THIS_DISK, syncFolder } from './disk.ts';

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
