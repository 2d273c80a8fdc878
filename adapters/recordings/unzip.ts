// Unpacks compressed files with limits, because a malicious small file can unpack to more than the
// machine's memory, or to one endless line. Also frees the memory of unpacked bytes explicitly:
// V8 counts the bytes of unused typed arrays, and during a loop over thousands of pages it would
// collect the whole heap several times a second.
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { PassThrough, type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';

/** A log unpacks to about twenty times its size; gzip reaches a thousand with repetitive data. */
const MAX_RATIO = 100;
/** Any file may unpack to this size, even if it is very small. */
const ALWAYS_BYTES = 64 * 1024 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * The bytes of a file, unpacked if it is a gzip file.
 *
 * @throws Error (in the stream) for a file that is truncated, or that unpacks to too much
 */
export async function unpacked(file: string): Promise<Readable> {
  const isZipped = (await magicOf(file)).subarray(0, 2).equals(GZIP);
  const { size } = await stat(file);
  // Created last: until a pipeline listens to its errors, nothing may be awaited.
  const source = createReadStream(file);
  const bytes = new PassThrough();
  const copied = isZipped
    ? pipeline(source, createGunzip(), limitUnpacked(size), bytes)
    : pipeline(source, bytes);
  // The reader gets the error: it destroys `bytes`.
  copied.catch(() => undefined);
  return bytes;
}

/** The first bytes of a file, which show its type. */
export async function magicOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/**
 * Unpacks a small gzip file in memory: a segment of a log.
 *
 * @throws Error as above
 */
export async function unzipSegment(bytes: Uint8Array): Promise<Buffer> {
  return promisify(gunzip)(bytes, { maxOutputLength: ALWAYS_BYTES });
}

/** Passes on as many bytes as a file of that size may unpack to. */
function limitUnpacked(zippedBytes: number): Transform {
  const most = Math.max(ALWAYS_BYTES, MAX_RATIO * zippedBytes);
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total <= most) done(null, chunk);
      else done(new Error(`it unpacks to more than ${String(most)} bytes`));
    },
  });
}

/** Node keeps small arrays together in buffers of this size. */
const POOL_BYTES = Buffer.poolSize;

/**
 * Frees the memory of bytes that nothing reads any more. Every other array of the same memory is empty
 * afterwards.
 */
export function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > POOL_BYTES) buffer.transfer(0);
}
