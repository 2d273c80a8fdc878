// Reads the lines of a log's files, and byte ranges of them.
import { open, stat } from 'node:fs/promises';
import type { LogEnd } from '../../core/recording/manifest.ts';
import { type LogFormat, filesOf, partsIn } from './segmented-log.ts';

export interface LogLine {
  readonly text: string;
  /** The file ends within this line, so its last value may be truncated and still be valid. */
  readonly torn: boolean;
}

/** Complete lines of a log, or the bytes after the last one. */
export interface LogBlock {
  /** Valid until the next block. */
  readonly bytes: Buffer;
  readonly torn: boolean;
}

const BLOCK = 256 * 1024;
const MAX_LINE_BYTES = 8 * 1024 * 1024;
export const LINE_END = 0x0a;

/** The content of every file without headers, in blocks of 256 KiB or one longer line. */
export async function* blocksOf(folder: string, names: LogFormat): AsyncGenerator<LogBlock> {
  for (const file of await filesOf(folder, names)) yield* blocksIn(file, Buffer.from(names.header));
}

async function* blocksIn(file: string, header: Buffer): AsyncGenerator<LogBlock> {
  const handle = await open(file);
  try {
    let buffer = Buffer.allocUnsafe(BLOCK);
    let held = 0;
    for (;;) {
      // A line longer than a block. If it is much longer, it is not a line of the log: a crash may
      // leave zeros.
      if (held >= MAX_LINE_BYTES) {
        yield { bytes: buffer.subarray(0, held), torn: true };
        held = 0;
      } else if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
      const { bytesRead } = await handle.read(buffer, held, buffer.length - held);
      const filled = held + bytesRead;
      const end = bytesRead === 0 ? filled : buffer.lastIndexOf(LINE_END, filled - 1) + 1;
      for (const bytes of bytesBetweenHeaders(header, buffer.subarray(0, end))) {
        if (bytes.length > 0) yield { bytes, torn: bytesRead === 0 };
      }
      if (bytesRead === 0) return;
      buffer.copy(buffer, 0, end, filled);
      held = filled - end;
    }
  } finally {
    await handle.close();
  }
}

/** The bytes between the headers: each segment of a log that was taken over has its own header. */
function* bytesBetweenHeaders(header: Buffer, bytes: Buffer): Generator<Buffer> {
  let from = 0;
  if (header.length > 0) {
    for (let at; (at = bytes.indexOf(header, from)) >= 0; from = at + header.length) {
      yield bytes.subarray(from, at);
    }
  }
  yield bytes.subarray(from);
}

/** Every line of every file without headers, in blocks. */
export async function* linesOf(
  folder: string,
  names: LogFormat,
): AsyncGenerator<readonly LogLine[]> {
  for await (const { bytes, torn } of blocksOf(folder, names)) {
    const lines = bytes.toString().split('\n');
    yield lines.filter((text) => text !== '').map((text) => ({ text, torn }));
  }
}

export interface Stretch {
  readonly text: Buffer;
  /** End of the stretch: `to`, or less if the limit was reached. */
  readonly to: LogEnd;
}

/** The bytes of the log's own files between two ends, in complete lines. */
export async function stretchOf(
  folder: string,
  names: LogFormat,
  { from, to, most }: { readonly from: LogEnd; readonly to: LogEnd; readonly most: number },
): Promise<Stretch> {
  const blocks: Buffer[] = [];
  let room = most;
  for (const { part, file } of await partsIn(folder, names)) {
    if (part < from.part || part > to.part) continue;
    const start = part === from.part ? from.bytes : 0;
    const end = part === to.part ? to.bytes : (await stat(file)).size;
    const block = await bytesOf(file, start, Math.min(end, start + room));
    const full = start + block.length < end;
    const whole = full ? block.subarray(0, block.lastIndexOf('\n') + 1) : block;
    blocks.push(whole);
    if (full) return { text: Buffer.concat(blocks), to: { part, bytes: start + whole.length } };
    // A file that the disk failed may end within a line.
    if (part !== to.part && !whole.toString().endsWith('\n')) blocks.push(Buffer.from('\n'));
    room -= whole.length;
  }
  return { text: Buffer.concat(blocks), to };
}

async function bytesOf(file: string, start: number, end: number): Promise<Buffer> {
  const block = Buffer.alloc(Math.max(0, end - start));
  const handle = await open(file);
  try {
    const { bytesRead } = await handle.read(block, 0, block.length, start);
    return block.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
