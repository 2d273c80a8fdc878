// Frees memory before the garbage collector would. V8 counts the memory of typed arrays that nothing
// uses, and for a loop that unpacks thousands of pages it would collect the whole heap several times a
// second.

/**
 * Frees the memory of bytes that nothing reads any more. Every other array of the same memory is empty
 * afterwards.
 */
export function release({ buffer }: Uint8Array): void {
  // Node keeps small arrays together in one buffer of this size.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
}
