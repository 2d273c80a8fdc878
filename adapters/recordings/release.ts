// Frees memory before the garbage collector would. V8 counts the memory of typed arrays that nothing
// uses, and for a loop that unpacks thousands of pages it would collect the whole heap several times a
// second.

/** Node keeps small arrays together in buffers of this size. */
const POOL_BYTES = Buffer.poolSize;

/**
 * Frees the memory of bytes that nothing reads any more. Every other array of the same memory is empty
 * afterwards.
 */
export function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > POOL_BYTES) buffer.transfer(0);
}
