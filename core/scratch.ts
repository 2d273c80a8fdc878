// Keeps memory that is used again, for columns of millions of rows: the collector counts each new
// array of some kilobytes against its limits, and would run for a quarter of the time.

type Numbers = Float64Array | Uint32Array | Int32Array | Uint8Array;

/**
 * Returns a function that gives an array of a length, with the values of earlier calls in it. The array
 * is valid until the next call.
 */
export function scratchMemory<T extends Numbers>(create: (length: number) => T) {
  let memory = create(0);
  return (length: number): T => {
    if (memory.length < length) memory = create(length);
    return memory.subarray(0, length) as T;
  };
}
