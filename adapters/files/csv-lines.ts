// The lines of a text file, compressed or not, one at a time.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { PassThrough, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

export interface CsvLine {
  readonly text: string;
  /** The file ends within it, so its last value may be cut short and yet look like one. */
  readonly torn: boolean;
}

/** What Excel and its like put before the first line. */
const BYTE_ORDER_MARK = '\uFEFF';

/** @throws Error for a compressed file that is cut short */
export async function* linesOf(file: string): AsyncGenerator<CsvLine> {
  let rest = '';
  let first = true;
  for await (const chunk of await textOf(file)) {
    const text = String(chunk);
    const marked = first && text.startsWith(BYTE_ORDER_MARK);
    first = false;
    const lines = (rest + (marked ? text.slice(1) : text)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      yield { text: line.endsWith('\r') ? line.slice(0, -1) : line, torn: false };
    }
  }
  if (rest !== '') yield { text: rest, torn: true };
}

/** The first bytes of a file, which tell what it is. */
export async function magicOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

const GZIP = Buffer.from([0x1f, 0x8b]);

async function textOf(file: string): Promise<Readable> {
  const source = createReadStream(file);
  const text = new PassThrough();
  const zipped = (await magicOf(file)).subarray(0, 2).equals(GZIP);
  const copied = zipped ? pipeline(source, createGunzip(), text) : pipeline(source, text);
  // The reader sees the error: it destroys `text`.
  copied.catch(() => undefined);
  return text.setEncoding('utf8');
}
