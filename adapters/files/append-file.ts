// A file that only grows, line by line, each append on disk before it counts; what a crash left of a last line is cut.
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';

export interface AppendFile {
  /** Bytes of a torn last line that opening cut off. */
  readonly cutBytes: number;
  /** True when the file held no whole line. */
  readonly fresh: boolean;
  /** One write and one fdatasync. After it throws, the file must not be used again: the kernel may have dropped the pages. */
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

export type Sync = (handle: FileHandle) => Promise<void>;

/** @param sync fdatasync, unless a test needs a disk that fails. */
export async function openAppendFile(
  file: string,
  sync: Sync = (handle) => handle.datasync(),
): Promise<AppendFile> {
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, 'a+');
  try {
    const { size } = await handle.stat();
    const whole = await endOfLastLine(handle, size);
    if (whole < size) await handle.truncate(whole);
    await handle.sync();
    await syncFolder(path.dirname(file));
    return {
      cutBytes: size - whole,
      fresh: whole === 0,
      append: async (text) => {
        await handle.appendFile(text);
        await sync(handle);
      },
      close: () => handle.close(),
    };
  } catch (caught) {
    await handle.close();
    throw caught;
  }
}

/** A new file is lost with its folder's entry, so that goes to disk too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const BLOCK = 64 * 1024;
const LINE_END = 10;

async function endOfLastLine(handle: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(BLOCK);
  for (let end = size; end > 0; end -= BLOCK) {
    const from = Math.max(0, end - BLOCK);
    const { bytesRead } = await handle.read(block, 0, end - from, from);
    const at = block.subarray(0, bytesRead).lastIndexOf(LINE_END);
    if (at >= 0) return from + at + 1;
  }
  return 0;
}
