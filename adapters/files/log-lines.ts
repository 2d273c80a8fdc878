// The lines of a log's files, and stretches of them by byte.
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { LogEnd } from '../../core/depth/pieces.ts';
import { type PartNames, filesOf, partsIn } from './part-log.ts';

export interface LogLine {
  readonly text: string;
  /** The file ends within it, so its last value may be cut short and yet look like one. */
  readonly torn: boolean;
}

/** Every line of every file, without headers, a block of lines at a time. */
export async function* linesOf(
  folder: string,
  names: PartNames,
): AsyncGenerator<readonly LogLine[]> {
  const header = names.header.trimEnd();
  for (const file of await filesOf(folder, names)) {
    let rest = '';
    for await (const block of createReadStream(file, { encoding: 'utf8' })) {
      const lines = (rest + String(block)).split('\n');
      rest = lines.pop() ?? '';
      yield lines
        .filter((text) => text !== '' && text !== header)
        .map((text) => ({ text, torn: false }));
    }
    if (rest !== '') yield [{ text: rest, torn: true }];
  }
}

export interface Stretch {
  readonly text: Buffer;
  /** Where the stretch ends: `to`, or before it when that would be too much at once. */
  readonly to: LogEnd;
}

/** The bytes of the log's own files between two ends, in whole lines. */
export async function stretchOf(
  folder: string,
  names: PartNames,
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
